/** A way to the engine. All of them speak of the same streams, so that one can go on where another stopped. */

import type { Ack, Beat, Command, Filter, Hello, Json, Message, Topic } from './message';
import type { Over, Trouble } from './trouble';

export type RungName = 'websocket' | 'events' | 'polling';

/** What a connection is opened for. */
export interface Wish {
	readonly topics: readonly Topic[];
	readonly filter: Filter;
	/** The filter's name. */
	readonly name: string;
	/** What is known already. */
	readonly position: string | null;
}

/** What a connection tells. After `closed` it tells nothing more. */
export interface Sink {
	/** The way is open: what comes now comes at once. */
	open( hello: Hello | null ): void;
	message( message: Message ): void;
	/** @param stale The engine lives, and says itself that its figures do not move on. */
	beat( beat: Beat | null, stale?: boolean ): void;
	/** The engine is away: its counters in shared memory, if PHP can still read them. */
	counters( live: Json ): void;
	/** Milliseconds of a round trip. */
	latency( ms: number ): void;
	closed( why: Trouble | Over ): void;
}

export interface Connection {
	/** Never fails: what goes wrong is in the answer. */
	do( command: Command ): Promise< Ack >;
	/** Ends it, without `closed`. */
	close(): void;
}

export interface Rung {
	readonly name: RungName;
	/** Milliseconds within which it must be open. */
	readonly patience: number;
	/** Tells nothing before it has returned. @param wish Asked whenever something is sent: it may change. */
	open( wish: () => Wish, sink: Sink ): Connection;
}
