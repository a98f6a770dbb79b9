/** The first rung: Socket.IO over WebSocket. When to come back is decided by the ladder, not by socket.io-client. */

import type { io as Io, Socket } from 'socket.io-client';
import { isObject, isStale, toAck, toBeat, toHello, toMessage, type Ack, type Command } from './message';
import { unpack, unpacks } from './packed';
import type { Connection, Rung, Sink, Wish } from './rung';
import type { Token } from './token';
import { denial, ending, Over, Trouble, UNREACHED } from './trouble';

const ACK = 5000; // ms until a command counts as lost

/** Loads socket.io-client. */
export type Loader = () => Promise< { readonly io: typeof Io } >;

export class WebSocketRung implements Rung {
	public readonly name = 'websocket';
	public readonly patience = 2000;

	/** @param prefix Path that the web server hands to the engine, with a slash at its end. */
	public constructor(
		private readonly prefix: string,
		private readonly token: Token,
		private readonly load: Loader
	) {}

	public open( wish: () => Wish, sink: Sink ): Connection {
		const session = new Session( sink );
		void session.start( this.prefix, this.token, this.load, wish );
		return session;
	}
}

class Session implements Connection {
	private socket: Socket | null = null;
	private isClosed = false;
	/** What came while something packed was being unpacked waits for it: the order counts. */
	private unpacking: Promise< void > | null = null;
	private bye: number | null = null;
	/** Name of the filter that was asked for. */
	private filter = '';
	/** What the engine said before it hung up. */
	private problem: Trouble | Over | null = null;

	public constructor( private readonly sink: Sink ) {}

	public async start( prefix: string, token: Token, load: Loader, wish: () => Wish ): Promise< void > {
		try {
			if ( typeof WebSocket === 'undefined' ) {
				throw new Trouble( 'no WebSocket' );
			}
			const [ { io }, value ] = await Promise.all( [ load(), token.get() ] );
			if ( ! this.isClosed ) {
				const { topics, filter, name, position } = wish();
				this.filter = name;
				this.listen(
					io( location.origin, {
						path: `${ prefix }socket.io/`,
						transports: [ 'websocket' ],
						reconnection: false,
						forceNew: true,
						auth: { token: value, topics, ...( name === '' ? {} : { filter } ), ...( position === null ? {} : { resume: position } ), packed: unpacks() },
					} )
				);
			}
		} catch ( error ) {
			this.end( error instanceof Over ? error : Trouble.from( error ) );
		}
	}

	public async do( command: Command ): Promise< Ack > {
		try {
			const began = Date.now();
			const ack: unknown = await this.socket?.timeout( ACK ).emitWithAck( 'do', command );
			this.sink.latency( Date.now() - began );
			return toAck( ack );
		} catch {
			return { ok: false, code: 'offline' };
		}
	}

	public close(): void {
		this.isClosed = true;
		this.socket?.disconnect();
	}

	private listen( socket: Socket ): void {
		const began = Date.now();
		this.socket = socket;
		socket.on( 'hello', ( value: unknown ) => {
			this.sink.latency( Date.now() - began );
			this.sink.open( toHello( value ) );
		} );
		socket.on( 'beat', ( value: unknown ) => this.inTurn( () => this.sink.beat( toBeat( value ), isStale( value ) ) ) );
		socket.on( 'bye', ( value: unknown ) => {
			this.bye = isObject( value ) ? Number( value[ 'after' ] ) || 0 : 0;
		} );
		socket.on( 'problem', ( value: unknown ) => this.note( () => ending( isObject( value ) ? String( value[ 'code' ] ) : 'problem' ) ) );
		socket.on( 'connect_error', ( error: Error ) => {
			// The way is broken or the server busy, which browsers do not tell apart, or the engine gives its reason.
			if ( 'type' in error && error.type === 'TransportError' ) {
				this.end( new Trouble( UNREACHED ) );
			} else {
				this.note( () => denial( error.message, this.filter ) );
				this.end( this.problem ?? new Trouble( error.message ) );
			}
		} );
		socket.on( 'disconnect', ( reason ) => this.end( this.problem ?? new Trouble( reason, 'broken', this.bye ) ) );
		socket.onAny( ( event: string, value: unknown ) => {
			if ( /:(put|patch)$/.test( event ) ) {
				this.inTurn( () => this.take( value ) );
			} else if ( event.endsWith( ':packed' ) ) {
				this.inTurn( async () => this.take( await unpack( value as ArrayBuffer ) ) );
			}
		} );
	}

	private take( value: unknown ): void {
		const message = toMessage( value );
		if ( message !== null && ! this.isClosed ) {
			this.sink.message( message );
		}
	}

	/** At once when nothing is being unpacked. */
	private inTurn( what: () => void | Promise< void > ): void {
		const before = this.unpacking;
		const result = before === null ? what() : before.then( () => ( this.isClosed ? undefined : what() ) );
		if ( result === undefined ) {
			return;
		}
		const now: Promise< void > = result
			.catch( () => this.end( new Trouble( 'cannot unpack' ) ) )
			.then( () => {
				if ( this.unpacking === now ) {
					this.unpacking = null;
				}
			} );
		this.unpacking = now;
	}

	private note( meaning: () => Trouble ): void {
		try {
			this.problem = meaning();
		} catch ( over ) {
			this.problem = over as Over;
		}
	}

	private end( why: Trouble | Over ): void {
		if ( ! this.isClosed ) {
			this.close();
			this.sink.closed( why );
		}
	}
}
