/** A connection that stays: it follows topics of one filter, asks again for what is missing, and renews its token. */

import type { Feed } from './feed';
import { Heart } from './heart';
import type { Climber, Ladder } from './ladder';
import { isObject, type Ack, type Beat, type Command, type Hello, type Json, type Message, type Topic } from './message';
import type { Wish } from './rung';
import { CONNECTING, type Status } from './status';
import type { Token } from './token';
import { Over, Trouble } from './trouble';

/** What was asked for again must be here by then. */
const GRACE = 2000; // ms
const STEADY = 10_000; // ms after which a way has proved itself
const RETRY = 5000; // ms until a token is asked for again that could not be had

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
	private isPaused = false;
	private isClosed = false;
	/** What the last connection was opened for. */
	private asked = '';
	/** Topics of which something is missing. */
	private readonly missing = new Set< Topic >();
	private resyncs = 0;
	private resync: Timer;
	private renewal: Timer;
	private steady: Timer;

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
		this.ask();
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
		[ this.resync, this.renewal, this.steady ].forEach( clearTimeout );
		this.heart.stop();
		this.ladder.stop();
	}

	public settled( hello: Hello | null ): void {
		clearTimeout( this.renewal );
		if ( hello?.time !== undefined ) {
			this.token.clock( hello.time );
		}
		if ( hello?.expires !== undefined ) {
			this.renewBefore( this.token.until( hello.expires ) );
		}
		if ( this.isPaused ) {
			void this.ladder.do( { do: 'pause' } );
		} else if ( this.asked !== this.name() ) {
			this.ask(); // It was another wish when the connection was begun.
		}
		this.set( { state: 'live' } );
		this.alive();
		clearTimeout( this.steady );
		this.steady = setTimeout( () => this.report( this.status ), STEADY );
	}

	public failed( times: number ): void {
		// One failure may be a hiccup of the network.
		this.set( times > 1 ? { state: 'offline' } : {} );
	}

	public message( message: Message ): void {
		const taken = this.feed.take( message );
		if ( taken === 'new' ) {
			this.missing.delete( message.t );
			this.set( { state: 'live', stale: false } );
			this.listener.message( message );
		} else if ( taken === 'gap' ) {
			this.misses( [ message.t ] );
		}
		this.alive();
	}

	public beat( beat: Beat | null ): void {
		if ( beat !== null && ! this.isPaused ) {
			this.misses( this.feed.behind( beat, this.topics ) );
		}
		this.set( { state: 'live', stale: false } );
		this.alive();
		this.listener.beat();
	}

	public counters( live: Json ): void {
		this.set( live === null ? { state: 'noEngine' } : { state: 'live', stale: isObject( live ) && live[ 'stale' ] === true } );
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
		this.ladder.restart( new Trouble( 'silent', 'silent' ) );
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
				this.resyncs = 0;
				this.missing.clear();
				this.ladder.restart( new Trouble( 'gap' ) );
			} else {
				this.misses( [] );
			}
		}, GRACE );
		void this.order( { do: 'resume', ...( position === null ? {} : { position } ) }, 'resume' );
	}

	/** A command without which the connection is of no use. While there is none, the next one begins with what it says. */
	private async order( command: Command, name: string ): Promise< void > {
		const rung = this.ladder.rung;
		const ack = await this.ladder.do( command );
		if ( ! ack.ok && rung !== null && ! this.isClosed ) {
			this.ladder.restart( new Trouble( `${ name }: ${ ack.code ?? 'refused' }` ) );
		}
	}

	/** @param life Milliseconds until the connection ends. */
	private renewBefore( life: number ): void {
		clearTimeout( this.renewal );
		// Not all dashboards of a server at once.
		this.renewal = setTimeout( () => void this.renew(), Math.max( 1000, life * ( 0.5 + 0.25 * Math.random() ) ) );
	}

	private async renew(): Promise< void > {
		try {
			const token = await this.token.prolong();
			if ( this.isClosed ) {
				return;
			}
			const { ok, expires, time } = await this.ladder.do( { do: 'token', token } );
			if ( ! ok ) {
				throw new Trouble( 'renewal' );
			}
			if ( time !== undefined ) {
				this.token.clock( time );
			}
			this.renewBefore( expires === undefined ? this.token.life() : this.token.until( expires ) );
		} catch ( error ) {
			if ( this.isClosed ) {
				return;
			}
			if ( error instanceof Over ) {
				this.over( error.state );
			} else {
				this.renewal = setTimeout( () => void this.renew(), RETRY );
			}
		}
	}

	private set( change: Partial< Status > ): void {
		const before = this.status;
		this.status = { ...before, ...change, rung: this.ladder.rung, reasons: { ...this.ladder.reasons } };
		if ( JSON.stringify( before ) !== JSON.stringify( this.status ) ) {
			this.listener.status( this.status );
		}
	}
}

type Timer = ReturnType< typeof setTimeout > | undefined;
