/** A server that has no time: which of its ways have said so, and how long it wants to be left alone. */

import type { Reasons } from './memory';
import type { Pace } from './pace';
import type { Rung } from './rung';
import { BUSY, SILENT, UNREACHED, type Trouble } from './trouble';

/** A way that is busy so many times in a row is passed by: PHP may still answer where the engine has no time. */
const ROUNDS = 2;

export class Rush {
	/** How many times in a row each way was busy. */
	private readonly times = new Map< Rung, number >();
	/** Its own work hangs, as it said when it was last heard: which way is used then is no finding. */
	public hangs = false;
	/** Milliseconds since 1970. */
	private until = 0;

	public constructor( private readonly pace: Pace ) {}

	/** What became of a try; null: it works. */
	public note( rung: Rung, why: Trouble | null ): void {
		if ( why?.kind === 'busy' ) {
			this.times.set( rung, ( this.times.get( rung ) ?? 0 ) + 1 );
			this.until = Date.now() + this.pause( why.after ?? 0 );
		} else {
			this.times.delete( rung );
		}
	}

	/** Whether it is time to look at what is below it. */
	public passes( rung: Rung ): boolean {
		return ( this.times.get( rung ) ?? 0 ) >= ROUNDS;
	}

	/** Milliseconds until the server may be asked again. */
	public get left(): number {
		return Math.max( 0, this.until - Date.now() );
	}

	/** How long to leave a server alone that wants so many milliseconds: longer, and not as long as everybody else. */
	public pause( after: number ): number {
		return after + this.pace.within( Math.max( after, 1000 ) );
	}

	/** The server says whether its own work hangs: if it does, it is no fault of the ways that nothing came over them. @return Whether it does. */
	public hang( reasons: Reasons, rungs: readonly Rung[], hangs = false ): boolean {
		this.hangs = hangs;
		Rush.excuse( reasons, hangs ? rungs : [], SILENT );
		return hangs;
	}

	/** A browser does not say why a WebSocket was refused: where a way that was tried after it is busy, it was that, too. */
	public static explain( reasons: Reasons, tried: readonly Rung[] ): void {
		Rush.excuse( reasons, tried, UNREACHED );
	}

	/** What looked like this was a server without time. */
	private static excuse( reasons: Reasons, rungs: readonly Rung[], looked: string ): void {
		for ( const { name } of rungs ) {
			if ( reasons[ name ] === looked ) {
				reasons[ name ] = BUSY;
			}
		}
	}
}
