/**
 * The visitor's tracker: printed inline in every page, the same for everybody, under 1,000 bytes gzipped.
 *
 * It tells the collector that a page is being viewed, shown, hidden and left, and beats while it is looked at.
 * Nothing is stored on the terminal, no cookie is read, and nothing it does can throw into the page.
 * The build refuses a tracker over its budget, so every line here is paid for in bytes. It makes two scripts
 * of this file: `tracker.js`, and `tracker-consent.js` for sites that ask their visitors first (200 bytes more).
 */

/** PHP puts the JSON here: site id, path of the collector, consent mode (0 none, 1 wait, 2 limited). */
declare const __QAHM_CONFIG__: [ site: string, collector: string, consent: 0 | 1 | 2 ];

/** Set by the build: whether this script asks for consent. */
declare const __QAHM_CONSENT__: boolean;

type BeaconEvent = [ 'v', 0 | 1, string, string ] | [ 's' | 'h' | 'b' ] | [ 'l', 0 | 1 ];

/** One page view: its events stay in the queue until the collector has answered. The build shortens names that end in _. */
interface View {
	id_: string;
	/** Sequence number of the first event of the queue. */
	first_: number;
	queue_: BeaconEvent[];
	/** A beacon is on its way or waits to be repeated: one at a time keeps the order. */
	busy_: 0 | 1;
	failures_: number;
}

interface Window {
	qahmRealtime?: {
		/** Tells the visitor's choice; `false` ends what is sent from this page. */
		consent: ( given: boolean ) => void;
	};
	/** The WP Consent API's question, there once its script has run. */
	wp_has_consent?: ( category: string ) => boolean;
}

( () => {
	const doc = document;
	const later = setTimeout;
	const now = Date.now;
	const [ site, collector, mode ] = __QAHM_CONFIG__;

	/** 1 given, 0 refused, undefined not asked. */
	let consented: 0 | 1 | undefined;
	let view: View | undefined;
	let touched: number;
	let linked = 0;
	let timer = 0;

	// All events pass the window on their way down, those that do not bubble too.
	const on = ( types: string, react: ( event: any ) => void ): void =>
		types.split( ' ' ).forEach( ( type ) =>
			addEventListener(
				type,
				( event ) => {
					try {
						react( event );
					} catch {}
				},
				true
			)
		);

	// Control characters and lone halves of a surrogate pair would make the collector refuse the beacon.
	const clean = ( text: string, length: number ): string =>
		text.slice( 0, length ).replace( /[\0-\x1f\ud800-\udfff]/gu, '' );

	const flush = ( of: View, urgent?: boolean ): void => {
		const { first_, queue_ } = of;
		const end = first_ + queue_.length;
		// Any answer is final, whatever its status. An urgent beacon may have overtaken this one: count from the sequence.
		const done = (): void => {
			of.busy_ = of.failures_ = 0;
			of.first_ += queue_.splice( 0, end - of.first_ ).length;
			flush( of );
		};
		// Only a network failure comes here: six repetitions in about two minutes, afterwards with the next event.
		const failed = (): void => {
			of.busy_ = 0;
			if ( of.failures_++ < 6 ) {
				later( flush, 1e3 << of.failures_, of );
			}
		};
		if ( end > first_ && ( urgent || ! of.busy_ ) ) {
			of.busy_ = 1;
			try {
				const body = JSON.stringify( {
					v: 1,
					s: site,
					i: of.id_,
					n: first_,
					u: clean( location.pathname + location.search, 1024 ),
					c: consented,
					e: queue_,
				} );
				if ( urgent && ! ( 'keepalive' in Request.prototype ) ) {
					( navigator.sendBeacon( collector, body ) ? done : failed )();
				} else {
					fetch( collector, { method: 'POST', body, keepalive: true } ).then( done, failed );
				}
			} catch {
				failed();
			}
		}
	};

	// At most 64 events wait, as many as a beacon may carry; only what is kept takes a sequence number.
	// Any event puts the next beat off: 15 s while the visitor does something, 25 s when not, none after 30 min.
	const push = ( event: BeaconEvent, urgent?: boolean ): void => {
		if ( view ) {
			const idle = now() - touched;
			if ( view.queue_.length < 64 ) {
				view.queue_.push( event );
			}
			flush( view, urgent );
			clearTimeout( timer );
			timer = doc.hidden || idle > 18e5 ? 0 : later( push, idle < 15e3 ? 15e3 : 25e3, [ 'b' ] );
		}
	};

	const begin = (): void => {
		if ( ! __QAHM_CONSENT__ || ( mode === 1 ? consented : consented !== 0 ) ) {
			view = {
				id_: crypto.getRandomValues( new BigUint64Array( 1 ) )[ 0 ]!.toString( 16 ).padStart( 16, '0' ),
				first_: 0,
				queue_: [],
				busy_: 0,
				failures_: 0,
			};
			touched = now();
			push( [ 'v', doc.hidden ? 0 : 1, clean( doc.referrer, 300 ), clean( doc.title, 160 ) ] );
		}
	};

	const stop = (): void => {
		clearTimeout( timer );
		view = undefined;
	};

	const start = (): void => {
		begin();
		on( 'visibilitychange', () => {
			touched = now();
			push( [ doc.hidden ? 'h' : 's' ], doc.hidden );
		} );
		on( 'pointerdown pointermove keydown scroll', () => {
			touched = now();
			if ( ! timer && ! doc.hidden ) {
				push( [ 'b' ] );
			}
		} );
		// A link of this site, or a form: the visitor is on the way to the next page.
		on( 'click submit', ( { target } ) => {
			if ( target.action || target.closest( 'a' ).host === location.host ) {
				linked = now();
			}
		} );
		on( 'pagehide', () => {
			// The page goes only when the next one answers, which may take seconds.
			push( [ 'l', now() - linked < 5e3 ? 1 : 0 ], true );
			stop();
		} );
		on( 'pageshow', ( { persisted } ) => {
			if ( persisted ) {
				begin();
			}
		} );
	};

	try {
		// A page shown inside another page is part of that page, not a view of its own.
		if ( top === self ) {
			if ( __QAHM_CONSENT__ ) {
				const consent = ( given: boolean ): void => {
					consented = given ? 1 : 0;
					if ( ! given ) {
						stop();
					} else if ( ! view && ! doc.prerendering ) {
						begin();
					}
				};
				const ask = (): void => {
					if ( window.wp_has_consent?.( 'statistics' ) ) {
						consent( true );
					}
				};
				window.qahmRealtime = { consent };
				on( 'wp_listen_for_consent_change', ( { detail } ) => {
					if ( detail.statistics ) {
						consent( detail.statistics === 'allow' );
					}
				} );
				on( 'load', ask );
				ask();
			}
			if ( doc.prerendering ) {
				on( 'prerenderingchange', start );
			} else {
				start();
			}
		}
	} catch {}
} )();
