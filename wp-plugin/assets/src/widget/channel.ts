/** What the live channel tells, in the view's words. */

import { connect } from '../live/connect';
import type { Status } from '../live/status';
import type { Config, Live, State } from './types';

/** Pages that the widget has room for. The channel tells of more; PHP, when it answers alone, asks for no more. */
const PAGES = 5;

/** Shows every state, as long as the page is open and the user is logged in. */
export function follow( config: Config, show: ( state: State ) => void ): void {
	let live: Live | null = null;
	let shown = '';
	// The engine still answers and beats when its own work hangs, and says that nothing moves on.
	let old = false;
	const present = ( of: Live ): void => {
		shown = 'live';
		show( { kind: 'live', live: old ? { ...of, stale: true } : of } );
	};
	const channel = connect( { ...config, topics: [ 'live' ] } );
	channel.on( 'live', ( state, { e } ) => {
		live = state as unknown as Live;
		if ( e !== null && live.pages !== undefined ) {
			live = { ...live, pages: live.pages.slice( 0, PAGES ) };
		}
		present( live );
	} );
	channel.on( 'status', ( status ) => {
		const kind = troubleOf( status, live !== null );
		const was = old;
		old = status.rung !== null && status.stale;
		if ( kind !== null && kind !== shown ) {
			shown = kind;
			show( { kind } );
		} else if ( kind === null && ( shown !== 'live' || old !== was ) && live !== null && status.state === 'live' ) {
			// It is there again, and nothing has changed meanwhile.
			present( live );
		}
	} );
}

/** What is to be said in place of a state, where there is one. */
function troubleOf( { state, stale, rung }: Status, isThere: boolean ): Exclude< State[ 'kind' ], 'live' > | null {
	if ( state === 'loggedOut' || state === 'address' || state === 'noEngine' || state === 'offline' ) {
		return state;
	}
	// While there is a connection there are figures, of whatever age.
	return state !== 'paused' && stale && ( rung === null || ( rung !== 'polling' && ! isThere ) ) ? 'offline' : null;
}
