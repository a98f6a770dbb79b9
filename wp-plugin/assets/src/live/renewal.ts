/** Keeps an open connection's token good: well before its end the engine is given another one. */

import type { Ack, Command } from './message';
import type { Token } from './token';
import { Over, Trouble } from './trouble';

const RETRY = 5000; // ms until a token is asked for again that could not be had

export class Renewal {
	private timer: ReturnType< typeof setTimeout > | undefined;
	/** Counts connections: what an older one still says is not heard. */
	private turn = 0;

	/**
	 * @param give Hands the engine a command over the connection.
	 * @param over Called when there is no token any more.
	 */
	public constructor(
		private readonly token: Token,
		private readonly give: ( command: Command ) => Promise< Ack >,
		private readonly over: ( state: Over[ 'state' ] ) => void
	) {}

	/** @param life Milliseconds until the connection ends. */
	public before( life: number ): void {
		clearTimeout( this.timer );
		// Not all dashboards of a server at once.
		this.timer = setTimeout( () => void this.renew(), Math.max( 1000, life * ( 0.5 + 0.25 * Math.random() ) ) );
	}

	/** The connection is no more, or another one. */
	public stop(): void {
		this.turn++;
		clearTimeout( this.timer );
	}

	private async renew(): Promise< void > {
		const { turn } = this;
		try {
			const token = await this.token.prolong();
			if ( this.turn !== turn ) {
				return;
			}
			const { ok, expires, time } = await this.give( { do: 'token', token } );
			if ( this.turn !== turn ) {
				return;
			}
			if ( ! ok ) {
				throw new Trouble( 'renewal' );
			}
			if ( time !== undefined ) {
				this.token.clock( time );
			}
			this.before( expires === undefined ? this.token.life() : this.token.until( expires ) );
		} catch ( error ) {
			if ( this.turn !== turn ) {
				return;
			}
			if ( error instanceof Over ) {
				this.over( error.state );
			} else {
				this.timer = setTimeout( () => void this.renew(), RETRY );
			}
		}
	}
}
