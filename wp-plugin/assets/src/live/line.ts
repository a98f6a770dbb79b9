/** A connection that stays: it follows topics of one filter, asks again for what is missing, and renews its token. */

import type { Climber } from './climber';
import type { Feed } from './feed';
import { Heart } from './heart';
import type { Ladder } from './ladder';
import { isStale, type Ack, type Beat, type Command, type Hello, type Json, type Message, type Topic } from './message';
import { Renewal } from './renewal';
import type { Wish } from './rung';
import { CONNECTING, type Status } from './status';
import type { Token } from './token';
import { refuses, SILENT, Trouble, UNCLEAR, type Over } from './trouble';

/** What was asked for again must be here by then. */
const GRACE = 2000; // ms
/** A connection that is not there again by then is missed. */
const HICCUP = 2000; // ms
const STEADY = 10_000; // ms after which a way has proved itself
const RETRY = 5000; // ms at least until a filter is asked for again that was refused

/** What a line tells. */
export interface Listener {
	/** The feed has taken something new. */
	message( message: Message ): void;
	/** The engine lives. */
	beat(): void;
	counters( live: Json ): void;
	status( status: Status ): void;
	over( state: Over[ 'state' ] ): void;
}

export class Line implements Climber {
	public status: Status = CONNECTING;
	private readonly ladder: Ladder;
	private readonly heart = new Heart( () => this.silent() );
	private readonly renewal: Renewal;
	private isPaused = false;
	private isClosed = false;
	/** What the last connection was opened for. */
	private asked = '';
	/** Topics of which something is missing. */
	private readonly missing = new Set< Topic >();
	private resyncs = 0;
	/** How many were lost: what one of them still answers is not heard. */
	private connections = 0;
	private resync: Timer;
	private steady: Timer;
	private missed: Timer;
	private retry: Timer;

	/**
	 * @param climb  Makes the ladder.
	 * @param report Told of a way that has proved itself.
	 */
	public constructor(
		public feed: Feed,
		private topics: readonly Topic[],
		private readonly listener: Listener,
		private readonly token: Token,
		climb: ( wish: () => Wish, climber: Climber ) => Ladder,
		private readonly report: ( status: Status ) => void = () => undefined
	) {
		this.renewal = new Renewal( token, ( command ) => this.ladder.do( command ), ( state ) => this.over( state ) );
		this.ladder = climb( () => this.begin(), this );
		this.heart.alive();
		this.ladder.start();
	}

	/** Follows these instead of what was followed. */
	public follow( feed: Feed, topics: readonly Topic[] ): void {
		const isSame = feed === this.feed && topics.length === this.topics.length && topics.every( ( topic ) => this.topics.includes( topic ) );
		this.feed = feed;
		this.topics = topics;
		if ( this.isPaused ) {
			this.isPaused = false;
			this.heart.alive();
		} else if ( isSame ) {
			return;
		}
		this.missing.clear();
		clearTimeout( this.retry );
		this.set( { refusal: null } );
		this.ask();
		this.ladder.renew();
	}

	/** Nothing comes any more until something is followed again. */
	public pause(): void {
		if ( ! this.isPaused ) {
			this.isPaused = true;
			this.heart.stop();
			void this.ladder.do( { do: 'pause' } );
		}
	}

	public do( command: Command ): Promise< Ack > {
		return this.ladder.do( command );
	}

	public close(): void {
		this.isClosed = true;
		[ this.resync, this.steady, this.missed, this.retry ].forEach( clearTimeout );
		this.renewal.stop();
		this.heart.stop();
		this.ladder.stop();
	}

	public settled( hello: Hello | null ): void {
		this.renewal.stop();
		[ this.missed, this.retry ].forEach( clearTimeout );
		if ( hello?.time !== undefined ) {
			this.token.clock( hello.time );
		}
		if ( hello?.expires !== undefined ) {
			this.renewal.before( this.token.until( hello.expires ) );
		}
		if ( this.isPaused ) {
			void this.ladder.do( { do: 'pause' } );
		} else if ( this.asked !== this.name() ) {
			this.ask(); // It was another wish when the connection was begun.
		}
		this.set( { state: 'live', refusal: null } );
		this.alive();
		clearTimeout( this.steady );
		this.steady = setTimeout( () => this.report( this.status ), STEADY );
	}

	public lost( pause: number ): void {
		this.forget();
		this.set( pause > HICCUP ? { state: 'connecting' } : {} );
		this.missed = setTimeout( () => this.set( { state: 'connecting' } ), HICCUP );
	}

	public failed( times: number ): void {
		clearTimeout( this.missed );
		// One failure may be a hiccup of the network.
		this.set( { state: times > 1 ? 'offline' : 'connecting' } );
	}

	public refused( reason: string ): void {
		this.forget();
		clearTimeout( this.missed );
		this.set( { state: 'refused', refusal: reason } );
		if ( this.asked !== this.name() ) {
			this.set( { refusal: null } ); // It was another wish.
			this.ladder.renew();
		}
	}

	public message( message: Message ): void {
		const taken = this.feed.take( message );
		if ( taken === 'new' ) {
			this.missing.delete( message.t );
			this.set( { state: 'live', stale: false, refusal: null } );
			this.listener.message( message );
		} else if ( taken === 'gap' ) {
			this.misses( [ message.t ] );
		}
		this.alive();
	}

	public beat( beat: Beat | null, stale = false ): void {
		// While a filter is refused the connection stays with the one before, of which it tells.
		if ( beat !== null && ! this.isPaused && this.status.refusal === null ) {
			this.misses( this.feed.behind( beat, this.topics ) );
		}
		this.set( { state: 'live', stale } );
		this.alive();
		this.listener.beat();
	}

	public counters( live: Json ): void {
		this.set( live === null ? { state: 'noEngine' } : { state: 'live', stale: isStale( live ) } );
		this.alive();
		this.listener.counters( live );
	}

	public latency( ms: number ): void {
		this.set( { latency: ms } );
	}

	public over( state: Over[ 'state' ] ): void {
		this.close();
		this.listener.over( state );
	}

	/** What was expected of a connection that is no more. The next one begins where we are. */
	private forget(): void {
		this.connections++;
		this.renewal.stop();
		[ this.steady, this.retry, this.resync ].forEach( clearTimeout );
		this.resync = undefined;
		this.resyncs = 0;
		this.missing.clear();
	}

	private begin(): Wish {
		this.asked = this.name();
		return this.wish();
	}

	private wish(): Wish {
		return { topics: this.topics, filter: this.feed.filter, name: this.feed.name, position: this.feed.position( this.topics ) };
	}

	/** What is followed, in a word. */
	private name(): string {
		return [ this.feed.name, ...this.topics ].join( ' ' );
	}

	/** Tells the connection what is followed now. */
	private ask(): void {
		const { feed, topics } = this;
		const { position } = this.wish();
		void this.order( { do: 'follow', topics, ...( feed.name === '' ? {} : { filter: feed.filter } ), ...( position === null ? {} : { resume: position } ) }, 'follow' );
	}

	private alive(): void {
		if ( ! this.isPaused && ! this.isClosed ) {
			this.heart.alive();
		}
	}

	private silent(): void {
		if ( this.ladder.rung === 'polling' ) {
			return; // Each question has an end of its own, and they may be minutes apart.
		}
		this.set( { stale: true } );
		this.ladder.restart( new Trouble( SILENT, 'silent' ) );
	}

	/** Asks for what is missing: from where we are, then for all of it, then over another connection. */
	private misses( topics: readonly Topic[] ): void {
		topics.forEach( ( topic ) => this.missing.add( topic ) );
		if ( this.missing.size === 0 || this.resync !== undefined ) {
			return;
		}
		if ( this.resyncs++ > 0 ) {
			this.missing.forEach( ( topic ) => this.feed.stream( topic ).forget() );
		}
		const { position } = this.wish();
		this.resync = setTimeout( () => {
			this.resync = undefined;
			if ( this.missing.size === 0 ) {
				this.resyncs = 0;
			} else if ( this.resyncs > 2 ) {
				this.ladder.restart( new Trouble( 'gap' ) );
			} else {
				this.misses( [] );
			}
		}, GRACE );
		void this.order( { do: 'resume', ...( position === null ? {} : { position } ) }, 'resume' );
	}

	/** A command without which the connection is of no use. While there is none, the next one begins with what it says. */
	private async order( command: Command, name: string ): Promise< void > {
		const { rung } = this.ladder;
		const { connections } = this;
		const asked = this.name();
		const { ok, code } = await this.ladder.do( command );
		if ( rung === null || this.connections !== connections || this.isClosed ) {
			return;
		}
		if ( ok ) {
			this.set( command.do === 'follow' && asked === this.name() ? { refusal: null } : {} );
		} else if ( command.do !== 'follow' || ! refuses( code, this.feed.name ) ) {
			this.ladder.restart( new Trouble( `${ name }: ${ code ?? 'refused' }` ) );
		} else if ( asked === this.name() ) {
			// The connection is as good as before, and another one would be told the same.
			this.missing.clear();
			this.set( { state: 'refused', refusal: String( code ) } );
			if ( code !== UNCLEAR ) {
				this.retry = setTimeout( () => this.isPaused || this.ask(), RETRY * ( 1 + Math.random() ) ); // Others may have made room.
			}
		}
	}

	private set( change: Partial< Status > ): void {
		const before = this.status;
		const { rung, reasons } = this.ladder;
		this.status = told( { ...before, ...change, rung, reasons: { ...reasons } } );
		if ( JSON.stringify( before ) !== JSON.stringify( this.status ) ) {
			this.listener.status( this.status );
		}
	}
}

/** Its state is `refused` as long as the filter is. */
function told( status: Status ): Status {
	const { state, refusal, rung } = status;
	if ( refusal !== null ) {
		return state === 'live' ? { ...status, state: 'refused' } : status;
	}
	return state === 'refused' ? { ...status, state: rung === null ? 'connecting' : 'live' } : status;
}

type Timer = ReturnType< typeof setTimeout > | undefined;
