/**
 * Forms: begun, being filled, abandoned, submitted. Only the form's name is told; what is in its fields is not even read.
 */
import type { BeaconEvent } from './core';
import { address, line } from './text';

/** Milliseconds between two events that say a form is being filled. */
const ACTIVE = 30e3;
/** A form that nobody touched for so long (ms) is abandoned. */
const ABANDONED = 300e3;
const FIELD = 'input:not([type=submit],[type=button],[type=reset],[type=image],[type=hidden]),textarea,select,[contenteditable]:not([contenteditable=false])';

interface Filling {
	name: string;
	/** When a field was last focused or written in, and when that was last told: ms of `performance.now()`. */
	touched: number;
	told: number;
}

export interface Forms {
	/** A DOM event: input, focusin or submit. */
	on( event: Event ): void;
	/** `active` for forms that are being filled, where it is time to say so. */
	active(): BeaconEvent[];
	/** The view ends: what was begun is abandoned, unless it was just submitted. */
	end(): BeaconEvent[];
}

/** What a form is called: attributes, since a field named "name" or "id" hides the property. */
function name( form: HTMLFormElement ): string {
	const attribute = ( key: string ): string => line( form.getAttribute( key ), 64 );
	return attribute( 'name' ) || attribute( 'id' ) || attribute( 'aria-label' ) || line( address( form.getAttribute( 'action' ) )?.pathname, 64 );
}

/**
 * @param send    Takes what leaves at once.
 * @param touched Whether the visitor has done anything on this page yet: pages focus fields by themselves.
 */
export function forms( send: ( event: BeaconEvent ) => void, touched: () => boolean ): Forms {
	const filling = new Map<HTMLFormElement, Filling>();
	const submits: Event[] = [];
	let timer = 0;

	const now = (): number => performance.now();
	const event = ( what: string, { name: form }: Filling ): BeaconEvent => [ 'f', what, form ];

	/** Gives up forms that nobody has touched for long, and looks again when the next one may be. */
	const idle = (): void => {
		clearTimeout( timer );
		let next = Infinity;
		filling.forEach( ( form, element ) => {
			const left = form.touched + ABANDONED - now();
			if ( left > 0 ) {
				next = Math.min( next, left );
			} else {
				filling.delete( element );
				send( event( 'abandon', form ) );
			}
		} );
		timer = next < Infinity ? setTimeout( idle, next + 1 ) : 0;
	};

	const touch = ( target: Element ): void => {
		const element = target.matches( FIELD ) && target.closest( 'form' );
		if ( ! element ) {
			return;
		}
		let form = filling.get( element );
		if ( ! form ) {
			filling.set( element, ( form = { name: name( element ), touched: 0, told: now() } ) );
			send( event( 'start', form ) );
		}
		form.touched = now();
		if ( ! timer ) {
			idle();
		}
	};

	/** Submits that the page's own scripts have seen by now. One that they stopped while a field is wrong was none. */
	const settle = (): BeaconEvent[] =>
		submits.splice( 0 ).flatMap( ( { target, defaultPrevented } ) => {
			const element = target as HTMLFormElement;
			if ( defaultPrevented && element.querySelector( ':invalid' ) ) {
				return [];
			}
			filling.delete( element );
			return [ [ 'f', 'submit', name( element ) ] ];
		} );

	return {
		on( happened ) {
			const { type, target } = happened;
			if ( ! ( target instanceof Element ) ) {
				return;
			}
			if ( type === 'submit' ) {
				submits.push( happened );
				// We are the first to hear of it: the page's scripts come next.
				setTimeout( () => settle().forEach( send ) );
			} else if ( type === 'input' || touched() ) {
				touch( target );
			}
		},
		active() {
			const form = filling.get( document.activeElement?.closest( 'form' ) as HTMLFormElement );
			if ( ! form || document.hidden || now() - form.told < ACTIVE || ! document.activeElement?.matches( FIELD ) ) {
				return [];
			}
			form.told = now();
			return [ event( 'active', form ) ];
		},
		end() {
			const events = settle();
			filling.forEach( ( form ) => events.push( event( 'abandon', form ) ) );
			filling.clear();
			clearTimeout( timer );
			timer = 0;
			return events;
		},
	};
}
