/** Asks for the live figures again and again, while the tab is looked at and the user is logged in. */

import type { Config, Live, State } from './types';

const TIMEOUT = 10_000; // ms for one request
const SLOWEST = 60_000; // ms between two tries of a server that does not answer

export class Channel {
	private token: string | null;
	private nonce: string;
	private timer = 0;
	private asking = false;
	private stopped = false;
	private failures = 0;

	public constructor(
		private readonly config: Config,
		private readonly show: ( state: State ) => void
	) {
		this.token = config.token;
		this.nonce = config.nonce;
	}

	public start(): void {
		document.addEventListener( 'visibilitychange', () => this.next( 0 ) );
		this.next( 0 );
	}

	/** Asks after a while, or not at all while nobody looks. */
	private next( delay: number ): void {
		clearTimeout( this.timer );
		if ( ! this.stopped && ! document.hidden ) {
			this.timer = setTimeout( () => void this.turn(), delay );
		}
	}

	private async turn(): Promise<void> {
		if ( this.asking ) {
			return;
		}
		this.asking = true;
		try {
			const state = await this.ask();
			this.failures = 0;
			// Either lasts until the page is loaded anew.
			this.stopped = state.kind === 'loggedOut' || state.kind === 'address';
			this.show( state );
		} catch {
			// One failure may be a hiccup of the network.
			if ( ++this.failures > 1 ) {
				this.show( { kind: 'offline' } );
			}
		}
		this.asking = false;
		const interval = this.config.interval * 1000;
		this.next( Math.min( interval * 2 ** Math.min( this.failures, 6 ), Math.max( interval, SLOWEST ) ) );
	}

	private async ask(): Promise<State> {
		if ( this.token === null && ! ( await this.renew() ) ) {
			return { kind: 'loggedOut' };
		}
		let answer = await this.question();
		if ( answer.status === 401 && ! isForeign( answer ) ) {
			// The token is too old: the tab was hidden for a while, or its chain of renewals has ended.
			if ( ! ( await this.renew() ) ) {
				return { kind: 'loggedOut' };
			}
			answer = await this.question();
		}
		if ( isForeign( answer ) ) {
			return { kind: 'address' };
		}
		if ( ! answer.ok ) {
			throw new Error( String( answer.status ) );
		}
		const { token, live } = ( await answer.json() ) as { token: string | null; live: Live | null };
		this.token = token;
		return live === null ? { kind: 'noEngine' } : { kind: 'live', live };
	}

	private question(): Promise<Response> {
		return request( this.config.live, { method: 'POST', headers: { 'X-Qahm-Realtime-Token': this.token ?? '' } } );
	}

	/** Gets a token from WordPress. False when the user is logged out, or may not see the figures any more. */
	private async renew(): Promise<boolean> {
		const ask = (): Promise<Response> =>
			request( this.config.renew, { method: 'POST', headers: { 'X-WP-Nonce': this.nonce } } );
		let answer = await ask();
		if ( answer.status === 403 || answer.status === 401 ) {
			// A nonce lives a day at most; who is still logged in gets a new one.
			const nonce = await request( this.config.nonceUrl, {} );
			if ( ! nonce.ok ) {
				return false;
			}
			this.nonce = ( await nonce.text() ).trim();
			answer = await ask();
		}
		if ( answer.status === 403 || answer.status === 401 ) {
			return false;
		}
		if ( ! answer.ok ) {
			throw new Error( String( answer.status ) );
		}
		this.token = ( ( await answer.json() ) as { token: string | null } ).token;
		if ( this.token === null ) {
			throw new Error( 'no token' );
		}
		return true;
	}
}

/** Tokens are for the site's own address: no new one would help under another. */
function isForeign( answer: Response ): boolean {
	return answer.status === 401 && answer.headers.get( 'X-Qahm-Realtime' ) === 'origin';
}

async function request( url: string, options: RequestInit ): Promise<Response> {
	const abort = new AbortController();
	const timer = setTimeout( () => abort.abort(), TIMEOUT );
	try {
		return await fetch( url, { ...options, credentials: 'same-origin', cache: 'no-store', signal: abort.signal } );
	} finally {
		clearTimeout( timer );
	}
}
