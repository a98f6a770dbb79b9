// Visitors in a hurry: beacons and pages, a few at a time, until told to stop; and what became of each beacon.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
/** More beacons than this a test does not send: a site that is never well again must not fill the disk. */
const MOST = 200_000;

export class Load {
	/** @param {import('./chaotic.mjs').Chaotic} chaotic The site to visit. */
	constructor( chaotic ) {
		this.chaotic = chaotic;
		/** Ids of views: every one that was sent, and those that were answered with "accepted", with the time of the answer. */
		this.sent = new Set();
		this.accepted = new Map();
		/** How often each answer came. */
		this.answers = {};
		/** Pages that were served, whole and quiet. */
		this.pages = 0;
		this.running = [];
		this.stopped = false;
	}

	/** Starts: so many who send beacons, and one who looks at pages. */
	start( senders = 3 ) {
		this.stopped = false;
		this.running = [ ...Array.from( { length: senders }, () => this.repeat( () => this.beacon() ) ), this.repeat( () => this.page() ) ];
		return this;
	}

	async stop() {
		this.stopped = true;
		await Promise.all( this.running );
		this.running = [];
	}

	async repeat( step ) {
		while ( ! this.stopped && this.sent.size < MOST ) {
			// Whoever is refused waits a moment, or a closed port would be asked a hundred thousand times.
			if ( ! await step() ) {
				await pause( 20 );
			}
		}
	}

	/** One view of one visitor. Returns whether it was accepted. */
	async beacon() {
		const view = randomBytes( 8 ).toString( 'hex' );
		const number = this.sent.size;
		this.sent.add( view );
		const body = JSON.stringify( { v: 1, s: this.chaotic.id, i: view, n: 0, u: `/chaos/${ number % 20 }/`, e: [ [ 'v', 1, '', 'Chaos' ] ] } );
		const headers = { 'Content-Type': 'text/plain', 'User-Agent': AGENT, 'X-Forwarded-For': `81.57.${ ( number >> 8 ) & 255 }.${ number & 255 }` };
		const answer = await this.ask( this.chaotic.collector, { method: 'POST', body, headers } );
		const said = answer ? `${ answer.status } ${ answer.headers.get( 'x-qahm-realtime' ) ?? '' }`.trim() : 'nothing';
		this.answers[ said ] = ( this.answers[ said ] ?? 0 ) + 1;
		if ( said !== '204 accepted' ) {
			return false;
		}
		this.accepted.set( view, new Date().toISOString().slice( 17, -1 ) );
		return true;
	}

	/** One page, which must be whole and without a word of PHP's. */
	async page() {
		const answer = await this.ask( this.chaotic.site.url + '/about/', { headers: { 'User-Agent': AGENT } } );
		// While php-fpm is reloaded or stopped nginx has nobody to ask.
		if ( ! answer || [ 502, 504 ].includes( answer.status ) ) {
			return false;
		}
		assert.equal( answer.status, 200 );
		assert.match( answer.text, /<\/html>/ );
		assert.doesNotMatch( answer.text, /\b(Warning|Notice|Deprecated|Fatal error|Parse error)\b.*\bon line\b/ );
		this.pages++;
		return true;
	}

	async ask( url, options ) {
		try {
			const answer = await fetch( url, { ...options, signal: AbortSignal.timeout( 10_000 ) } );
			return { status: answer.status, headers: answer.headers, text: await answer.text() };
		} catch {
			return null;
		}
	}
}
