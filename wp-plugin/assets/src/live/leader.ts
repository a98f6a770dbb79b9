/** One of the browser's tabs holds the connection. Web Locks say which: the next one takes over when it goes, however it goes. */

export class Leader {
	/** Ends holding the lock. */
	private release: ( () => void ) | null = null;
	/** What was asked for last: to be given the lock in turn. */
	private waiting: AbortController | null = null;
	/** By which request the lock is held. */
	private holding: AbortController | null = null;

	/**
	 * @param name  The same in all tabs that share.
	 * @param lead  Called when this tab has become the one.
	 * @param lost  Called when another has taken the place.
	 * @param locks Absent where the page is not secure: then every tab leads, for itself.
	 */
	public constructor(
		private readonly name: string,
		private readonly lead: () => void,
		private readonly lost: () => void,
		private readonly locks: LockManager | null
	) {}

	public get leads(): boolean {
		return this.release !== null;
	}

	/** Leads as soon as no other does. */
	public join(): void {
		if ( ! this.leads && this.waiting === null ) {
			this.ask( false );
		}
	}

	/** Leads now: the other one has a place that it does not fill, as a tab that the browser has put to sleep. */
	public take(): void {
		if ( ! this.leads ) {
			this.waiting?.abort();
			this.ask( true );
		}
	}

	/** Leads no more, and does not wait for it. */
	public leave(): void {
		this.waiting?.abort();
		this.waiting = this.holding = null;
		this.release?.();
		this.release = null;
	}

	private ask( steal: boolean ): void {
		const waiting = new AbortController();
		this.waiting = waiting;
		if ( this.locks === null ) {
			this.begin( waiting, () => undefined );
			return;
		}
		this.locks
			.request( this.name, steal ? { steal } : { signal: waiting.signal }, () => new Promise< void >( ( release ) => this.begin( waiting, release ) ) )
			.catch( () => {
				if ( this.holding === waiting ) {
					this.release = this.holding = null;
					this.lost();
				} else if ( this.waiting === waiting ) {
					this.begin( waiting, () => undefined ); // Locks are not allowed here.
				}
			} );
	}

	private begin( waiting: AbortController, release: () => void ): void {
		if ( this.waiting !== waiting ) {
			release(); // Left meanwhile.
			return;
		}
		this.waiting = null;
		this.holding = waiting;
		this.release = release;
		this.lead();
	}
}
