/**
 * How long the visitor was engaged with the view (it was visible, and something was done in the last 15 s),
 * and how far down the page the viewport has been.
 */
import type { BeaconEvent } from './core';

const ENGAGED_FOR = 15e3;
/** Milliseconds between two looks at the page while it scrolls: each may make the browser lay it out. */
const LOOK = 250;
const SIGNS = [ 'pointerdown', 'pointermove', 'keydown', 'wheel', 'touchmove', 'scroll' ];

export interface Engagement {
	/** A view begins. */
	begin(): void;
	/** The page was shown or hidden. */
	shown( visible: boolean ): void;
	/** When something was last done, in ms of `performance.now()`; 0 never. */
	touched(): number;
	/** `["e", …]` if it is not what was told last. */
	event(): BeaconEvent[];
	/** The page is about to be another one: no look at it any more until the next view begins. */
	freeze(): void;
}

export function engagement(): Engagement {
	const now = (): number => performance.now();
	let sum = 0;
	/** Up to here time is in the sum; from here to `until` the visitor counts as engaged. */
	let from = now();
	let until = 0;
	let last = 0;
	let depth = 0;
	let tall = 0;
	let told = '';
	let timer = 0;

	const settle = (): void => {
		const time = now();
		sum += Math.max( 0, Math.min( time, until ) - from );
		from = time;
	};

	const look = (): void => {
		timer = 0;
		const { scrollHeight } = document.documentElement;
		if ( scrollHeight > 0 && ! document.hidden ) {
			depth = Math.max( depth, Math.min( 100, Math.floor( ( ( scrollY + innerHeight ) / scrollHeight ) * 100 + 0.1 ) ) );
			tall = scrollHeight > 1.2 * innerHeight ? 1 : 0;
		}
	};

	const sign = ( { type, target }: Event ): void => {
		// Carousels scroll by themselves; the page does not.
		if ( type === 'scroll' ) {
			if ( target !== document ) {
				return;
			}
			timer = timer || setTimeout( look, LOOK );
		}
		if ( ! document.hidden ) {
			settle();
			last = from;
			until = from + ENGAGED_FOR;
		}
	};
	SIGNS.forEach( ( type ) => addEventListener( type, sign, { capture: true, passive: true } ) );

	const freeze = (): void => {
		clearTimeout( timer );
		timer = 0;
	};
	look();

	return {
		begin() {
			freeze();
			settle();
			sum = depth = tall = 0;
			told = '';
			look();
		},
		shown( visible ) {
			settle();
			until = visible ? until : 0;
		},
		touched: () => last,
		event() {
			settle();
			if ( timer ) {
				freeze();
				look();
			}
			const event: BeaconEvent = [ 'e', Math.floor( sum / 1e3 ), depth, tall ];
			if ( told === '' + event ) {
				return [];
			}
			told = '' + event;
			return [ event ];
		},
		freeze,
	};
}
