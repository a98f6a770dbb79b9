/** The last rung: live.php is asked every few seconds. It needs nothing of the web server but PHP. */

import { isObject, isStale, toMessage, type Ack, type Command, type Json } from './message';
import { request, retryAfter, type Answer } from './request';
import type { Connection, Rung, Sink, Wish } from './rung';
import type { Token, TokenConfig } from './token';
import { denial, Over, refuses, Trouble, UNCLEAR } from './trouble';

export interface PollingConfig extends TokenConfig {
	/** Seconds between two questions. */
	readonly interval: number;
	/** REST route that takes { alert }, where there is one. */
	readonly acknowledge?: string;
}

/** What live.php says of an engine that does not answer. */
const AWAY = 'no-engine';
/** An engine that is older than this plugin is asked what it knows, and again after a while: it may have been renewed. */
const OLD = 60_000; // ms

export class Polling implements Rung {
	public readonly name = 'polling';
	public readonly patience = 10_000;

	public constructor(
		private readonly config: PollingConfig,
		private readonly token: Token
	) {}

	public open( wish: () => Wish, sink: Sink ): Connection {
		const rounds = new Rounds( this.config, this.token, wish, sink );
		void rounds.turn();
		return rounds;
	}
}

class Rounds implements Connection {
	private readonly abort = new AbortController();
	private timer: ReturnType< typeof setTimeout > | undefined;
	private isOpen = false;
	private isPaused = false;
	/** A turn is under way. */
	private isAsking = false;
	/** What is wished for has changed since the turn under way began: its answer is dropped, and the next one comes at once. */
	private isDue = false;
	/** Until when the engine counts as old, milliseconds since 1970. */
	private oldUntil = 0;

	public constructor(
		private readonly config: PollingConfig,
		private readonly token: Token,
		private readonly wish: () => Wish,
		private readonly sink: Sink
	) {}

	public async turn(): Promise< void > {
		if ( this.isAsking || this.abort.signal.aborted ) {
			this.isDue = true;
			return;
		}
		this.isAsking = true;
		this.isDue = false;
		try {
			const body = await this.figures();
			if ( ! this.isDue ) {
				this.take( body );
			}
		} catch ( error ) {
			if ( error instanceof Over || ! this.isDue ) {
				this.end( error instanceof Over ? error : Trouble.from( error ) );
			}
		}
		this.isAsking = false;
		this.later( this.isDue ? 0 : this.config.interval * 1000 );
	}

	public async do( command: Command ): Promise< Ack > {
		switch ( command.do ) {
			case 'pause':
				this.isPaused = true;
				clearTimeout( this.timer );
				return { ok: true };
			case 'acknowledge':
				return this.acknowledge( command.alert );
			case 'resume':
			case 'follow':
				// What is wished for is looked at with each question.
				this.isPaused = false;
				this.oldUntil = 0;
				clearTimeout( this.timer );
				void this.turn();
				return { ok: true };
			case 'token':
				return { ok: true };
		}
	}

	public close(): void {
		clearTimeout( this.timer );
		this.abort.abort();
	}

	private later( delay: number ): void {
		clearTimeout( this.timer );
		if ( ! this.isPaused && ! this.abort.signal.aborted ) {
			this.timer = setTimeout( () => void this.turn(), delay );
		}
	}

	/** Messages, or the counters that may still be there for PHP to read while the engine is busy or away. */
	private async figures(): Promise< Record< string, unknown > > {
		const { topics, name, position } = this.wish();
		if ( Date.now() >= this.oldUntil ) {
			const query = { what: 'poll', topics: topics.join( ',' ), ...( name === '' ? {} : { filter: name } ) };
			let answer = await this.question( position === null ? query : { ...query, since: position } );
			if ( position !== null && reasonOf( answer ) === UNCLEAR ) {
				answer = await this.question( query );
			}
			if ( refuses( reasonOf( answer ), name ) ) {
				throw new Trouble( reasonOf( answer ), 'refused', retryAfter( answer ) );
			}
			const body = this.read( answer );
			if ( 'poll' in body || 'live' in body ) {
				return body;
			}
			// With nothing in the question that could be wrong.
			if ( reasonOf( answer ) === UNCLEAR ) {
				this.oldUntil = Date.now() + OLD;
			}
		}
		return topics.includes( 'live' ) && name === '' ? this.read( await this.question( {} ) ) : { live: null };
	}

	/** Asks, with a new token if need be: the old one's chain has ended, or the tab was hidden for a while. */
	private async question( query: Readonly< Record< string, string > > ): Promise< Answer > {
		const url = new URL( this.config.live, location.href );
		Object.entries( query ).forEach( ( [ name, value ] ) => url.searchParams.set( name, value ) );
		const ask = async (): Promise< Answer > => {
			const headers = { 'X-Qahm-Realtime-Token': await this.token.get() };
			const began = Date.now();
			const answer = await request( url.href, { method: 'POST', headers, signal: this.abort.signal } );
			this.sink.latency( Date.now() - began );
			return answer;
		};
		const answer = await ask();
		if ( answer.status !== 401 ) {
			return answer;
		}
		this.judge( answer );
		this.token.next( null );
		return ask();
	}

	/** The body of an answer, with the token for the next question. */
	private read( answer: Answer ): Record< string, unknown > {
		if ( answer.status === 401 ) {
			this.judge( answer );
		}
		const isAway = [ AWAY, UNCLEAR ].includes( reasonOf( answer ) );
		const body = answer.json;
		if ( ( ! answer.ok && ! isAway ) || ! isObject( body ) ) {
			const after = retryAfter( answer );
			throw new Trouble( `status ${ answer.status }`, after === null ? 'broken' : 'busy', after );
		}
		this.token.next( body[ 'token' ] );
		return body;
	}

	private take( { poll, live }: Record< string, unknown > ): void {
		if ( this.abort.signal.aborted ) {
			return;
		}
		if ( ! this.isOpen ) {
			this.isOpen = true;
			this.sink.open( null );
			if ( this.isDue ) {
				return; // It is another wish than the one that this turn began with.
			}
		}
		if ( ! isObject( poll ) || ! Array.isArray( poll[ 'messages' ] ) ) {
			this.sink.counters( ( live as Json | undefined ) ?? null );
			return;
		}
		for ( const value of poll[ 'messages' ] ) {
			const message = toMessage( value );
			if ( message !== null ) {
				this.sink.message( message );
			}
		}
		this.sink.beat( null, isStale( poll ) );
	}

	/** @throws What is wrong with a token that was not taken. */
	private judge( answer: Answer ): void {
		const why = denial( reasonOf( answer ) || 'denied' );
		if ( why.kind !== 'denied' ) {
			throw why;
		}
	}

	private async acknowledge( alert: string ): Promise< Ack > {
		if ( this.config.acknowledge === undefined ) {
			return { ok: false, code: 'unsupported' };
		}
		try {
			const headers = { 'X-WP-Nonce': this.token.pass(), 'Content-Type': 'application/json' };
			const answer = await request( this.config.acknowledge, { method: 'POST', headers, body: JSON.stringify( { alert } ) } );
			return answer.ok ? { ok: true } : { ok: false, code: codeOf( answer.json ) ?? `status ${ answer.status }` };
		} catch ( error ) {
			return { ok: false, code: Trouble.from( error ).reason };
		}
	}

	private end( why: Trouble | Over ): void {
		if ( ! this.abort.signal.aborted ) {
			this.close();
			this.sink.closed( why );
		}
	}
}

function reasonOf( answer: Answer ): string {
	return answer.headers.get( 'X-Qahm-Realtime' ) ?? '';
}

/** WordPress's name of an error in the engine's words. */
function codeOf( body: unknown ): string | null {
	const code = isObject( body ) ? body[ 'code' ] : null;
	return typeof code === 'string' ? code.replace( /^qahm_realtime_/, '' ).replace( /_/g, '-' ) : null;
}
