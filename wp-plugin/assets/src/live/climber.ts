/** Who stands on a ladder hears what it tells. */

import type { Beat, Hello, Json, Message } from './message';
import type { Over } from './trouble';

export interface Climber {
	/** A connection is open, perhaps a better one in place of another. */
	settled( hello: Hello | null ): void;
	/** There is none any more: milliseconds until the next try. */
	lost( pause: number ): void;
	/** There is none, and no rung holds: how many times in a row all were tried. */
	failed( times: number ): void;
	/** There is none, for the filter is refused. */
	refused( reason: string ): void;
	message( message: Message ): void;
	beat( beat: Beat | null, stale?: boolean ): void;
	counters( live: Json ): void;
	latency( ms: number ): void;
	over( state: Over[ 'state' ] ): void;
}
