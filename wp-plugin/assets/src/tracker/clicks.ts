/**
 * Clicks on links, buttons and what the page has marked with `data-qahm-click="name"`, and goals that are a selector.
 *
 * Told is where a link leads (no query, nothing of mail addresses and telephone numbers) and what it says; never what is in a field.
 */
import type { BeaconEvent, SelectorGoal } from './core';
import { address, line, own, place } from './text';

const MARK = 'data-qahm-click';
const CLICKABLE = `a[href],button,input[type=submit],input[type=button],[role=button],[${ MARK }]`;
const DOWNLOAD = /\.(pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|txt|csv|epub|zip|rar|7z|t?gz|dmg|exe|msi|apk|iso|mp[34]|m4[av]|og[gv]|wav|avi|mov|mkv|webm|ics|gpx)$/i;
const PER_SECOND = 10;

/** What a click on an element is: what, target, and the label if it may be told. */
function click( element: Element ): BeaconEvent {
	const tell = ( what: string, target: string, secret?: boolean ): BeaconEvent => [ 'c', what, target, secret ? '' : label( element ) ];
	const mark = element.getAttribute( MARK );
	if ( mark !== null ) {
		return tell( 'marked', line( mark, 64 ) );
	}
	const url = element.matches( 'a' ) ? address( element.getAttribute( 'href' ) ) : undefined;
	if ( ! url || url.protocol === 'javascript:' ) {
		return tell( 'button', '' );
	}
	if ( ! /^http/.test( url.protocol ) ) {
		return tell( 'link', line( url.protocol, 32 ), true );
	}
	if ( element.hasAttribute( 'download' ) || DOWNLOAD.test( url.pathname ) ) {
		return tell( 'download', place( url ) );
	}
	return own( url ) ? tell( 'link', url.pathname.slice( 0, 300 ) ) : tell( 'outbound', place( url ) );
}

/** What an element says. What somebody may have written is not told. */
function label( element: Element ): string {
	const said = element.getAttribute( 'aria-label' );
	if ( said || element.matches( 'input' ) || ( element as HTMLElement ).isContentEditable || element.querySelector( 'input,textarea,select,[contenteditable]' ) ) {
		return line( said, 64 );
	}
	return line( element.textContent, 64 ) || line( element.querySelector( 'img[alt]' )?.getAttribute( 'alt' ) ?? element.getAttribute( 'title' ), 64 );
}

/**
 * @param send  Takes the events.
 * @param goals Name and selector of each goal.
 * @return What to call with a click event.
 */
export function clicks( send: ( event: BeaconEvent ) => void, goals: SelectorGoal[] ): ( event: Event ) => void {
	/** When an element or a goal was last clicked. */
	const last = new WeakMap<object, number>();
	let second = 0;
	let count = 0;

	// Once a second each.
	const again = ( thing: object, time: number ): boolean => {
		if ( time - ( last.get( thing ) ?? -1e3 ) < 1e3 ) {
			return true;
		}
		last.set( thing, time );
		return false;
	};

	return ( { target, timeStamp, isTrusted } ) => {
		if ( ! isTrusted || ! ( target instanceof Element ) ) {
			return;
		}
		for ( const goal of goals ) {
			try {
				if ( target.closest( goal[ 1 ] ) && ! again( goal, timeStamp ) ) {
					send( [ 'g', line( `goal:${ goal[ 0 ] }`, 64 ), '' ] );
				}
			} catch {
				continue; // No selector.
			}
		}
		const element = target.closest( CLICKABLE );
		if ( ! element || again( element, timeStamp ) ) {
			return;
		}
		if ( timeStamp - second >= 1e3 ) {
			second = timeStamp;
			count = 0;
		}
		if ( count++ < PER_SECOND ) {
			send( click( element ) );
		}
	};
}

/** Whether a click or a submit leads to another page of the site. */
export function leadsOn( { type, target }: Event ): boolean {
	const href = type === 'click' && target instanceof Element ? target.closest( 'a[href]' )?.getAttribute( 'href' ) : undefined;
	const url = href ? address( href ) : undefined;
	return type === 'submit' || ( !! url && own( url ) );
}
