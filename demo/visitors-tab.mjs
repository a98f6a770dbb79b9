// A page open in somebody's browser, and what the tracker in it sends. As there, beacons of a view leave one after the other.
import { randomBytes } from 'node:crypto';
import { trackerOf } from './visitors-tracker.mjs';

export class Tab {
	/**
	 * @param {object} person { web, headers, random: () => [0, 1), count( what ): told each answer to a beacon }
	 * @param {string} path   Path and query on the demo.
	 */
	constructor( person, path ) {
		Object.assign( this, { person, path, view: randomBytes( 8 ).toString( 'hex' ), sequence: 0, scroll: 0, hiddenFor: 0, last: Promise.resolve() } );
	}

	/** Asks for the page. The answer; `this.tracker` is undefined if it has none. */
	async load( referrer ) {
		const { web, headers } = this.person;
		this.answer = await web.get( this.path, { ...headers, Referer: referrer } );
		this.began = performance.now();
		this.referrer = referrer.slice( 0, 300 );
		this.tracker = trackerOf( this.answer.text );
		/** Of this visitor's network and machine, on this page. */
		this.slow = 0.6 + this.person.random() ** 3 * 4;
		return this.answer;
	}

	/** The view begins, in front of its visitor; `then`: what goes with it in the same beacon. */
	async begin( ...then ) {
		const { title, meta } = this.tracker;
		await this.send( [ 'v', 1, this.referrer, title, 0, meta ], ...then );
	}

	/** Navigation timing, as far as it is known after the load event. The first byte is measured, the rest made up: there is no screen. */
	times() {
		const first = Math.round( this.answer.first * this.slow );
		const paint = first + Math.round( 120 * this.slow );
		return [ 't', paint + Math.round( 350 * this.slow ), first, paint, null, null, null ];
	}

	/** Web vitals, known when the page is hidden or left. */
	vitals() {
		const { random } = this.person;
		const first = this.answer.first * this.slow;
		return [ 't', null, null, null, Math.round( first + 420 * this.slow ), random() < 0.6 ? Math.round( 24 + random() ** 4 * 500 ) : null, Math.round( random() ** 4 * 250 ) ];
	}

	/** Engagement so far. Reading on, people get further down. */
	engagement() {
		const seconds = ( performance.now() - this.began - this.hiddenFor ) / 1000;
		this.scroll = Math.min( 100, Math.max( this.scroll, Math.round( 20 + seconds * 3 + this.person.random() * 45 ) ) );
		return [ 'e', Math.max( 0, Math.floor( seconds * 0.9 ) ), this.scroll, 1 ];
	}

	beat() {
		return this.send( this.engagement(), [ 'b' ] );
	}

	/** The page is left, by a link of the site or not; `before`: what happened just before. */
	leave( link, ...before ) {
		return this.send( ...before, this.vitals(), this.engagement(), [ 'l', link ? 1 : 0 ] );
	}

	/** Sends events in one beacon, after those that are on their way. */
	send( ...events ) {
		this.last = this.last.then( () => this.sendNow( events ) );
		return this.last;
	}

	async sendNow( events ) {
		const { web, headers, count } = this.person;
		const { site, collector } = this.tracker;
		const body = JSON.stringify( { v: 1, s: site, i: this.view, n: this.sequence, u: this.path.slice( 0, 1024 ), w: 0, e: events } );
		this.sequence += events.length;
		const { status, headers: said } = await web.post( collector, { ...headers, Referer: new URL( this.path, web.home ).href }, body );
		count( `${ status } ${ said[ 'x-qahm-realtime' ] ?? '' }`.trim() );
	}
}
