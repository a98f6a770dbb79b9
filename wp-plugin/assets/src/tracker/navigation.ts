/**
 * Single-page navigation: another path or query without another page is another view. A fragment is not.
 */

/** Milliseconds until the application has written the new page's title, and has perhaps corrected its address again. */
const SETTLED = 50;

/** Path and query of the page. */
export const here = (): string => location.pathname + location.search;

/**
 * @param moved   Called when the address is another one, with the last one (whole, as a referrer).
 * @param leaving Called just before: the old page is about to go.
 */
export function navigation( moved: ( from: string ) => void, leaving: () => void ): void {
	let at = here();
	let timer = 0;

	const changed = (): void => {
		if ( ! timer && here() !== at ) {
			leaving();
			timer = setTimeout( () => {
				timer = 0;
				const from = at;
				at = here();
				if ( at !== from ) {
					moved( location.origin + from );
				}
			}, SETTLED );
		}
	};

	const { navigation: api } = window as { navigation?: EventTarget };
	if ( api ) {
		api.addEventListener( 'currententrychange', changed );
		return;
	}
	for ( const method of [ 'pushState', 'replaceState' ] as const ) {
		const original = history[ method ];
		history[ method ] = function ( this: History, ...args ) {
			original.apply( this, args );
			changed();
		};
	}
	addEventListener( 'popstate', changed );
}
