// People made up: they come from somewhere, read, click, search, fill forms, meet a missing page or an error, and leave.
import { setTimeout as pause } from 'node:timers/promises';
import { Tab } from './visitors-tab.mjs';

const BEAT = 15_000;

const AGENTS = [
	'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
	'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
	'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
	'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
	'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
	'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
	'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
	'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
	'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
	'Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0',
];
const BOTS = [
	'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
	'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
	'curl/8.5.0',
];
// Beginnings of addresses of providers in several countries; the rest is made up.
const NETWORKS = [ '2.10', '24.5', '49.37', '73.162', '81.57', '84.160', '86.128', '90.92', '126.74', '176.158', '189.6', '201.6' ];
/** Referrer, and the query of the first page's address. */
const SOURCES = [
	[ '', '' ], [ '', '' ], [ '', '' ],
	[ 'https://www.google.com/', '' ], [ 'https://www.google.com/', '' ], [ 'https://duckduckgo.com/', '' ],
	[ 'https://www.facebook.com/', '' ], [ 'https://mastodon.social/', '' ], [ 'https://news.ycombinator.com/', '' ],
	[ 'https://chatgpt.com/', '?utm_source=chatgpt.com' ], [ 'https://mail.google.com/', '' ],
	[ '', '?utm_source=newsletter&utm_medium=email&utm_campaign=autumn' ], [ 'https://www.bing.com/', '?utm_source=bing&utm_medium=cpc&utm_campaign=lighthouse' ],
];
const SEARCHES = [ 'tide', 'fog horn', 'soup', 'ferry', 'opening hours', 'submarine', 'volcano' ];
const FORMS = [ 'newsletter', 'contact', 'commentform' ];
const CLICKS = [
	[ 'outbound', 'www.tides.example/today', 'Tide table' ], [ 'outbound', 'www.openstreetmap.org/', 'Map' ], [ 'download', '127.0.0.1/wp-content/uploads/walks.pdf', 'Walks (PDF)' ],
	[ 'button', '', 'Menu' ], [ 'button', '', 'Show more' ], [ 'marked', 'share', 'Share' ],
];
const ERRORS = [
	[ 'TypeError: Cannot read properties of null (reading \'focus\')', '/wp-content/themes/lighthouse/menu.js', 41, 1 ],
	[ 'ReferenceError: lightbox is not defined', '/wp-content/plugins/gallery/lightbox.js', 7, 1 ],
	[ 'Script error.', 'cdn.widgets.example/badge.js', 1, 0 ],
];

const pick = ( list ) => list[ Math.floor( Math.random() * list.length ) ];
const between = ( low, high ) => low + Math.random() * ( high - low );
const chance = ( share ) => Math.random() < share;

export class People {
	/** @param {object} options { amount: how many, seconds: how long } */
	constructor( web, { amount, seconds } ) {
		// Who has less than a minute reads faster, so that there is as much to see.
		Object.assign( this, { web, amount, seconds, pace: Math.min( 1, seconds / 60 ), here: 0, views: 0, answers: new Map(), ends: Infinity } );
	}

	async run() {
		this.ends = Date.now() + this.seconds * 1000;
		await Promise.all( Array.from( { length: this.amount }, ( _, index ) => new Person( this, index ).visit().catch( ( error ) => this.count( error.cause?.message ?? error.message ) ) ) );
	}

	count( answer ) {
		this.answers.set( answer, ( this.answers.get( answer ) ?? 0 ) + 1 );
	}

	get stopped() {
		return Date.now() >= this.ends;
	}

	set stopped( yes ) {
		this.ends = Date.now();
	}

	progress() {
		return `${ this.here } visitors on the site, ${ this.views } pages viewed`;
	}

	summary() {
		return [ `${ this.amount } visitors viewed ${ this.views } pages and left. Answers to their beacons:`, ...[ ...this.answers ].map( ( [ answer, times ] ) => `  ${ answer }: ${ times }` ) ].join( '\n' );
	}

	get well() {
		return [ ...this.answers.keys() ].every( ( answer ) => answer.startsWith( '204' ) );
	}
}

class Person {
	constructor( people, index ) {
		const [ host1, host2 ] = [ ( index >> 8 ) & 255, index & 255 ];
		const address = index % 8 === 7 ? `2a01:e0a:${ index.toString( 16 ) }:1::${ index.toString( 16 ) }` : `${ NETWORKS[ index % NETWORKS.length ] }.${ host1 }.${ host2 }`;
		// One in fifteen is a machine, one in twenty asks not to be tracked.
		this.bot = index % 15 === 14;
		this.headers = { 'User-Agent': pick( this.bot ? BOTS : AGENTS ), 'X-Forwarded-For': address, 'Sec-GPC': index % 20 === 19 ? '1' : '' };
		this.people = people;
		this.web = people.web;
		this.random = Math.random;
		this.count = ( answer ) => people.count( answer );
		[ this.referrer, this.query ] = pick( SOURCES );
	}

	async visit() {
		const { people, web } = this;
		await pause( between( 0, people.seconds * 250 ) );
		people.here++;
		try {
			let path = web.home.pathname + this.query;
			for ( let left = Math.ceil( between( 0, 6 ) ); path && left > 0 && ! people.stopped; left-- ) {
				path = await this.look( path, left > 1 );
			}
			if ( this.bot || chance( 0.02 ) ) {
				await web.post( `${ web.home.pathname }wp-login.php`, { ...this.headers, 'Content-Type': 'application/x-www-form-urlencoded' }, 'log=admin&pwd=guess' );
			}
		} finally {
			people.here--;
		}
	}

	/** Looks at one page until it is read or the time is over. Returns where to go on, null when this was the last one. */
	async look( path, more ) {
		const { people, web } = this;
		const tab = new Tab( this, path );
		const { status, text } = await tab.load( this.referrer );
		const links = linksOf( text, web.home, path );
		if ( this.bot ) {
			// Machines run no script, and ask for what is not there.
			await this.wait( 500 );
			return chance( 0.3 ) ? `${ web.home.pathname }${ pick( [ 'old-page', 'backup', 'phpinfo' ] ) }/` : pick( links )?.path ?? null;
		}
		if ( ! tab.tracker ) {
			throw new Error( `No tracker in ${ path } (status ${ status })` );
		}
		await tab.begin();
		people.views++;
		this.referrer = new URL( path, web.home ).href;
		const read = Math.min( Date.now() + between( 4_000, 25_000 ) * people.pace, people.ends );
		await this.wait( 300 );
		await tab.send( tab.times() );
		for ( const doing of this.plans( tab ) ) {
			await this.stay( tab, Math.min( Date.now() + between( 500, 4_000 ) * people.pace, read ) );
			await doing();
		}
		await this.stay( tab, read );
		const next = more ? this.onwards( links ) : null;
		await tab.leave( next !== null, ...( next ? [ [ 'c', 'link', next.path.split( '?', 1 )[ 0 ], next.label ] ] : [] ) );
		return next?.path ?? null;
	}

	/** What this visitor does on this page beside reading. */
	plans( tab ) {
		const click = () => tab.send( tab.engagement(), [ 'c', ...pick( CLICKS ) ] );
		const hide = async () => {
			// Something in another tab was more interesting for a while.
			const began = performance.now();
			await tab.send( tab.engagement(), [ 'h' ] );
			await this.wait( between( 2_000, 8_000 ) );
			tab.hiddenFor += performance.now() - began;
			await tab.send( [ 's' ] );
		};
		const form = async () => {
			const name = pick( FORMS );
			await tab.send( [ 'f', 'start', name ] );
			await this.wait( between( 2_000, 6_000 ) );
			await tab.send( tab.engagement(), [ 'f', 'active', name ] );
			await this.wait( between( 1_000, 4_000 ) );
			await tab.send( [ 'f', chance( 0.6 ) ? 'submit' : 'abandon', name ] );
		};
		const wished = [
			[ 0.35, click ],
			[ 0.15, hide ],
			[ 0.12, form ],
			[ 0.04, () => tab.send( [ 'x', ...pick( ERRORS ) ] ) ],
			[ 0.1, () => tab.send( [ 'g', pick( [ 'video-played', 'read-to-end', 'goal:Newsletter' ] ), chance( 0.5 ) ? JSON.stringify( { seconds: Math.round( between( 5, 90 ) ) } ) : '' ] ) ],
		];
		return wished.filter( ( [ share ] ) => chance( share ) ).map( ( [ , doing ] ) => doing );
	}

	/** The next page: a link of this one, now and then a search, or one that somebody linked and that is not there. */
	onwards( links ) {
		const { pathname } = this.web.home;
		if ( chance( 0.08 ) ) {
			return { path: `${ pathname }?s=${ encodeURIComponent( pick( SEARCHES ) ) }`, label: 'Search' };
		}
		if ( chance( 0.04 ) ) {
			return { path: `${ pathname }${ pick( [ 'old-map', 'tides-2019', 'boat-trips' ] ) }/`, label: 'An old link' };
		}
		return links.length ? pick( links ) : null;
	}

	/** Stays on a visible page, beating as the tracker does. */
	async stay( tab, until ) {
		for ( let left = until - Date.now(); left > 0; left = until - Date.now() ) {
			await pause( Math.min( left, BEAT ) );
			if ( left > BEAT ) {
				await tab.beat();
			}
		}
	}

	/** Waits at the pace of all, but not beyond the end. */
	wait( milliseconds ) {
		return pause( Math.max( 0, Math.min( milliseconds * this.people.pace, this.people.ends - Date.now() ) ) );
	}
}

/** Links to other pages of the site, with what they say. */
function linksOf( html, home, path ) {
	return [ ...html.matchAll( /<a [^>]*href="([^"]+)"[^>]*>([^<]*)/g ) ]
		.filter( ( [ , href ] ) => URL.canParse( href, home ) )
		.map( ( [ , href, label ] ) => ( { url: new URL( href, home ), label: label.trim().slice( 0, 64 ) } ) )
		.filter( ( { url } ) => url.origin === home.origin && ! /\/wp-|\/feed\//.test( url.pathname ) && url.pathname !== path )
		.map( ( { url, label } ) => ( { path: url.pathname, label } ) );
}
