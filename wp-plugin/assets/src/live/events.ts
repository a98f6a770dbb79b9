/** The second rung: server-sent events, read with fetch(), which can send the token where EventSource cannot. */

import { EventStream, type ServerEvent } from './eventStream';
import { isObject, isStale, toAck, toBeat, toHello, toMessage, type Ack, type Command, type Hello, type Topic } from './message';
import { request, retryAfter } from './request';
import type { Connection, Rung, Sink, Wish } from './rung';
import type { Token } from './token';
import { denial, ending, Over, refuses, SILENT, Trouble } from './trouble';

/** Not Authorization: the web server may want that for a password of its own. */
const TOKEN = 'X-Qahm-Realtime-Token';

/** The engine sends a comment every 15 s: who hears nothing for much longer holds one end of a rope. */
const SILENCE = 40_000; // ms

export class Events implements Rung {
	public readonly name = 'events';
	public readonly patience = 2000;
	private readonly papers: Papers = { credentials: 'omit' };

	/** @param prefix Path that the web server hands to the engine, with a slash at its end. */
	public constructor(
		private readonly prefix: string,
		private readonly token: Token
	) {}

	public open( wish: () => Wish, sink: Sink ): Connection {
		const reading = new Reading( this.prefix, this.token, this.papers, sink );
		void reading.start( wish() );
		return reading;
	}
}

/**
 * What goes along with the token. It is enough, and beside cookies the engine would ask for more, which not every browser says;
 * but where the web server wants a password of its own, the browser sends that together with them, or not at all.
 */
interface Papers {
	credentials: 'omit' | 'same-origin';
}

class Reading implements Connection {
	private readonly abort = new AbortController();
	private hello: Hello | null = null;
	private isOpen = false;
	private isClosed = false;
	/** What has not come yet: the state of each topic, a first beat. */
	private awaited: Set< Topic | 'beat' > = new Set();
	/** States were missing when the piece that is being read came, though the engine had begun to send them. */
	private isLate = false;
	private bye: number | null = null;
	private silence: ReturnType< typeof setTimeout > | undefined;

	public constructor(
		private readonly prefix: string,
		private readonly token: Token,
		private readonly papers: Papers,
		private readonly sink: Sink
	) {}

	public async start( { topics, name, position }: Wish ): Promise< void > {
		const query = new URLSearchParams( { topics: topics.join( ',' ) } );
		if ( name !== '' ) {
			query.set( 'filter', name );
		}
		if ( position !== null ) {
			query.set( 'since', position );
		}
		// A proxy that buffers lets go of what fills its buffer, or came with the head, and keeps the rest: it is open when the last piece is here.
		this.awaited = new Set( topics.filter( ( topic ) => ! position?.includes( `${ topic }:` ) ) );
		try {
			const began = Date.now();
			const ask = async (): Promise< Response > =>
				fetch( `${ this.prefix }events?${ query.toString() }`, {
					headers: { [ TOKEN ]: await this.token.get(), Accept: 'text/event-stream' },
					credentials: this.papers.credentials,
					cache: 'no-store',
					signal: this.abort.signal,
				} );
			let answer = await ask();
			if ( answer.status === 401 && answer.headers.has( 'WWW-Authenticate' ) ) {
				this.papers.credentials = 'same-origin';
				answer = await ask();
			}
			if ( ! answer.ok || ! /^text\/event-stream\b/.test( answer.headers.get( 'Content-Type' ) ?? '' ) ) {
				throw await refusal( answer, name, this.papers.credentials === 'omit' );
			}
			this.sink.latency( Date.now() - began );
			await this.read( answer );
			throw new Trouble( 'ended', 'broken', this.bye );
		} catch ( error ) {
			this.end( error instanceof Over ? error : Trouble.from( error ) );
		}
	}

	public async do( command: Command ): Promise< Ack > {
		if ( this.hello === null ) {
			return { ok: false, code: 'offline' };
		}
		try {
			const began = Date.now();
			const { status, json: body } = await request( `${ this.prefix }command`, {
				method: 'POST',
				headers: { [ TOKEN ]: await this.token.get(), 'Content-Type': 'application/json' },
				body: JSON.stringify( { connection: this.hello.connection, ...command } ),
				credentials: this.papers.credentials,
				signal: this.abort.signal,
			} );
			this.sink.latency( Date.now() - began );
			return isObject( body ) && 'ok' in body ? toAck( body ) : { ok: false, code: isObject( body ) && typeof body[ 'error' ] === 'string' ? body[ 'error' ] : `status ${ status }` };
		} catch ( error ) {
			return { ok: false, code: Trouble.from( error ).reason };
		}
	}

	public close(): void {
		this.isClosed = true;
		clearTimeout( this.silence );
		this.abort.abort();
	}

	private async read( answer: Response ): Promise< void > {
		const reader = answer.body?.getReader();
		if ( reader === undefined ) {
			throw new Trouble( 'no stream' );
		}
		const stream = new EventStream( ( event ) => this.isClosed || this.take( event ) );
		for (;;) {
			clearTimeout( this.silence );
			this.silence = setTimeout( () => this.end( new Trouble( SILENT, 'silent' ) ), SILENCE );
			const { done, value } = await reader.read();
			if ( done || this.isClosed ) {
				return;
			}
			this.isLate = this.hello !== null && [ ...this.awaited ].some( ( name ) => name !== 'beat' );
			stream.push( value );
		}
	}

	private take( { type, data }: ServerEvent ): void {
		let value: unknown;
		try {
			value = JSON.parse( data );
		} catch {
			throw new Trouble( 'no JSON' );
		}
		if ( type === 'hello' ) {
			this.hello = toHello( value );
			if ( this.hello?.beat !== undefined ) {
				this.awaited.add( 'beat' );
			}
			this.opened();
		} else if ( type === 'put' || type === 'patch' ) {
			const message = toMessage( value );
			if ( message !== null ) {
				this.sink.message( message );
				this.awaited.delete( message.t );
				this.opened();
			}
		} else if ( type === 'beat' ) {
			if ( ! this.isOpen && this.isLate ) {
				throw new Trouble( 'buffered' ); // The end of a state came only with what was sent after it.
			}
			this.sink.beat( toBeat( value ), isStale( value ) );
			this.awaited.delete( 'beat' );
			this.opened();
		} else if ( type === 'bye' && isObject( value ) ) {
			this.bye = Number( value[ 'after' ] ) || 0;
		} else if ( type === 'problem' && isObject( value ) ) {
			throw ending( String( value[ 'code' ] ) );
		}
	}

	private opened(): void {
		if ( ! this.isOpen && this.hello !== null && this.awaited.size === 0 ) {
			this.isOpen = true;
			this.sink.open( this.hello );
		}
	}

	private end( why: Trouble | Over ): void {
		if ( ! this.isClosed ) {
			this.close();
			this.sink.closed( why );
		}
	}
}

/**
 * What an answer means that is none.
 *
 * @param filter  Name of the filter that was asked for.
 * @param isPlain Nothing went along with the token: if the origin is refused then, it is that of the page.
 */
async function refusal( answer: Response, filter: string, isPlain: boolean ): Promise< Trouble > {
	const { status } = answer;
	const body: unknown = await answer.json().catch( () => null );
	const error = isObject( body ) ? String( body[ 'error' ] ) : '';
	if ( ( status === 401 && isObject( body ) ) || refuses( error, filter ) ) {
		return isPlain || error !== 'origin' ? denial( error, filter ) : new Trouble( error );
	}
	if ( status === 429 || ( status === 503 && retryAfter( answer ) !== null ) ) {
		return new Trouble( `busy (${ status })`, 'busy', retryAfter( answer ) ?? 1000 );
	}
	return new Trouble( answer.ok ? 'no event stream' : `status ${ status }`, 'broken', null, status >= 502 && status <= 504 );
}
