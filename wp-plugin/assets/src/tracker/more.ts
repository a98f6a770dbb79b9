/**
 * The second file of the tracker: what the inline script does not need to do at once. See core.ts for how they meet.
 *
 * It stands between the inline script and its queue: every event of a view passes here, and what is to be told of the
 * view rides along. An error in here must reach neither the page nor the events that pass.
 */
import { clicks, leadsOn } from './clicks';
import type { BeaconEvent, Call, Core, Note, SelectorGoal } from './core';
import { engagement } from './engagement';
import { errors } from './errors';
import { forms } from './forms';
import { here, navigation } from './navigation';
import { outbox } from './outbox';
import { bytes, line } from './text';
import { timing } from './timing';

/** A link was clicked so recently (ms) that the page is left for it: it goes only when the next one answers. */
const LEAVING = 5e3;
const PROPERTIES_MAX = 512;

function guarded<T>( work: () => T, otherwise: T ): T {
	try {
		return work();
	} catch {
		return otherwise;
	}
}

function start( core: Core, notes: Note[], goals: SelectorGoal[] = [] ): void {
	const push = core.push_;
	const out = outbox( core );
	const engaged = engagement();
	const times = timing();
	const onClick = clicks( out.send, goals );
	const onForm = forms( out.send, () => engaged.touched() > 0 );
	const onError = errors( out.send );
	/** When a link of the site was last followed. */
	let followed = -LEAVING;
	/** Where a single-page navigation came from, while its view begins. */
	let from = '';
	/** The last word of a view whose page is being replaced. */
	let last: BeaconEvent[] = [];

	const track = ( [ name, props ]: Call ): void => {
		const text = line( name, 64 );
		const json = props && typeof props === 'object' ? JSON.stringify( props ) : '';
		if ( text ) {
			// Control characters cannot be: JSON writes them as \u00…, which the collector refuses as well.
			out.send( [ 'g', text, bytes( json ) > PROPERTIES_MAX || /\\u00[01]|\\[bfnrt]/.test( json ) ? '' : json ] );
		}
	};

	const take = ( note: Note ): void => {
		if ( ! core.queue_ ) {
			return; // No consent, or not any more.
		}
		if ( Array.isArray( note ) ) {
			track( note );
		} else if ( note instanceof Event ) {
			switch ( note.type ) {
				case 'click':
				case 'auxclick':
					onClick( note );
					break;
				case 'input':
				case 'focusin':
				case 'submit':
					onForm.on( note );
					break;
				case 'error':
				case 'unhandledrejection':
					onError.on( note );
			}
			if ( leadsOn( note ) ) {
				followed = note.timeStamp;
			}
		}
	};
	const takeSafely = ( note: Note ): void => guarded( () => take( note ), undefined );

	/** What rides along with an event, before it. The event itself may be completed. */
	const riding = ( event: BeaconEvent ): BeaconEvent[] => {
		switch ( event[ 0 ] ) {
			case 'v':
				out.clear();
				onForm.end();
				onError.begin();
				engaged.begin();
				times.end();
				if ( event[ 4 ] === 1 ) {
					event[ 2 ] = from.slice( 0, 300 );
					event.length = 5; // Who wrote the new page is not known here.
				}
				return [];
			case 'l':
				event[ 1 ] = from || performance.now() - followed < LEAVING ? 1 : 0;
				return [ ...out.take(), ...onForm.end(), ...( from ? last : engaged.event() ), ...times.event( true ) ];
			case 'h':
			case 's':
				engaged.shown( event[ 0 ] === 's' );
				return event[ 0 ] === 'h' ? [ ...out.take(), ...engaged.event(), ...times.event( true ) ] : [];
			case 'e':
			case 't':
				return [];
			default:
				return [ ...engaged.event(), ...onForm.active(), ...times.event( false ) ];
		}
	};

	core.push_ = ( urgent, ...events ) => {
		const first = events[ 0 ];
		const rides = first && core.queue_ ? guarded( () => riding( first ), [] ) : [];
		push( urgent, ...rides, ...events );
	};

	const moved = ( origin: string ): void => {
		if ( core.queue_ ) {
			from = origin;
			core.push_( 0, [ 'l', 1 ] );
			core.begin_( 1 );
			from = '';
		}
	};

	guarded( () => {
		navigation(
			( origin ) => guarded( () => moved( origin ), undefined ),
			() => {
				last = guarded( engaged.event, [] );
			}
		);
		[ 'focusin', 'auxclick' ].forEach( ( type ) => addEventListener( type, takeSafely, true ) );
		// The network is back: what waits need not wait longer.
		addEventListener( 'online', () => core.push_( 0 ) );
	}, undefined );

	notes.splice( 0 ).forEach( takeSafely );
	notes.push = ( note ) => {
		takeSafely( note );
		return 0;
	};
}

export { start as s };
