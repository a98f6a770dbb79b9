// Dashboards that are watched from outside: programs after the documentation, and pages with the plugin's client.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { launchWithTabs } from '../browser/browser.mjs';
import { Cable } from './cable.mjs';
import { clientPage } from './client.mjs';
import { Feed, fingerprint } from './reading.mjs';
import { SITE, TOPICS } from './site.mjs';

/** Milliseconds between two questions of a client that has lost its server; it asks every second otherwise. */
const PAUSE = 2500;

/** What one dashboard told. */
class Watched {
	/** Topic => where it is. */
	at = {};
	/** Marks of the events it read, in their order. */
	marks = [];
	holes = [];
	problems = [];
	gaps = 0;
	refused = [];
	/** When its last connection was opened, in ms since 1970; 0: never, for it has none but asks again and again. */
	connected = 0;

	/** @param {string} name  Which one it is. @param {object} states Those that anybody came to. */
	constructor( name, states ) {
		Object.assign( this, { name, states } );
	}

	hear( { topic, at, hash, text, row, mark, hole, problem, gap, refused, connected } ) {
		if ( topic ) {
			this.at[ topic ] = at;
			this.states.note( this.name, topic, at, { hash, text } );
		}
		if ( row ) {
			this.marks.push( mark );
			if ( hole ) {
				this.holes.push( `${ row } ${ mark }` );
			}
		}
		if ( problem ) {
			this.problems.push( problem );
		}
		this.gaps += gap ? 1 : 0;
		if ( refused ) {
			this.refused.push( refused );
		}
		if ( connected ) {
			this.connected = Date.now();
		}
	}
}

/** One that was written after the documentation: dashboard.mjs, a process of its own. */
export class Program extends Watched {
	constructor( rung, token, states ) {
		super( `program ${ rung }`, states );
		this.child = spawn( process.execPath, [ new URL( 'dashboard.mjs', import.meta.url ).pathname, rung, token ], { stdio: [ 'pipe', 'pipe', 'inherit' ] } );
		this.exited = new Promise( ( done ) => this.child.on( 'exit', done ) );
		createInterface( { input: this.child.stdout } ).on( 'line', ( line ) => this.hear( JSON.parse( line ) ) );
	}

	async start() {}

	drop() {
		this.child.stdin.write( 'drop\n' );
	}

	stop() {
		this.child.kill( 'SIGSTOP' );
	}

	go() {
		this.child.kill( 'SIGCONT' );
	}

	async close() {
		this.go();
		this.child.stdin.end();
		await this.exited;
	}
}

/** One with the plugin's client in a browser of its own, behind a cable of its own. */
export class Page extends Watched {
	#feed = new Feed();
	#polled = 0;
	/** Rungs it was on, in their order. */
	rungs = [];
	/** Of the browser. */
	processes = [];

	/** @param {string} prefix Path of the channel, in front of which stands what makes the client settle on this rung. */
	constructor( rung, prefix, states ) {
		super( `page ${ rung }`, states );
		Object.assign( this, { rung, prefix } );
	}

	/** Resolves when the client was told to connect. */
	start() {
		this.starting = this.#start();
		return this.starting;
	}

	async #start() {
		const { hostname, port } = new URL( SITE );
		this.cable = await Cable.lay( port );
		this.browser = await launchWithTabs( `--host-resolver-rules=MAP ${ hostname }:${ port } 127.0.0.1:${ this.cable.port }` );
		const { context } = this.browser;
		const session = await context.browser().newBrowserCDPSession();
		const { page, config } = await clientPage( context );
		page.on( 'websocket', ( socket ) => socket.on( 'framereceived', ( { payload } ) => String( payload ).startsWith( '42["hello"' ) && this.hear( { connected: true } ) ) );
		page.on( 'response', ( answer ) => answer.ok() && this.#answered( answer.url() ) );
		await page.exposeFunction( 'tell', ( said ) => this.#told( JSON.parse( said ) ) );
		await page.evaluate( async ( { script, ...given } ) => {
			const { connect } = await import( script );
			const channel = connect( given );
			channel.on( 'status', ( status ) => window.tell( JSON.stringify( { status } ) ) );
			// Counters that were read while the engine was away have no number.
			given.topics.forEach( ( topic ) => channel.on( topic, ( state, { e, s } ) => e === null || window.tell( JSON.stringify( { topic, at: `${ e }.${ s }`, state } ) ) ) );
		}, { ...config, prefix: this.prefix, topics: TOPICS } );
		this.processes = ( await session.send( 'SystemInfo.getProcessInfo' ) ).processInfo.map( ( { id } ) => id );
		assert.ok( this.processes.length > 1, 'a browser and its renderer' );
	}

	/** A stream is a connection, and so is the first answer to somebody who asks every second, and has not for a while. */
	#answered( url ) {
		if ( url.includes( '/events?' ) ) {
			this.hear( { connected: true } );
		} else if ( url.includes( 'what=poll' ) ) {
			if ( Date.now() - this.#polled > PAUSE ) {
				this.hear( { connected: true } );
			}
			this.#polled = Date.now();
		}
	}

	#told( { status, topic, at, state } ) {
		if ( status ) {
			if ( status.rung && status.rung !== this.rungs.at( -1 ) ) {
				this.rungs.push( status.rung );
			}
			Object.values( status.reasons ).forEach( ( reason ) => this.refused.at( -1 ) === reason || this.refused.push( reason ) );
			return;
		}
		this.hear( { topic, at, ...fingerprint( state ) } );
		if ( topic === 'events' ) {
			const ids = state.events.map( ( { id } ) => id );
			if ( ids.some( ( id, n ) => n > 0 && id !== ids[ n - 1 ] - 1 ) ) {
				this.hear( { problem: `rows ${ ids }` } );
			}
			this.#feed.read( [ ...state.events ].reverse() ).forEach( ( row ) => this.hear( row ) );
		}
	}

	drop() {
		this.cable.cut();
	}

	/** All of it, as on a machine that was put to sleep. */
	stop() {
		this.#signal( 'SIGSTOP' );
	}

	go() {
		this.#signal( 'SIGCONT' );
	}

	#signal( name ) {
		for ( const pid of this.processes ) {
			try {
				process.kill( pid, name );
			} catch {
				// A helper of the browser that is no longer needed.
			}
		}
	}

	async close() {
		await this.starting?.catch( () => {} );
		this.go();
		await this.browser?.close();
		await this.cable?.remove();
	}
}
