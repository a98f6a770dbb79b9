// Pages that are not as usual: one that does not exist, one with a PHP warning, one from a page cache.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SITE } from './browser.mjs';
import { inside, readers } from './reader.mjs';

const { QAHM_TEST_WP_DIR, QAHM_TEST_USER, QAHM_TEST_PASSWORD } = process.env;

// The error handler of the plugin is there by then. What is meant to go wrong is not logged: logs are for what is not.
// REST calls of an administrator without a browser: application passwords want https.
inside( `
add_action( 'wp', function () {
	if ( is_page( 'contact' ) && isset( $_GET['warn'] ) ) {
		ini_set( 'log_errors', '0' );
		trigger_error( 'A warning of this page', E_USER_WARNING );
	}
} );
add_filter( 'determine_current_user', function ( $user ) {
	return '${ QAHM_TEST_PASSWORD }' === ( $_SERVER['HTTP_X_TEST_PASSWORD'] ?? '' ) ? get_user_by( 'login', '${ QAHM_TEST_USER }' )->ID : $user;
}, 100 );
` );
const read = readers();

/** Asks the engine, as dashboards do. */
async function ask( what ) {
	const answer = await fetch( `${ SITE }/?rest_route=/qahm-realtime/v1/${ what }`, { headers: { 'X-Test-Password': QAHM_TEST_PASSWORD } } );
	assert.equal( answer.status, 200, what );
	return answer.json();
}

/** Asks until the answer has what is looked for. */
async function finds( what, find ) {
	let answer;
	for ( const end = Date.now() + 15_000; Date.now() < end; ) {
		answer = await ask( what );
		const found = find( answer );
		if ( found ) {
			return found;
		}
		await new Promise( ( done ) => setTimeout( done, 100 ) );
	}
	throw new Error( `Not in ${ what }: ${ find }. The last answer: ${ JSON.stringify( answer ) }` );
}

test( 'a page that does not exist is one view, and an error with the page that links there', async ( t ) => {
	const path = '/there-is-no-such-page/';
	const known = path.slice( 0, -1 ); // The engine knows pages without the last slash.
	const { page, wire } = await read( t, '/about/', { insert: `<a id="broken" href="${ path }">Broken</a>` } );
	await wire.until( () => wire.views.length === 1 );
	await page.click( '#broken' );
	await page.waitForURL( `**${ path }` );
	await wire.until( () => wire.views.length === 2 );
	assert.equal( wire.views[ 1 ].url, path );
	const group = await finds( 'errors', ( { groups } ) => groups.find( ( { kind, message } ) => kind === '404' && message === known ) );
	assert.deepEqual( [ group.source, group.count ], [ `${ SITE }/about/`, 1 ] );
	const row = await finds( 'pages', ( { pages } ) => pages.find( ( { path: where } ) => where === known ) );
	assert.equal( row.views, 1 );
	assert.equal( wire.events( 'v' ).length, 2, 'one for each page' );
} );

test( 'a warning of PHP is listed and nothing of it is on the page', async ( t ) => {
	const { page, wire, thrown } = await read( t, '/contact/?warn=1' );
	await wire.event( 'v' );
	assert.doesNotMatch( await page.content(), /A warning of this page/ );
	const group = await finds( 'errors', ( { groups } ) => groups.find( ( { kind, message } ) => kind === 'warning' && message === 'A warning of this page' ) );
	assert.match( group.source, /mu-plugins\/qahm-realtime-browser-test\.php/ );
	assert.ok( group.line > 0 && group.count >= 1 );
	assert.deepEqual( thrown, [] );
} );

test( 'a page from a cache is a view of its own each time', async ( t ) => {
	const folder = join( QAHM_TEST_WP_DIR, 'wp-content/cache' );
	after( () => rmSync( folder, { recursive: true, force: true } ) );
	const path = '/wp-content/cache/the-night-ferry.html';
	const html = await ( await fetch( `${ SITE }/the-night-ferry/` ) ).text();
	mkdirSync( folder, { mode: 0o755 } );
	writeFileSync( join( QAHM_TEST_WP_DIR, path ), html, { mode: 0o644 } );
	const views = [];
	for ( let n = 0; n < 2; n++ ) {
		const { wire } = await read( t, path );
		await wire.event( 'v' );
		assert.equal( wire.views.length, 1 );
		assert.ok( wire.beacons.every( ( { status, reason } ) => status === 204 && reason === 'accepted' ) );
		views.push( wire.views[ 0 ].id );
	}
	assert.notEqual( views[ 0 ], views[ 1 ] );
	await finds( 'pages', ( { pages } ) => pages.find( ( { path: where, views: count } ) => where === path && count === 2 ) );
} );
