/**
 * Events that leave at once, but not more than ten times a second, and never more than a beacon may carry:
 * while beacons cannot get through they wait here, 64 at most.
 */
import type { BeaconEvent, Core } from './core';
import { bytes } from './text';

/** Milliseconds between two beacons of ours. */
const PACE = 100;
/** … and until the next try while the last one has not got through. */
const STUCK = 1e3;
/** Bytes of events in a beacon of 4 KiB that also has an address of up to 1 KiB. */
const ROOM = 2800;
const MOST = 64;

export interface Outbox {
	/** Sends an event as soon as may be. */
	send( event: BeaconEvent ): void;
	/** What waits, as far as it fits the next beacon; it is taken away here. */
	take(): BeaconEvent[];
	/** The view has ended, and what did not fit its last beacon with it. */
	clear(): void;
}

export function outbox( core: Core ): Outbox {
	let waiting: BeaconEvent[] = [];
	let timer = 0;

	const take = (): BeaconEvent[] => {
		const queue = core.queue_ ?? [];
		let room = ROOM - bytes( JSON.stringify( queue ) );
		// The inline script takes nothing once it has sixty.
		const count = waiting.findIndex( ( event, n ) => ( room -= bytes( JSON.stringify( event ) ) + 1 ) < 0 || n + queue.length > 50 );
		return waiting.splice( 0, count < 0 ? MOST : count );
	};

	const pump = (): void => {
		if ( ! timer && waiting.length ) {
			const taken = take();
			timer = setTimeout(
				() => {
					timer = 0;
					pump();
				},
				taken.length ? PACE : STUCK
			);
			if ( taken.length ) {
				core.push_( 0, ...taken );
			}
		}
	};

	return {
		send( event ) {
			if ( core.queue_ && waiting.length < MOST ) {
				waiting.push( event );
				pump();
			}
		},
		take,
		clear() {
			waiting = [];
		},
	};
}
