// What a browser has and Node does not, and rungs that do what a test says.
import { mock } from 'node:test';

/** Everything that is due now has happened. Only timers are mocked: this waits for promises. */
export const settled = async () => {
	for ( let turn = 0; turn < 5; turn++ ) {
		await new Promise( ( done ) => setImmediate( done ) );
	}
};

export const useTimers = () => mock.timers.enable( { apis: [ 'setTimeout', 'setInterval', 'Date' ], now: 1_800_000_000_000 } );

/** Lets time pass in steps, so that what a timer starts can start timers of its own. */
export async function pass( ms, step = 100 ) {
	for ( let left = ms; left > 0; left -= step ) {
		mock.timers.tick( Math.min( step, left ) );
		await settled();
	}
}

/** Storage that a private window may not have. */
export class FakeStorage {
	items = new Map();
	getItem = ( key ) => this.items.get( key ) ?? null;
	setItem = ( key, value ) => void this.items.set( key, value );
}

/** Web Locks: exclusive, first come, first served, unless somebody steals. */
export class FakeLocks {
	held = null;
	queue = [];

	request( name, { signal, steal }, run ) {
		return new Promise( ( done, failed ) => {
			const entry = { run, done, failed };
			if ( steal ) {
				const robbed = this.held;
				this.hold( entry );
				robbed?.failed( new DOMException( 'stolen', 'AbortError' ) );
				return;
			}
			this.queue.push( entry );
			signal.addEventListener( 'abort', () => {
				if ( this.queue.includes( entry ) ) {
					this.queue.splice( this.queue.indexOf( entry ), 1 );
					failed( signal.reason );
				}
			} );
			void Promise.resolve().then( () => this.next() );
		} );
	}

	hold( entry ) {
		this.held = entry;
		void entry.run().then( () => {
			entry.done();
			if ( this.held === entry ) {
				this.held = null;
				this.next();
			}
		} );
	}

	next() {
		if ( ! this.held && this.queue.length ) {
			this.hold( this.queue.shift() );
		}
	}
}

/** BroadcastChannel: to all others of the same name, as a copy, a moment later. */
export class FakeBroadcastChannel {
	static all = new Set();
	onmessage = null;

	constructor( name ) {
		this.name = name;
		FakeBroadcastChannel.all.add( this );
	}

	postMessage( data ) {
		const copy = structuredClone( data );
		for ( const other of FakeBroadcastChannel.all ) {
			if ( other !== this && other.name === this.name ) {
				void Promise.resolve().then( () => FakeBroadcastChannel.all.has( other ) && other.onmessage?.( { data: structuredClone( copy ) } ) );
			}
		}
	}

	close() {
		FakeBroadcastChannel.all.delete( this );
	}
}

/** A rung whose connections the test opens, feeds and closes. */
export class FakeRung {
	/** All connections that were tried. */
	tried = [];

	/** @param plan Called with each connection: what becomes of it. */
	constructor( name, plan = () => undefined, patience = 2000 ) {
		Object.assign( this, { name, plan, patience } );
	}

	get last() {
		return this.tried.at( -1 );
	}

	open( wish, sink ) {
		const connection = {
			sink,
			at: Date.now(),
			wished: wish(),
			commands: [],
			isClosed: false,
			ack: { ok: true },
			do: async ( command ) => {
				connection.commands.push( command );
				return connection.ack;
			},
			close: () => {
				connection.isClosed = true;
			},
		};
		this.tried.push( connection );
		void Promise.resolve().then( () => this.plan( connection ) );
		return connection;
	}
}

/** A token's text with these times in Unix seconds, as the server makes it. */
export function tokenOf( expires, chain, user = 1 ) {
	const payload = Buffer.alloc( 33 );
	payload[ 0 ] = 1;
	payload.writeBigUInt64LE( 7n, 1 );
	payload.writeBigUInt64LE( BigInt( user ), 9 );
	payload.writeBigUInt64LE( BigInt( expires ), 17 );
	payload.writeBigUInt64LE( BigInt( chain ), 25 );
	return `v1.${ Buffer.concat( [ payload, Buffer.from( 'https://example.org' ) ] ).toString( 'base64url' ) }.signature`;
}
