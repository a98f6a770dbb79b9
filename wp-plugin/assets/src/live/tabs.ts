/** What the tabs of a browser say to each other. `to`: only for one of them. */

import { isObject, type Ack, type Command, type Json, type Message, type Topic } from './message';
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

export class Tabs {
	private channel: BroadcastChannel | null = null;

	/** @param name The same in all tabs that share. */
	public constructor( private readonly name: string ) {}

	/** @param hear Called with what others say. */
	public open( hear: ( note: Note ) => void ): void {
		this.channel = new BroadcastChannel( this.name );
		this.channel.onmessage = ( { data } ) => isObject( data ) && hear( data as unknown as Note );
	}

	/** To all others that are open. */
	public post( note: Note ): void {
		try {
			this.channel?.postMessage( note );
		} catch {
			// Something that cannot be copied: who misses it asks again.
		}
	}

	public close(): void {
		this.channel?.close();
		this.channel = null;
	}
}
