/** Commands that went to the leader, until it answers. */

import type { Ack } from './message';

const PATIENCE = 6000; // ms until a command counts as lost

export class Answers {
	private asked = 0;
	private readonly waiting = new Map< number, ( ack: Ack ) => void >();

	/** @param send Called with the number by which the answer will be known. */
	public ask( send: ( id: number ) => void ): Promise< Ack > {
		return new Promise( ( done ) => {
			const id = ++this.asked;
			const timer = setTimeout( () => this.take( id, { ok: false, code: 'offline' } ), PATIENCE );
			this.waiting.set( id, ( ack ) => {
				clearTimeout( timer );
				this.waiting.delete( id );
				done( ack );
			} );
			send( id );
		} );
	}

	public take( id: number, ack: Ack ): void {
		this.waiting.get( id )?.( ack );
	}

	/** There will be none. */
	public end(): void {
		this.waiting.forEach( ( answer ) => answer( { ok: false, code: 'offline' } ) );
	}
}
