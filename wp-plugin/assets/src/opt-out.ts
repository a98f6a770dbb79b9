/**
 * The button by which a visitor is not counted any more, or again (src/OptOut.php prints it).
 *
 * The choice is a value of its own of the cookie by which the collectors know who is not to be counted; nothing else knows of it.
 */
( () => {
	const CHOICE = 'qahm_realtime_exclude=visitor';
	/** 13 months in seconds; browsers keep none longer. */
	const KEPT = 34_128_000;

	const chosen = (): boolean => document.cookie.split( /; */ ).includes( CHOICE );
	const choose = ( out: boolean, paths: readonly string[], domain: string ): void => {
		const https = location.protocol === 'https:' ? '; Secure' : '';
		for ( const path of paths ) {
			document.cookie = `${ CHOICE }; Max-Age=${ out ? KEPT : 0 }; Path=${ path }; SameSite=Lax${ domain && `; Domain=${ domain }` }${ https }`;
		}
	};

	document.querySelectorAll<HTMLElement>( '[data-qahm-opt-out]' ).forEach( ( box ) => {
		const { paths = '/', domain = '', counted = '', notCounted = '', stop = '', again = '' } = box.dataset;
		const state = box.querySelector( '[role="status"]' )!;
		const button = box.querySelector( 'button' )!;
		const show = (): void => {
			const out = chosen();
			state.textContent = out ? notCounted : counted;
			button.textContent = out ? again : stop;
		};
		button.addEventListener( 'click', () => {
			choose( ! chosen(), paths.split( ' ' ), domain );
			show();
		} );
		show();
		button.hidden = false;
	} );
} )();
