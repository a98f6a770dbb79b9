/** The state of one topic, and how it moves on: a patch applies only to the number it was made for. */

import type { Json, Message, Topic } from './message';
import { apply } from './patch';

/** What became of a message: the state is newer now; it was known already; something between is missing. */
export type Taken = 'new' | 'old' | 'gap';

export class Stream {
	/** Undefined until the first put. */
	public state: Json | undefined;
	public e = '';
	public s = 0;

	public constructor( public readonly topic: Topic ) {}

	public take( message: Message ): Taken {
		const same = this.state !== undefined && this.e === message.e;
		if ( 'data' in message ) {
			// A number never goes back within an epoch: this one was overtaken.
			if ( same && message.s < this.s ) {
				return 'old';
			}
			this.keep( message, message.data );
			return 'new';
		}
		if ( same && message.s <= this.s ) {
			return 'old';
		}
		if ( ! same || this.state === undefined || message.b !== this.s ) {
			return 'gap';
		}
		try {
			this.keep( message, apply( this.state, message.ops, this.topic ) );
			return 'new';
		} catch {
			// What is known here is not what the engine believes: it must send all of it.
			this.forget();
			return 'gap';
		}
	}

	/** Whether the engine says that the stream is further than what came here. */
	public isBehind( e: string, s: number ): boolean {
		return this.state === undefined || this.e !== e || s > this.s;
	}

	/** The state stays to be looked at; the next one must come whole. */
	public forget(): void {
		this.e = '';
		this.s = 0;
	}

	/** The state as a put, for another tab. */
	public put( filter: string ): Message | null {
		return this.state === undefined || this.e === '' ? null : { t: this.topic, f: filter, e: this.e, s: this.s, data: this.state };
	}

	private keep( { e, s }: Message, state: Json ): void {
		this.state = state;
		this.e = e;
		this.s = s;
	}
}
