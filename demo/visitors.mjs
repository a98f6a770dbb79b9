// make demo-visitors N=50 SECONDS=60: people who look at the demo site, read, switch tabs, click on and leave.
// Each has an address of its own (X-Forwarded-For, which the demo trusts from this machine) and sends what the tracker in a browser sends.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Site } from './site.mjs';
import { demoDir } from './place.mjs';

const site = new Site( demoDir() );
const home = process.env.SITE_URL || ( site.running && site.url );
const amount = Number( process.env.N || 50 );
const seconds = Number( process.env.SECONDS || 60 );
if ( ! home || ! ( amount > 0 && seconds > 0 ) ) {
	console.error( home ? 'N and SECONDS are numbers above 0' : 'The demo does not run: make demo' );
	process.exit( 1 );
}
const end = Date.now() + seconds * 1000;
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
// Beginnings of addresses of providers in several countries; the rest is made up.
const NETWORKS = [ '2.10', '24.5', '49.37', '73.162', '81.57', '84.160', '86.128', '90.92', '126.74', '176.158', '189.6', '201.6' ];
const REFERRERS = [ '', '', '', 'https://www.google.com/', 'https://duckduckgo.com/', 'https://www.facebook.com/', 'https://news.ycombinator.com/', 'https://mastodon.social/' ];

const pick = ( list ) => list[ Math.floor( Math.random() * list.length ) ];
const between = ( low, high ) => low + Math.random() * ( high - low );
const counts = { here: 0, views: 0, answers: {} };
const count = ( what ) => ( counts.answers[ what ] = ( counts.answers[ what ] ?? 0 ) + 1 );

class Visitor {
	constructor( index ) {
		const [ host1, host2 ] = [ ( index >> 8 ) & 255, index & 255 ];
		const address = index % 8 === 7 ? `2a01:e0a:${ index.toString( 16 ) }:1::${ index.toString( 16 ) }` : `${ NETWORKS[ index % NETWORKS.length ] }.${ host1 }.${ host2 }`;
		this.headers = { 'User-Agent': pick( AGENTS ), 'X-Forwarded-For': address };
		this.referrer = pick( REFERRERS );
	}

	async visit() {
		await pause( between( 0, seconds * 250 ) );
		counts.here++;
		try {
			let path = new URL( home ).pathname;
			for ( let pages = Math.ceil( between( 0, 6 ) ); path && pages > 0 && Date.now() < end; pages-- ) {
				const next = await this.read( path );
				await this.send( [ [ 'l', next && pages > 1 ? 1 : 0 ] ] );
				path = next;
			}
		} finally {
			counts.here--;
		}
	}

	/** Looks at one page until it is read or the time is over. Returns the path of a link found in it. */
	async read( path ) {
		const answer = await fetch( new URL( path, home ), { headers: this.headers } );
		const html = await answer.text();
		const [ , id, collector ] = /\["([0-9a-f]{16})","([^"]+)",[012]\]/.exec( html ) ?? [];
		if ( ! id ) {
			throw new Error( `No tracker in ${ path } (status ${ answer.status })` );
		}
		const title = /<title>([^<]*)/.exec( html )?.[ 1 ].replace( /&#(\d+);/g, ( _, code ) => String.fromCodePoint( code ) ) ?? '';
		Object.assign( this, { id, path, collector: new URL( JSON.parse( `"${ collector }"` ), home ), view: randomBytes( 8 ).toString( 'hex' ), sequence: 0 } );
		await this.send( [ [ 'v', 1, this.referrer, title ] ] );
		counts.views++;
		this.referrer = new URL( path, home ).href;

		const read = Math.min( Date.now() + between( 4_000, 25_000 ), end );
		if ( Math.random() < 0.15 ) {
			// Something in another tab was more interesting for a while.
			await this.stay( Math.min( Date.now() + 3_000, read ) );
			await this.send( [ [ 'h' ] ] );
			await pause( Math.max( 0, Math.min( between( 2_000, 8_000 ), end - Date.now() ) ) );
			await this.send( [ [ 's' ] ] );
		}
		await this.stay( read );
		const links = [ ...html.matchAll( /<a [^>]*href="([^"]+)"/g ) ]
			.map( ( [ , href ] ) => new URL( href, home ) )
			.filter( ( url ) => url.origin === new URL( home ).origin && ! /\/wp-|\/feed\//.test( url.pathname ) && url.pathname !== path );
		return links.length ? pick( links ).pathname : null;
	}

	/** Stays on a visible page, beating as the tracker does. */
	async stay( until ) {
		for ( let left = until - Date.now(); left > 0; left = until - Date.now() ) {
			await pause( Math.min( left, BEAT ) );
			if ( left > BEAT ) {
				await this.send( [ [ 'b' ] ] );
			}
		}
	}

	async send( events ) {
		const body = JSON.stringify( { v: 1, s: this.id, i: this.view, n: this.sequence, u: this.path, e: events } );
		this.sequence += events.length;
		const answer = await fetch( this.collector, { method: 'POST', body, headers: { ...this.headers, 'Content-Type': 'text/plain;charset=UTF-8' } } );
		await answer.arrayBuffer();
		count( `${ answer.status } ${ answer.headers.get( 'x-qahm-realtime' ) ?? '' }`.trim() );
	}
}

const report = setInterval( () => console.log( `${ counts.here } visitors on the site, ${ counts.views } pages viewed` ), 5_000 );
await Promise.all( Array.from( { length: amount }, ( _, index ) => new Visitor( index ).visit().catch( ( error ) => count( error.cause?.message ?? error.message ) ) ) );
clearInterval( report );
console.log( `${ amount } visitors viewed ${ counts.views } pages and left. Answers to their beacons:` );
Object.entries( counts.answers ).forEach( ( [ answer, times ] ) => console.log( `  ${ answer }: ${ times }` ) );
process.exitCode = Object.keys( counts.answers ).every( ( answer ) => answer.startsWith( '204' ) ) ? 0 : 1;
