/** What connect() gives: one dashboard's view of the channel. */

import { Feed } from './feed';
import { isTopic, nameOf, type Ack, type Command, type Filter, type Json, type Message, type Topic } from './message';
import type { Member } from './member';
import { CONNECTING, type Status } from './status';
import type { Over } from './trouble';

/** Beside a state: where it comes from. */
export interface Info {
	readonly topic: Topic;
	/** Name of the filter, '' for none. */
	readonly filter: string;
	/** Epoch and number of the state, null for counters that were read while the engine was away. */
	readonly e: string | null;
	readonly s: number | null;
}

/** Called with each new state of a topic. What has not changed is the same object as before; states are never changed. */
export type OnState = ( state: Json, info: Info ) => void;
export type OnStatus = ( status: Status ) => void;

/** A tab that is hidden for longer stops listening. */
const HIDDEN = 5000; // ms

export class Client {
	private readonly topicListeners = new Map< Topic, Set< OnState > >();
	private readonly statusListeners = new Set< OnStatus >();
	private feed: Feed;
	private status: Status = CONNECTING;
	/** The connection's own, also during a pause. */
	private known: Status = CONNECTING;
	private isPaused = false;
	private isOver = false;
	private isHere = false;
	private hiding: ReturnType< typeof setTimeout > | undefined;
	private readonly see = (): void => this.seen();
	private readonly go = (): void => this.away();

	/** @param make Makes the member, which tells this client. */
	public constructor(
		private wanted: readonly Topic[],
		filter: Filter,
		make: ( listener: ConstructorParameters< typeof Member >[ 2 ] ) => Member,
		private readonly member: Member = make( {
			message: ( message: Message ) => this.tell( message.t, { e: message.e, s: message.s } ),
			beat: () => undefined,
			counters: ( live ) => this.counters( live ),
			status: ( status ) => this.say( status ),
			over: ( state ) => this.over( state ),
		} )
	) {
		this.feed = Feed.of( filter );
		document.addEventListener( 'visibilitychange', this.see );
		addEventListener( 'pagehide', this.go );
		addEventListener( 'pageshow', this.see );
		this.follow();
		this.seen();
	}

	/**
	 * Listens to a topic, which is followed from now on, or to 'status'. What is known already is told at once (in a moment, never before this returns).
	 *
	 * @return Ends it.
	 */
	public on( topic: Topic, listener: OnState ): () => void;
	public on( topic: 'status', listener: OnStatus ): () => void;
	public on( topic: Topic | 'status', listener: OnState | OnStatus ): () => void {
		if ( topic === 'status' ) {
			const told = listener as OnStatus;
			this.statusListeners.add( told );
			void Promise.resolve().then( () => this.statusListeners.has( told ) && safely( () => told( this.status ) ) );
			return () => void this.statusListeners.delete( told );
		}
		const told = listener as OnState;
		const all = this.topicListeners.get( topic ) ?? new Set();
		this.topicListeners.set( topic, all.add( told ) );
		if ( isTopic( topic ) && ! this.wanted.includes( topic ) ) {
			this.topics( [ ...this.wanted, topic ] );
		}
		void Promise.resolve().then( () => {
			const { state, e, s } = this.feed.stream( topic );
			if ( state !== undefined && all.has( told ) ) {
				safely( () => told( state, { topic, filter: this.feed.name, e, s } ) );
			}
		} );
		return () => void all.delete( told );
	}

	/** Looks at these visitors only, at everybody without. The states that come next are theirs. */
	public filter( filter: Filter = {} ): void {
		if ( nameOf( filter ) !== this.feed.name ) {
			this.feed = Feed.of( filter );
			this.follow();
		}
	}

	/** Follows these topics instead of those before. */
	public topics( topics: readonly Topic[] ): void {
		this.wanted = topics.filter( isTopic );
		this.follow();
	}

	/** Nothing new is told until resume(). The connection stays. */
	public pause(): void {
		if ( ! this.isOver ) {
			this.isPaused = true;
			this.follow();
			this.say( this.known );
		}
	}

	/** Goes on where pause() stopped: what was missed comes first. */
	public resume(): void {
		if ( ! this.isOver && this.isPaused ) {
			this.isPaused = false;
			this.say( this.known );
			this.follow();
		}
	}

	/**
	 * Says that somebody looks after an alert. All dashboards show it.
	 *
	 * @param id The alert's.
	 * @return What the engine answers. `ok: false` with the code `unsupported` where only polling works and WordPress gave no way.
	 */
	public acknowledge( id: string ): Promise< Ack > {
		return this.do( { do: 'acknowledge', alert: id } );
	}

	/** Ends it for good. */
	public close(): void {
		this.over( 'closed' );
	}

	private async do( command: Command ): Promise< Ack > {
		return this.isOver || ! this.isHere ? { ok: false, code: 'offline' } : this.member.do( command );
	}

	private follow(): void {
		this.member.follow( this.isPaused || this.wanted.length === 0 ? null : { feed: this.feed, topics: this.wanted } );
	}

	/** Whether somebody looks has changed, perhaps. */
	private seen(): void {
		clearTimeout( this.hiding );
		if ( this.isOver ) {
			return;
		}
		if ( document.hidden ) {
			this.hiding = setTimeout( this.go, HIDDEN );
		} else if ( ! this.isHere ) {
			this.isHere = true;
			if ( this.known.state === 'paused' ) {
				this.say( { ...this.known, state: 'connecting' } );
			}
			this.member.join();
		}
	}

	/** Nobody looks: another tab may hold the connection. */
	private away(): void {
		clearTimeout( this.hiding );
		if ( this.isHere && ! this.isOver ) {
			this.isHere = false;
			this.member.leave();
			this.say( { ...this.known, state: 'paused', rung: null, leader: false } );
		}
	}

	private over( state: Over[ 'state' ] | 'closed' ): void {
		if ( this.isOver ) {
			return;
		}
		this.isOver = true;
		clearTimeout( this.hiding );
		document.removeEventListener( 'visibilitychange', this.see );
		removeEventListener( 'pagehide', this.go );
		removeEventListener( 'pageshow', this.see );
		this.member.leave();
		this.tellStatus( { ...this.status, state, rung: null, leader: false } );
		this.topicListeners.clear();
		this.statusListeners.clear();
	}

	private tell( topic: Topic, { e, s }: Pick< Info, 'e' | 's' > ): void {
		const { state } = this.feed.stream( topic );
		if ( state !== undefined && ! this.isPaused ) {
			this.topicListeners.get( topic )?.forEach( ( listener ) => safely( () => listener( state, { topic, filter: this.feed.name, e, s } ) ) );
		}
	}

	private counters( live: Json ): void {
		if ( live !== null && ! this.isPaused ) {
			this.topicListeners.get( 'live' )?.forEach( ( listener ) => safely( () => listener( live, { topic: 'live', filter: '', e: null, s: null } ) ) );
		}
	}

	/** A pause is the user's: the connection's own states do not show through it. */
	private say( status: Status ): void {
		this.known = status;
		if ( ! this.isOver ) {
			this.tellStatus( this.isPaused ? { ...status, state: 'paused' } : status );
		}
	}

	private tellStatus( status: Status ): void {
		this.status = status;
		this.statusListeners.forEach( ( listener ) => safely( () => listener( status ) ) );
	}
}

/** A listener that throws must not end the channel, nor the page's other scripts. */
function safely( what: () => void ): void {
	try {
		what();
	} catch ( error ) {
		console.error( error );
	}
}
