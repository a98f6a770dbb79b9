/** How long to wait before the next try: longer each time, and never at the same moment as everybody else. */

const JITTER = 0.5;

export class Backoff {
	private tries = 0;

	/**
	 * @param first Milliseconds before the first try, on average.
	 * @param most  Milliseconds at most.
	 */
	public constructor(
		private readonly first = 1000,
		private readonly most = 30_000,
		private readonly random: () => number = Math.random
	) {}

	/** @param most Milliseconds at most, this time. */
	public next( most = this.most ): number {
		const middle = Math.min( most, this.first * 2 ** Math.min( this.tries++, 20 ) );
		return Math.min( most, this.spread( middle ) );
	}

	/** A moment around the one given. */
	public spread( middle: number ): number {
		return Math.round( middle * ( 1 - JITTER + 2 * JITTER * this.random() ) );
	}

	/** A moment not later than the one given: the server wants nobody after it, and not all at once. */
	public within( most: number ): number {
		return Math.round( most * this.random() );
	}

	public reset(): void {
		this.tries = 0;
	}
}
