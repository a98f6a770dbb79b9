/** When the ladder tries again: soon after a loss, later each time while nothing opens. */

import { Backoff } from './backoff';

/** Who loses a connection that lived this long, or a few that did not, comes back soon: the server begins anew. */
const BRIEF = 3000; // ms
const SOON = 4000; // ms at most
/** So many brief ones in a row are no beginning: something lets in and cuts, and must not be hammered by everybody. */
const LOOP = 10;
/** Between two looks at better rungs that have never worked here, at first and at most. */
const LOOK = [ 60_000, 1_800_000 ] as const; // ms

export class Pace {
	private readonly tries: Backoff;
	private readonly losses: Backoff;
	private readonly hurried: Backoff;
	private readonly unhurried: Backoff;
	/** How many connections in a row were brief. */
	private brief = 0;

	public constructor( random: () => number ) {
		this.tries = new Backoff( undefined, undefined, random );
		this.losses = new Backoff( undefined, undefined, random );
		this.hurried = new Backoff( undefined, undefined, random );
		this.unhurried = new Backoff( ...LOOK, random );
	}

	/** No way holds. @return Milliseconds until all are tried again. */
	public failed(): number {
		return this.tries.next();
	}

	/** One does: what did not open before counts no more. */
	public opened(): void {
		this.tries.reset();
	}

	/**
	 * A connection was lost.
	 *
	 * @param life   Milliseconds since it was opened.
	 * @param steady How long it should have lived at least.
	 * @return Milliseconds until the first try.
	 */
	public lost( life: number, steady = BRIEF ): number {
		if ( life >= steady ) {
			this.brief = 0;
			this.losses.reset();
		}
		return this.losses.next( this.brief++ < LOOP ? SOON : undefined );
	}

	/** @return Milliseconds until better rungs are looked at, soon if one of them has worked before. */
	public look( soon: boolean ): number {
		return soon ? this.hurried.next() : this.unhurried.next();
	}

	/** There is no better one. */
	public top(): void {
		this.hurried.reset();
		this.unhurried.reset();
	}

	/** A moment not later than the one given, for who was told when to come back. */
	public within( most: number ): number {
		return this.tries.within( most );
	}
}
