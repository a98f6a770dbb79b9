/**
 * The visitor's tracker: printed inline in every page, the same for everybody, under 1,000 bytes gzipped (the variant that
 * asks for consent under 1,200).
 *
 * It tells the collector that a page is being viewed, shown, hidden and left, and beats while it is looked at.
 * All else (clicks, forms, engagement, errors, timings, single-page navigation) is in tracker/more.ts, which this
 * script loads after the page, or when there is something for it; without it this one goes on alone.
 * Nothing is stored on the terminal, no cookie is read, and nothing it does can throw into the page.
 * The build refuses a tracker over its budget, so every line here is paid for in bytes. It makes two scripts
 * of this file: `tracker.js`, and `tracker-consent.js` for sites that ask their visitors first (150 bytes more).
 */
import type { BeaconEvent, Core, Note, SelectorGoal } from './tracker/core';

/** PHP puts the JSON here, see src/Tracker.php. Consent: 0 none, 1 wait, 2 limited. */
declare const __QAHM_CONFIG__: [ site: string, collector: string, consent: 0 | 1 | 2, more: string, meta: string[], goals?: SelectorGoal[] ];

/** Set by the build: whether this script asks for consent. */
declare const __QAHM_CONSENT__: boolean;

( () => {
	const doc = document;
	const now = Date.now;
	const [ site, collector, mode, address, meta, goals ] = __QAHM_CONFIG__;

	/** What happened before the second file was there; then that file takes what is pushed here. */
	const notes: Note[] = [];
	/** 1 given, 0 refused, undefined not asked. */
	let consented: 0 | 1 | undefined;
	let loading: Promise<void> | undefined;
	let touched = now();
	let timer = 0;
	/** Sends what the current view has to say. */
	let flush: ( urgent: boolean | number ) => void;

	// Before consent nothing is even noted.
	const note = ( what: Note ): void => {
		( __QAHM_CONSENT__ && ! core.queue_ ) || notes[ 63 ] || notes.push( what );
	};

	const core: Core = {
		// At most 64 events wait, as many as a beacon may carry; only what is kept takes a sequence number.
		// Any event puts the next beat off: 15 s while the visitor does something, 25 s when not, none after 30 min.
		push_( urgent, ...events ) {
			if ( core.queue_ ) {
				const idle = now() - touched;
				core.queue_[ 59 ] || core.queue_.push( ...events );
				flush( urgent );
				clearTimeout( timer );
				timer = doc.hidden || idle > 18e5 ? 0 : setTimeout( beat, idle < 15e3 ? 15e3 : 25e3 );
			}
		},
		begin_( type ) {
			if ( __QAHM_CONSENT__ && ( mode === 1 ? ! consented : consented === 0 ) ) {
				return;
			}
			// Any 16 digits do. They are random enough to tell views apart, and nobody has a reason to guess them.
			const id = ( 1e15 + 8e15 * Math.random() ).toFixed();
			// The page's address now: a single-page application may have another one when the last event leaves.
			const url = ( location.pathname + location.search ).slice( 0, 1024 );
			const queue: BeaconEvent[] = ( core.queue_ = [] );
			/** Sequence number of the first event of the queue. */
			let first = 0;
			/** -1: a beacon is on its way, one at a time keeps the order. Above 0: the timer of the next try. */
			let busy = 0;
			/** Milliseconds before the last try. */
			let wait = 1e3;
			const send = ( flush = ( urgent?: boolean | number ): void => {
				const end = first + queue.length;
				if ( end > first && ( urgent || ! busy ) ) {
					clearTimeout( busy );
					busy = -1;
					fetch( collector, {
						method: 'POST',
						body: JSON.stringify( { v: 1, s: site, i: id, n: first, u: url, c: consented, w: +navigator.webdriver, e: queue } ),
						keepalive: true,
					} ).then(
						// Any answer is final, whatever its status. An urgent beacon may have overtaken this one: count from the sequence.
						() => {
							busy = 0;
							wait = 1e3;
							first += queue.splice( 0, end - first ).length;
							send();
						},
						// Only a network failure comes here: again after 2, 4, 8 … 64, 64 s. Until then what happens waits, unless it is urgent.
						() => ( busy = setTimeout( send, ( wait += wait < 6e4 ? wait : 0 ), 1 ) )
					);
				}
			} );
			// Control characters and lone halves of a surrogate pair would make the collector refuse the beacon. Addresses have none.
			core.push_( 0, [ 'v', +! doc.hidden, doc.referrer.slice( 0, 300 ), doc.title.slice( 0, 160 ).replace( /[\0-\x1f\ud800-\udfff]/gu, '' ), type, meta ] );
		},
	};
	const beat = (): void => core.push_( 0, [ 'b' ] );

	const load = (): void => {
		if ( core.queue_ ) {
			loading = loading || import( address ).then( ( more ) => more.s( core, notes, goals ), note );
		}
	};

	const touch = (): void => {
		touched = now();
		timer || beat();
	};
	const tell = ( event: Event ): void => {
		note( event );
		load();
	};

	/** All events pass the window on their way down, those that do not bubble too. */
	const reactions: Record<string, ( event: any ) => void> = {
		visibilitychange() {
			touched = now();
			core.push_( doc.hidden, [ doc.hidden ? 'h' : 's' ] );
		},
		pagehide() {
			// Perhaps on the way to the next page of the site: the second file knows.
			core.push_( 1, [ 'l', 1 ] );
			core.queue_ = undefined;
		},
		pageshow( { persisted } ) {
			persisted && core.begin_( 2 );
		},
		prerenderingchange() {
			core.begin_( 3 );
			load();
		},
		pointerdown: touch,
		pointermove: touch,
		keydown: touch,
		scroll: touch,
		load: tell,
		click: tell,
		submit: tell,
		input: tell,
		error: tell,
		unhandledrejection: tell,
	};

	try {
		// A page shown inside another page is part of that page, not a view of its own.
		// Applications that swap pages may run it again.
		if ( top === self && ! self.qahmRealtime ) {
			const api: typeof window.qahmRealtime = ( self.qahmRealtime = { track: ( ...call ) => note( call ) } );
			if ( __QAHM_CONSENT__ ) {
				const consent = ( api.consent = ( given ) => {
					consented = given ? 1 : 0;
					if ( ! given ) {
						core.queue_ = undefined;
					} else if ( ! core.queue_ && ! doc.prerendering ) {
						core.begin_( 0 );
						load();
					}
				} );
				reactions.wp_listen_for_consent_change = ( { detail: { statistics } } ) => statistics && consent( statistics === 'allow' );
				reactions.load = ( event ) => {
					tell( event );
					window.wp_has_consent?.( 'statistics' ) && consent( true );
				};
			}
			for ( const type in reactions ) {
				addEventListener(
					type,
					( event ) => {
						try {
							reactions[ type ]!( event );
						} catch {}
					},
					true
				);
			}
			doc.prerendering || core.begin_( 0 );
		}
	} catch {}
} )();
