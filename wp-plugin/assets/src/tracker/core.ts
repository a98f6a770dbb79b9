/**
 * What the inline script (tracker.ts) and the second file (more.ts) know of each other.
 *
 * A page cache may keep an inline script longer than the plugin keeps its files: names that end in _ are shortened
 * by a table in build.mjs, and whatever stands here may only ever be added to.
 */

/** Page load, single-page navigation, back from the bfcache, prerendered and then looked at. */
export type ViewType = 0 | 1 | 2 | 3;

/** `null`: not known (yet). */
type Metric = number | null;

/** The wire: see the beacon in crates/event. */
export type BeaconEvent =
	| [ 'v', visible: number, referrer: string, title: string, type?: ViewType, meta?: string[] ]
	| [ 's' | 'h' | 'b' ]
	| [ 'l', link: number ]
	| [ 'e', engaged: number, scroll: number, tall: number ]
	| [ 't', load: Metric, ttfb: Metric, fcp: Metric, lcp: Metric, inp: Metric, cls: Metric ]
	| [ 'c', what: string, target: string, label: string ]
	| [ 'f', what: string, form: string ]
	| [ 'x', message: string, source: string, line: number, own: number ]
	| [ 'g', name: string, props: string ];

export interface Core {
	/** Events of the current view that the collector has not answered yet; undefined while there is no view. */
	queue_?: BeaconEvent[] | undefined;
	/** Takes events of the current view and sends what waits, even while a beacon is on its way if that is urgent. */
	push_( urgent: boolean | number, ...events: BeaconEvent[] ): void;
	/** Begins a view; the last one, if any, has ended. */
	begin_( type: ViewType ): void;
}

/** Arguments of `qahmRealtime.track()`. */
export type Call = [ name?: unknown, props?: unknown ];

/** What the inline script notes for the second file: a DOM event, a call, or why the second file did not come. */
export type Note = Event | Call | Error;

/** Name and selector. */
export type SelectorGoal = [ name: string, selector: string ];

declare global {
	interface Window {
		qahmRealtime?: {
			/** Records a custom event of the page. */
			track: ( ...call: Call ) => void;
			/** Tells the visitor's choice, on sites that ask; `false` ends what is sent from this page. */
			consent?: ( given: boolean ) => void;
		};
		/** The WP Consent API's question, there once its script has run. */
		wp_has_consent?: ( category: string ) => boolean;
	}
}
