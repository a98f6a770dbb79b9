/** JavaScript errors and promises that nobody caught: what, where, and whether it is the site's own file. */
import type { BeaconEvent } from './core';
import { address, line, own, place } from './text';

const PER_VIEW = 5;
/** Browsers report it as an error; nothing is wrong. */
const NOISE = /^ResizeObserver loop/;

/** Messages may carry addresses, and those somebody's data. */
const message = ( text: unknown ): string => line( line( text, 1000 ).replace( /((?:https?:)?\/\/[^\s?#"')]+)[?#][^\s"')]*/g, '$1' ), 160 );

/** The first place in a stack: Chromium and Safari write it after "at " or "@", with line and column behind it. */
const inStack = ( stack: unknown ): [ string, number ] => {
	const [ , file = '', at = '0' ] = /((?:https?|file|[a-z-]+-extension):\/\/[^\s)]+?):(\d+)(?::\d+)?\)?\s*$/m.exec( String( stack ?? '' ).slice( 0, 4000 ) ) ?? [];
	return [ file, Number( at ) ];
};

export interface Errors {
	/** A DOM event: error or unhandledrejection. Pictures and scripts that did not load are not looked at. */
	on( event: Event ): void;
	/** A view begins: its errors are its own. */
	begin(): void;
}

export function errors( send: ( event: BeaconEvent ) => void ): Errors {
	const told = new Set<string>();

	const tell = ( text: unknown, file: string, at: number ): void => {
		const url = file ? address( file ) : undefined;
		const ours = !! url && own( url );
		const event: BeaconEvent = [ 'x', message( text ), url ? ( ours ? url.pathname.slice( 0, 300 ) : place( url ) ) : '', Math.max( 0, Math.trunc( at ) || 0 ), ours ? 1 : 0 ];
		const key = '' + event;
		if ( told.size < PER_VIEW && ! told.has( key ) && ! NOISE.test( event[ 1 ] ) ) {
			told.add( key );
			send( event );
		}
	};

	return {
		on( event ) {
			if ( event instanceof ErrorEvent ) {
				// A script of another host without CORS: the browser says no more than that.
				const [ file, at ] = event.filename ? [ event.filename, event.lineno ] : inStack( event.error?.stack );
				tell( event.message, file, at );
			} else if ( 'reason' in event ) {
				const reason = ( event as PromiseRejectionEvent ).reason;
				tell( reason instanceof Error ? `${ reason.name }: ${ reason.message }` : typeof reason === 'object' ? 'Unhandled rejection' : reason, ...inStack( reason?.stack ) );
			}
		},
		begin() {
			told.clear();
		},
	};
}
