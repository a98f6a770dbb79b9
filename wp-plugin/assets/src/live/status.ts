/** What a dashboard should know about the way its figures come. */

import type { Reasons } from './memory';
import type { RungName } from './rung';

export interface Status {
	/**
	 * `connecting`: nothing yet, or nothing any more since a moment ago. `live`: figures come. `refused`: the engine does not
	 * take the filter, `refusal` says why. `noEngine`: nobody counts. `offline`: the server did not answer several times in a
	 * row; it is tried again. `paused`: nobody looks. `loggedOut`, `address` (no token is good under the page's address) and
	 * `closed` are final.
	 */
	readonly state: 'connecting' | 'live' | 'refused' | 'noEngine' | 'offline' | 'paused' | 'loggedOut' | 'address' | 'closed';
	/** `bad-request`: it is no filter; `too-many-filters`: others are in use, it is asked for again. Null while none is refused. */
	readonly refusal: string | null;
	/** Null while there is no connection. */
	readonly rung: RungName | null;
	/** What is shown may be old: nothing was heard for a minute, only the counters are known, or the engine itself says so. */
	readonly stale: boolean;
	/** Milliseconds of the last round trip. */
	readonly latency: number | null;
	/** Why each rung that does not work does not. */
	readonly reasons: Reasons;
	/** Whether this tab holds the connection of the browser. */
	readonly leader: boolean;
}

export const CONNECTING: Status = { state: 'connecting', refusal: null, rung: null, stale: false, latency: null, reasons: {}, leader: false };
