/** What the tabs of a browser say to each other. `to`: only for one of them. */

import type { Ack, Command, Json, Message, Topic } from './message';
import type { Status } from './status';

export type Note =
	| { kind: 'lead'; from: string }
	| { kind: 'want'; from: string; filter: string; topics: readonly Topic[]; position: string | null }
	| { kind: 'leave'; from: string }
	| { kind: 'message'; to?: string; message: Message }
	| { kind: 'counters'; filter: string; live: Json }
	| { kind: 'beat'; filter: string }
	| { kind: 'status'; to?: string; filter: string; status: Status }
	| { kind: 'do'; from: string; id: number; filter: string; command: Command }
	| { kind: 'ack'; to: string; id: number; ack: Ack };
