/** Why something did not work. */

/** What to do about it: `denied` wants another token, `busy` wants time, `broken` wants to be tried again, `silent` another rung. */
export type Kind = 'denied' | 'busy' | 'broken' | 'silent';

/** Of a handshake that failed, which a browser says no more about; of one that failed because the server had no time. */
export const UNREACHED = 'not reached';
export const BUSY = 'busy';

export class Trouble extends Error {
	/**
	 * @param reason In a word or two, for who looks after the site.
	 * @param kind   What to do about it.
	 * @param after  Milliseconds to wait at least, if the server said so.
	 * @param away   The web server answered for an engine that is not there: it says nothing about the way to it.
	 */
	public constructor(
		public readonly reason: string,
		public readonly kind: Kind = 'broken',
		public readonly after: number | null = null,
		public readonly away = false
	) {
		super( reason );
	}

	public static from( error: unknown ): Trouble {
		return error instanceof Trouble ? error : new Trouble( error instanceof Error && error.message !== '' ? error.message : 'failed' );
	}
}

/** It is over until the page is loaded anew: logged out, or opened under an address that no token is for. */
export class Over extends Error {
	public constructor( public readonly state: 'loggedOut' | 'address' ) {
		super( state );
	}
}

/** The engine's words for a token that it does not take. */
const DENIALS = [ 'malformed', 'signature', 'expired', 'site', 'purpose', 'chain', 'revoked', 'absent', 'denied' ];

/** @throws Over for an address that no other token would help under. */
export function denial( reason: string ): Trouble {
	if ( reason === 'origin' ) {
		throw new Over( 'address' );
	}
	return new Trouble( reason, DENIALS.includes( reason ) ? 'denied' : 'broken' );
}
