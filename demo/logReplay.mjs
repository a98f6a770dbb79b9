// make demo-visitors LOG=access.log SPEED=10: the people of an access log look at the demo.
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { SILENCE, entriesOf, readable } from './logEntries.mjs';
import { hostOf, ownHosts } from './logOwn.mjs';
import { Pages } from './visitors-pages.mjs';
import { Tab } from './visitors-tab.mjs';

/** Real ms between two beats, as the tracker's of somebody who does something. */
const BEAT = 15_000;
/** Log time (ms) somebody stays on a page after which nothing follows. */
const STAY = [ 10_000, 60_000 ];
/** Tasks that wait for the demo; a replay that is faster than it is waits, too. */
const BUSY = 256;

export class Replay {
	/**
	 * @param {Web}    web     The demo.
	 * @param {object} options { log: path, speed: times as fast as it was, Infinity: as fast as can be, own: hosts of the logged site, found out if empty }
	 */
	constructor( web, { log, speed, own = [] } ) {
		Object.assign( this, { web, log, speed, stopped: false, tasks: 0, late: 0, time: 0 } );
		this.own = new Set( own.map( ( host ) => hostOf( `http://${ host }` ) ) );
		this.people = new Map();
		this.seen = new Set();
		this.counts = { lines: 0, views: 0, requests: 0, untracked: 0, jumps: 0, skipped: new Map(), answers: new Map(), troubles: new Map() };
	}

	async run() {
		const { counts } = this;
		if ( ! this.own.size ) {
			this.own = await ownHosts( readable( this.log ) );
		}
		this.pages = await Pages.of( this.web );
		const counted = { line: () => counts.lines++, skip: ( reason ) => add( counts.skipped, reason ), jump: () => counts.jumps++ };
		let began;
		for await ( const entry of entriesOf( this.log, counted ) ) {
			began ??= performance.now();
			this.time = entry.time;
			await this.until( began + entry.at / this.speed );
			if ( this.stopped ) {
				break;
			}
			this.start( entry );
		}
		// Who still reads finishes, within the longest stay.
		while ( this.people.size && ! this.stopped ) {
			await pause( 20 );
		}
		await Promise.all( [ ...this.people.values() ].map( ( person ) => person.end() ) );
	}

	/** Waits for a moment (performance.now()), and for the demo if it has more to do than it can. */
	async until( due ) {
		for ( let left = due - performance.now(); left > 0 && ! this.stopped && this.speed < Infinity; left = due - performance.now() ) {
			await pause( Math.min( left, 250 ) );
		}
		while ( this.tasks >= BUSY && ! this.stopped ) {
			await pause( 5 );
		}
		this.late = this.speed < Infinity ? Math.max( 0, performance.now() - due ) : 0;
	}

	start( entry ) {
		this.seen.add( entry.visitor );
		let person = this.people.get( entry.visitor );
		if ( ! person ) {
			person = new Person( this, entry );
			this.people.set( entry.visitor, person );
		}
		person.next( entry );
	}

	/** The address on the demo for a referrer of the log. */
	referrer( { referrer } ) {
		if ( ! this.own.has( hostOf( referrer ) ) ) {
			return { address: /^https?:\/\//i.test( referrer ) ? referrer.replace( /[^\x21-\x7e]/g, '' ) : '', own: false };
		}
		const path = referrer.replace( /^https?:\/\/[^/?#]*/i, '' ) || '/';
		return { address: new URL( this.pages.for( path ), this.web.home ).href, own: true };
	}

	trouble( error ) {
		add( this.counts.troubles, error.cause?.message ?? error.message );
	}

	/** Where the replay is, for a line of progress. */
	progress() {
		const { lines, views, requests, skipped } = this.counts;
		const clock = this.time ? new Date( this.time ).toISOString().slice( 0, 19 ).replace( 'T', ' ' ) : '–';
		const late = this.late > 1000 ? `, ${ ( this.late / 1000 ).toFixed( 0 ) } s late: the demo cannot answer faster` : '';
		return `${ clock } UTC: ${ lines } lines, ${ views } pages, ${ requests } other requests, ${ this.seen.size } visitors, ${ sum( skipped ) } skipped, ${ this.people.size } here${ late }`;
	}

	summary() {
		const { lines, views, requests, untracked, jumps, skipped, answers, troubles } = this.counts;
		const rows = ( title, map ) => ( map.size ? [ title, ...[ ...map ].sort( ( a, b ) => b[ 1 ] - a[ 1 ] ).map( ( [ what, times ] ) => `  ${ what }: ${ times }` ) ] : [] );
		return [
			`${ lines } lines: ${ views } pages viewed and ${ requests } other requests (not found, failed, bots) of ${ this.seen.size } visitors${ untracked ? `; ${ untracked } pages came without tracker` : '' }`,
			this.own.size ? `The log's own site: ${ [ ...this.own ].sort().join( ', ' ) }` : 'The log does not tell its own site (OWN=www.example.org does)',
			...( jumps ? [ `${ jumps } silences of more than ${ SILENCE / 60_000 } minutes shortened (or lines of another time)` ] : [] ),
			...rows( `${ sum( skipped ) } skipped:`, skipped ),
			...rows( 'Answers to the beacons:', answers ),
			...rows( 'Failed:', troubles ),
		].join( '\n' );
	}

	/** Whether every beacon was taken. */
	get well() {
		return ! this.counts.troubles.size && [ ...this.counts.answers.keys() ].every( ( answer ) => answer.startsWith( '204' ) );
	}
}

/** One address with one browser. What it does, it does one after the other. */
class Person {
	constructor( replay, { address, agent, visitor } ) {
		Object.assign( this, { replay, web: replay.web, visitor, waiting: Promise.resolve(), pending: 0, timers: [] } );
		this.headers = { 'User-Agent': agent, 'X-Forwarded-For': isIP( address ) ? address : stand( address ) };
		this.count = ( answer ) => add( replay.counts.answers, answer );
		let state = createHash( 'sha1' ).update( visitor ).digest().readUInt32LE();
		this.random = () => ( state = ( Math.imul( state, 1664525 ) + 1013904223 ) >>> 0 ) / 2 ** 32;
	}

	next( entry ) {
		this.then( () => ( entry.what === 'page' ? this.view( entry ) : this.request( entry ) ) );
	}

	async request( { target, referrer } ) {
		await this.web.get( target, { ...this.headers, Referer: this.replay.referrer( { referrer } ).address } );
		this.replay.counts.requests++;
	}

	async view( { target, referrer, next } ) {
		const { replay } = this;
		const from = replay.referrer( { referrer } );
		const path = replay.pages.for( target );
		const link = this.tab && from.own;
		await this.leave( link, ...( link ? [ [ 'c', 'link', path.split( '?', 1 )[ 0 ], '' ] ] : [] ) );
		const tab = new Tab( this, path );
		await tab.load( from.address );
		if ( ! tab.tracker ) {
			replay.counts.untracked++;
			return;
		}
		await tab.begin( tab.times() );
		replay.counts.views++;
		this.tab = tab;
		this.timers = [ setInterval( () => tab.beat().catch( ( error ) => replay.trouble( error ) ), BEAT ) ];
		if ( next === undefined ) {
			const stay = ( STAY[ 0 ] + this.random() * ( STAY[ 1 ] - STAY[ 0 ] ) ) / replay.speed;
			this.timers.push( setTimeout( () => this.then( () => this.tab === tab && this.leave( false ) ), stay ) );
		}
	}

	async leave( link, ...before ) {
		const { tab } = this;
		this.timers.splice( 0 ).forEach( clearTimeout );
		this.tab = undefined;
		await tab?.leave( link, ...before );
	}

	/** Leaves at once. */
	end() {
		this.then( () => this.leave( false ) );
		return this.waiting;
	}

	then( task ) {
		const { replay } = this;
		replay.tasks++;
		this.pending++;
		this.waiting = this.waiting.then( task ).catch( ( error ) => replay.trouble( error ) ).finally( () => {
			replay.tasks--;
			if ( --this.pending === 0 && ! this.tab && replay.people.get( this.visitor ) === this ) {
				replay.people.delete( this.visitor );
			}
		} );
	}
}

/** An address for a name that a server looked up: of the range for documentation, which is nobody's. */
const stand = ( name ) => `2001:db8:${ createHash( 'sha1' ).update( name ).digest( 'hex' ).slice( 0, 24 ).match( /.{4}/g ).join( ':' ) }`;

const add = ( map, key ) => map.set( key, ( map.get( key ) ?? 0 ) + 1 );
const sum = ( map ) => [ ...map.values() ].reduce( ( all, one ) => all + one, 0 );
