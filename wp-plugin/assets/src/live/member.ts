/**
 * One dashboard among those of the browser. The leader's connections serve all of them: followers say over a BroadcastChannel
 * what they want, and keep their own states from the leader's messages, so that any of them can go on when the leader goes.
 */

import { Answers } from './answers';
import type { Feed } from './feed';
import { Heart } from './heart';
import { Leader } from './leader';
import type { Line, Listener } from './line';
import { Lines, type Wanted } from './lines';
import { isObject, toMessage, type Ack, type Command, type Message, type Topic } from './message';
import { parsePosition } from './position';
import { CONNECTING, type Status } from './status';
import { Tabs, type Note } from './tabs';
import type { Over } from './trouble';

export interface Want {
	readonly feed: Feed;
	readonly topics: readonly Topic[];
}

interface Other extends Wanted {
	/** Milliseconds since 1970. */
	readonly heard: number;
}

/** Followers say what they want this often; who says nothing three times is gone. */
const PRESENCE = 20_000; // ms
const PATIENCE = 3000; // ms until a leader that does not answer loses its place
const AGAIN = 1000; // ms between two requests for what is missing

export class Member {
	private readonly me = `${ Date.now().toString( 36 ) }-${ Math.random().toString( 36 ).slice( 2 ) }`;
	private readonly leader: Leader;
	private readonly tabs: Tabs;
	private want: Want | null = null;
	private readonly others = new Map< string, Other >();
	/** Only the leader has some. */
	private readonly lines: Lines;
	/** The leader is listened to as the engine is. */
	private readonly heart = new Heart( () => this.silent() );
	private status: Status = CONNECTING;
	private presence: Timer;
	private patience: Timer;
	/** When the leader was last told, milliseconds since 1970. */
	private told = 0;
	private readonly answers = new Answers();

	/**
	 * @param name     The same in all tabs that share.
	 * @param open     Opens a connection; `pushes`: whether it may be one that the engine holds open.
	 * @param listener Hears what this tab wants to know.
	 */
	public constructor(
		name: string,
		open: ( feed: Feed, topics: readonly Topic[], listener: Listener, pushes: boolean ) => Line,
		private readonly listener: Listener,
		private readonly locks: LockManager | null = navigator.locks ?? null
	) {
		this.tabs = new Tabs( name );
		this.lines = new Lines( ( feed, topics, pushes ) => {
			const line: Line = open( feed, topics, this.relay( () => line.feed.name ), pushes );
			return line;
		} );
		this.leader = new Leader( name, () => this.lead(), () => this.lost(), this.shares ? locks : null );
	}

	/** @param want Null while nothing shall come. The connection stays, for others or for later. */
	public follow( want: Want | null ): void {
		this.want = want;
		if ( this.leader.leads ) {
			this.settle();
		} else {
			this.tell();
		}
	}

	/** Takes part: leads, or follows who does. */
	public join(): void {
		if ( this.presence !== undefined ) {
			return;
		}
		if ( this.shares ) {
			this.tabs.open( ( note ) => this.hear( note ) );
		}
		this.presence = setInterval( () => this.present(), PRESENCE );
		this.heart.alive();
		this.leader.join();
		this.tell();
		this.expect();
	}

	/** Takes part no more, for a while or for ever. */
	public leave(): void {
		clearInterval( this.presence );
		clearTimeout( this.patience );
		this.presence = undefined;
		this.heart.stop();
		this.lines.close();
		this.others.clear();
		this.tabs.post( { kind: 'leave', from: this.me } );
		this.leader.leave();
		this.tabs.close();
		this.answers.end();
	}

	public do( command: Command ): Promise< Ack > {
		const filter = this.want?.feed.name ?? '';
		if ( this.leader.leads ) {
			return this.lines.do( filter, command );
		}
		return this.answers.ask( ( id ) => this.tabs.post( { kind: 'do', from: this.me, id, filter, command } ) );
	}

	private get shares(): boolean {
		return this.locks !== null && typeof BroadcastChannel === 'function';
	}

	/** There is a leader: it answers. Browsers put hidden tabs to sleep without taking their locks. */
	private expect(): void {
		clearTimeout( this.patience );
		if ( this.want !== null && ! this.leader.leads ) {
			this.patience = setTimeout( () => this.leader.take(), PATIENCE );
		}
	}

	/** Another tab leads by now. */
	private lost(): void {
		this.lines.close();
		this.others.clear();
		this.heart.alive();
		this.leader.join();
		this.tell();
	}

	private lead(): void {
		this.heart.stop();
		clearTimeout( this.patience );
		this.tabs.post( { kind: 'lead', from: this.me } );
		this.settle();
	}

	private settle(): void {
		const own = this.want === null ? [] : [ { filter: this.want.feed.name, topics: this.want.topics, feed: this.want.feed } ];
		this.lines.settle( [ ...own, ...this.others.values() ] );
	}

	/** What a connection says goes to this tab and to all others. */
	private relay( filter: () => string ): Listener {
		const tell = ( note: Note, hear: () => void ): void => {
			this.broadcast( note );
			if ( this.want?.feed.name === filter() ) {
				hear();
			}
		};
		return {
			message: ( message ) => tell( { kind: 'message', message }, () => this.want?.topics.includes( message.t ) && this.listener.message( message ) ),
			beat: () => tell( { kind: 'beat', filter: filter() }, () => this.listener.beat() ),
			counters: ( live ) => tell( { kind: 'counters', filter: filter(), live }, () => this.listener.counters( live ) ),
			status: ( status ) => tell( { kind: 'status', filter: filter(), status }, () => this.listener.status( { ...status, leader: true } ) ),
			// Each tab finds out for itself: another one may have logged in since.
			over: ( state: Over[ 'state' ] ) => {
				this.leave();
				this.listener.over( state );
			},
		};
	}

	private hear( note: Note ): void {
		if ( 'to' in note && note.to !== undefined && note.to !== this.me ) {
			return;
		}
		if ( this.leader.leads ) {
			this.serve( note );
			return;
		}
		if ( note.kind !== 'want' && note.kind !== 'do' && note.kind !== 'leave' ) {
			clearTimeout( this.patience ); // It is the leader who speaks.
		}
		switch ( note.kind ) {
			case 'lead':
				this.tell();
				break;
			case 'message': {
				const message = toMessage( note.message );
				if ( message !== null && message.f === this.want?.feed.name && this.want.topics.includes( message.t ) ) {
					this.heart.alive();
					this.take( message );
				}
				break;
			}
			case 'counters':
			case 'beat':
			case 'status':
				if ( note.filter === this.want?.feed.name ) {
					this.heart.alive();
					this.tellListener( note );
				}
				break;
			case 'ack':
				this.answers.take( note.id, note.ack );
				break;
			default:
		}
	}

	private take( message: Message ): void {
		const taken = this.want?.feed.take( message );
		if ( taken === 'new' ) {
			this.listener.message( message );
		} else if ( taken === 'gap' && Date.now() - this.told > AGAIN ) {
			this.tell();
		}
	}

	private tellListener( note: Note ): void {
		if ( note.kind === 'status' ) {
			this.status = { ...note.status, leader: false };
			this.listener.status( this.status );
		} else if ( note.kind === 'beat' ) {
			this.listener.beat();
		} else if ( note.kind === 'counters' ) {
			this.listener.counters( note.live );
		}
	}

	/** As leader: what a follower says. */
	private serve( note: Note ): void {
		if ( note.kind === 'want' ) {
			this.others.set( note.from, { filter: note.filter, topics: note.topics, heard: Date.now() } );
			this.settle();
			this.catchUp( note.from, note.filter, note.topics, note.position );
		} else if ( note.kind === 'leave' && this.others.delete( note.from ) ) {
			this.settle();
		} else if ( note.kind === 'do' ) {
			void this.lines.do( note.filter, note.command ).then( ( ack ) => this.tabs.post( { kind: 'ack', to: note.from, id: note.id, ack } ) );
		}
	}

	/** Gives a follower the states that it does not have. */
	private catchUp( to: string, filter: string, topics: readonly Topic[], position: string | null ): void {
		const line = this.lines.get( filter );
		if ( line === undefined ) {
			return;
		}
		this.tabs.post( { kind: 'status', to, filter, status: line.status } );
		const known = position === null ? null : parsePosition( position );
		for ( const topic of topics ) {
			const message = line.feed.stream( topic ).put( filter );
			if ( message !== null && ( known?.e !== message.e || known.at.get( topic ) !== message.s ) ) {
				this.tabs.post( { kind: 'message', to, message } );
			}
		}
	}

	/** As follower: tells the leader what is wanted, and where we are. */
	private tell(): void {
		if ( this.leader.leads ) {
			return;
		}
		if ( this.want === null ) {
			this.tabs.post( { kind: 'leave', from: this.me } );
			return;
		}
		const { feed, topics } = this.want;
		this.told = Date.now();
		this.tabs.post( { kind: 'want', from: this.me, filter: feed.name, topics, position: feed.position( topics ) } );
	}

	private present(): void {
		if ( ! this.leader.leads ) {
			this.tell();
			return;
		}
		const now = Date.now();
		const gone = [ ...this.others ].filter( ( [ , { heard } ] ) => now - heard > 3 * PRESENCE );
		gone.forEach( ( [ from ] ) => this.others.delete( from ) );
		if ( gone.length > 0 ) {
			this.settle();
		}
	}

	private silent(): void {
		if ( ! this.leader.leads && this.want !== null && this.status.rung !== 'polling' ) {
			this.listener.status( { ...this.status, rung: null, stale: true } );
			this.tell();
			this.expect();
		}
	}

	/** To all followers. Who joins later is given what it lacks. */
	private broadcast( note: Note ): void {
		if ( this.others.size > 0 ) {
			this.tabs.post( note );
		}
	}
}

type Timer = ReturnType< typeof setInterval > | undefined;
