/**
 * Navigation timing and web vitals of a page that was loaded in front of its visitor: each value once.
 *
 * A page that was rendered in advance, came out of the bfcache or loaded in a background tab has no times worth
 * comparing: the `web-vitals` library reports no first paint for the last, which is how it is known here.
 */
import { onCLS, onFCP, onINP, onLCP } from 'web-vitals';
import type { BeaconEvent } from './core';

export interface Timing {
	/** What is known and was not told: load, ttfb and fcp once they are all there; when the page is hidden, the others and what is missing. */
	event( hidden: boolean ): BeaconEvent[];
	/** The view has ended: what comes now has no view. */
	end(): void;
}

export function timing(): Timing {
	const [ navigation ] = performance.getEntriesByType( 'navigation' ) as PerformanceNavigationTiming[];
	const value: Record<string, number> = {};
	let over = ! navigation || ( ( navigation as { activationStart?: number } ).activationStart ?? 0 ) > 0;

	if ( ! over ) {
		const report = ( { name, value: measured }: { name: string; value: number } ): void => {
			value[ name ] = name === 'CLS' ? measured * 1e3 : measured;
		};
		// Every change, so that the values are there when the page goes: its last moment comes to us first.
		const all = { reportAllChanges: true };
		onFCP( report );
		onLCP( report, all );
		onINP( report, all );
		onCLS( report, all );
	}

	return {
		event( hidden ) {
			if ( over || value.FCP === undefined ) {
				return [];
			}
			value.TTFB ??= navigation!.responseStart;
			if ( navigation!.loadEventStart > 0 ) {
				value.load ??= navigation!.loadEventStart;
			}
			const loaded = hidden || value.load !== undefined;
			const values = [ 'load', 'TTFB', 'FCP', 'LCP', 'INP', 'CLS' ].map( ( name, n ) => {
				const known = value[ name ]!;
				if ( known >= 0 && ( hidden || ( n < 3 && loaded ) ) ) {
					value[ name ] = NaN; // Known and sent: neither a number nor undefined.
					return Math.round( known );
				}
				return null;
			} );
			over = hidden;
			return values.some( ( number ) => number !== null ) ? [ [ 't', ...values ] as BeaconEvent ] : [];
		},
		end() {
			over = true;
		},
	};
}
