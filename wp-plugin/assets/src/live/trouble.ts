/** Why something did not work. */

/**
 * What to do about it: `denied` wants another token, `busy` wants time, `broken` wants to be tried again, `silent` another
 * rung, `refused` another filter: the engine is there, and no other way to it would help.
 */
export type Kind = 'denied' | 'busy' | 'broken' | 'silent' | 'refused';

/** Of a handshake that failed, which a browser says no more about; of one that failed because the server had no time. */
export const UNREACHED = 'not reached';
export const BUSY = 'busy';

/** Of a connection over which nothing came any more, though it seemed to be there. */
export const SILENT = 'silent';

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

/** The engine's words for a question that it does not understand, and for a filter that it has no room for. */
export const UNCLEAR = 'bad-request';
const CROWDED = 'too-many-filters';

/** A filter that was let in and put out again needs more room than there is: its return would take it from others. */
const PUT_OUT = 30_000; // ms

/** Whether the engine refuses a filter with this word. */
export function refuses( reason: string | undefined, filter: string ): boolean {
	return filter !== '' && ( reason === UNCLEAR || reason === CROWDED );
}

/**
 * What the engine's word for a refusal means.
 *
 * @param filter Name of the filter that was asked for, '' for none.
 * @throws Over for an address that no other token would help under.
 */
export function denial( reason: string, filter = '' ): Trouble {
	if ( reason === 'origin' ) {
		throw new Over( 'address' );
	}
	return new Trouble( reason, DENIALS.includes( reason ) ? 'denied' : refuses( reason, filter ) ? 'refused' : 'broken' );
}

/** What the engine's word for the end of a connection means that it had let in, with its filter. @throws As denial(). */
export function ending( reason: string ): Trouble {
	return reason === CROWDED ? new Trouble( reason, 'refused', PUT_OUT ) : denial( reason );
}
