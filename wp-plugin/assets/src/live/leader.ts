/** One of the browser's tabs holds the connection. Web Locks say which: the next one takes over when it goes, however it goes. */

export class Leader {
	private release: ( () => void ) | null = null;
	private waiting: AbortController | null = null;

	/**
	 * @param name  The same in all tabs that share.
	 * @param lead  Called when this tab has become the one.
	 * @param locks Absent where the page is not secure: then every tab leads, for itself.
	 */
	public constructor(
		private readonly name: string,
		private readonly lead: () => void,
		private readonly locks: LockManager | null
	) {}

	public get leads(): boolean {
		return this.release !== null;
	}

	/** Leads as soon as no other does. */
	public join(): void {
		if ( this.leads || this.waiting !== null ) {
			return;
		}
		const waiting = new AbortController();
		this.waiting = waiting;
		if ( this.locks === null ) {
			this.begin( waiting, () => undefined );
			return;
		}
		this.locks
			.request( this.name, { signal: waiting.signal }, () => new Promise< void >( ( release ) => this.begin( waiting, release ) ) )
			.catch( () => {
				// Taken back by leave(), or locks are not allowed here.
				if ( ! waiting.signal.aborted ) {
					this.begin( waiting, () => undefined );
				}
			} );
	}

	/** Leads no more, and does not wait for it. */
	public leave(): void {
		this.waiting?.abort();
		this.waiting = null;
		this.release?.();
		this.release = null;
	}

	private begin( waiting: AbortController, release: () => void ): void {
		if ( this.waiting !== waiting ) {
			release(); // Left meanwhile.
			return;
		}
		this.waiting = null;
		this.release = release;
		this.lead();
	}
}
