// A visitor who does not want to be counted: shortcode, block, and what the collector makes of the choice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SITE } from './browser.mjs';
import { inside, leave, readers } from './reader.mjs';

inside( `
add_filter( 'the_content', function ( $content ) {
	return $content . ( is_page( 'about' ) ? '[qahm_realtime_opt_out]' : '' ) . ( is_page( 'contact' ) ? '<!-- wp:qahm-realtime/opt-out /-->' : '' );
}, 1 );
isset( $_SERVER['HTTP_X_TEST_LOCALE'] ) && add_filter( 'locale', fn () => 'fr_FR' );
` );
const read = readers();

const box = ( page ) => page.locator( '.qahm-realtime-opt-out' );

for ( const [ how, path ] of [ [ 'shortcode', '/about/' ], [ 'block', '/contact/' ] ] ) {
	test( `${ how }: a visitor who opts out is not counted from then on, until they change their mind`, async ( t ) => {
		const { page, context, wire } = await read( t, path );
		await wire.event( 'v' );
		assert.equal( wire.beacons[ 0 ].reason, 'accepted' );
		const button = box( page ).getByRole( 'button' );
		assert.equal( await button.innerText(), 'Do not count my visits' );
		// With the keyboard, and a screen reader hears what has changed.
		await button.focus();
		await page.keyboard.press( 'Enter' );
		assert.match( await box( page ).getByRole( 'status' ).innerText(), /not counted/ );
		const [ cookie, ...others ] = await context.cookies();
		assert.deepEqual( [ cookie.name, cookie.value, cookie.path, cookie.sameSite, others.length ], [ 'qahm_realtime_exclude', 'visitor', '/', 'Lax', 0 ] );
		assert.ok( cookie.expires > Date.now() / 1000 + 300 * 86400, 'kept for months' );

		const before = wire.beacons.length;
		await page.goto( `${ SITE }${ path }` );
		await wire.until( () => wire.views.length === 2 );
		assert.ok( wire.beacons.slice( before ).filter( ( { view } ) => view === wire.views[ 1 ].id ).every( ( { status, reason } ) => status === 204 && reason === 'excluded:opt-out' ) );
		assert.match( await box( page ).getByRole( 'status' ).innerText(), /not counted/ );
		await button.click();
		assert.equal( await button.innerText(), 'Do not count my visits' );
		assert.deepEqual( await context.cookies(), [] );
		await leave( page );
	} );
}

test( 'in French', async ( t ) => {
	const { page } = await read( t, '/about/', { context: { extraHTTPHeaders: { 'X-Test-Locale': 'fr' } } } );
	assert.equal( await box( page ).getByRole( 'button' ).innerText(), 'Ne pas compter mes visites' );
} );
