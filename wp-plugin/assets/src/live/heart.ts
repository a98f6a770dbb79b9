/** Listens for signs of life. The engine beats every 30 s; who misses two beats in a row shows old figures. */

export const BEAT = 30_000;

export class Heart {
	private timer: ReturnType< typeof setTimeout > | undefined;

	/** @param silent Called when nothing was heard for two beats, and again after each two more. */
	public constructor( private readonly silent: () => void ) {}

	public alive(): void {
		clearTimeout( this.timer );
		this.timer = setTimeout( () => {
			this.alive();
			this.silent();
		}, 2 * BEAT );
	}

	public stop(): void {
		clearTimeout( this.timer );
	}
}
