// What is a view and what is none: single-page navigation, bfcache, prerendering, frames, a network that fails, optimisers, consent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SITE, launchAlone, launchWithTabs } from './browser.mjs';
import { LONG, equipped, inside, leave, readers } from './reader.mjs';
import { Wire } from './wire.mjs';

// The mode is a constant of wp-config.php: each reader here asks for the one it needs.
inside( `
if ( in_array( $_SERVER['HTTP_X_TEST_CONSENT'] ?? '', array( 'wait', 'limited' ), true ) ) {
	define( 'QAHM_REALTIME_CONSENT', $_SERVER['HTTP_X_TEST_CONSENT'] );
}
` );
const read = readers();
const MORE = /tracker-more\.js/;

const kinds = ( { events } ) => events.map( ( [ kind ] ) => kind );

test( 'single-page navigation ends the view and begins another one; a fragment does not', async ( t ) => {
	const reader = await read( t, '/about/?cat=3', { insert: LONG } );
	const { page, wire } = reader;
	await equipped( reader );
	await page.evaluate( () => {
		history.pushState( {}, '', '#part' );
		history.replaceState( { n: 1 }, '' );
		location.hash = 'other';
		// An application writes the title when the page is there, and may correct its address at once.
		history.pushState( {}, '', '/app/' );
		history.replaceState( {}, '', '/app/?page_id=2' );
		setTimeout( () => ( document.title = 'The app' ) );
	} );
	await wire.event( 'l', 1 );
	await wire.until( () => wire.views.length === 2 );
	const [ first, second ] = wire.views;
	assert.deepEqual( first.events.at( -1 ), [ 'l', 1 ] );
	assert.deepEqual( second.events[ 0 ], [ 'v', 1, `${ SITE }/about/?cat=3`, 'The app', 1 ] );
	assert.deepEqual( [ first.url, second.url ], [ '/about/?cat=3', '/app/?page_id=2' ] );
	await page.evaluate( () => window.qahmRealtime.track( 'in the app' ) );
	await wire.event( 'g', 'in the app' );
	await page.goBack();
	await wire.until( () => wire.views.length === 3 );
	assert.equal( wire.views[ 2 ].url, '/about/?cat=3' );
	assert.deepEqual( wire.views[ 2 ].events[ 0 ].slice( 2, 3 ), [ `${ SITE }/app/?page_id=2` ] );
	assert.deepEqual( wire.views.map( ( view ) => kinds( view ).includes( 't' ) ), [ true, false, false ], 'only the page that was loaded has times' );
	assert.ok( wire.beacons.every( ( { status } ) => status === 204 ) );
} );

test( 'where browsers have no Navigation API, history is watched and works as before', async ( t ) => {
	const reader = await read( t, '/about/', { prepare: ( page ) => page.addInitScript( () => delete window.navigation ) } );
	const { page, wire, thrown } = reader;
	await equipped( reader );
	const state = await page.evaluate( () => {
		history.pushState( { kept: 1 }, '', '/app/one/' );
		return [ history.state, history.length > 1, location.pathname ];
	} );
	assert.deepEqual( state, [ { kept: 1 }, true, '/app/one/' ] );
	await wire.until( () => wire.views.length === 2 );
	await page.evaluate( () => history.replaceState( null, '', '/app/two/' ) );
	await wire.until( () => wire.views.length === 3 );
	await page.goBack();
	await wire.until( () => wire.views.length === 4 );
	assert.deepEqual( wire.views.map( ( { url } ) => url ), [ '/about/', '/app/one/', '/app/two/', '/about/' ] );
	await assert.rejects( page.evaluate( () => history.pushState( {}, '', 'https://other.example/' ) ), /SecurityError/ );
	assert.deepEqual( thrown, [] );
} );

test( 'a page that comes back from the bfcache is a new view without times', async ( t ) => {
	const wire = await Wire.open();
	const { context, close } = await launchWithTabs( `--proxy-server=${ wire.proxy.server }`, '--proxy-bypass-list=<-loopback>' );
	t.after( close );
	t.after( () => wire.close() );
	const page = context.pages()[ 0 ] ?? await context.newPage();
	await page.goto( `${ SITE }/about/` );
	await equipped( { page, wire } );
	await page.evaluate( () => {
		window.kept = true;
		location.href = '/contact/';
	} );
	await page.waitForURL( /contact/ );
	await wire.until( () => wire.views.length === 2 );
	await page.goBack( { waitUntil: 'commit' } );
	await wire.until( () => wire.views.length === 3 );
	assert.equal( await page.evaluate( () => window.kept ), true, 'it was kept' );
	const [ first, , third ] = wire.views;
	assert.notEqual( first.id, third.id );
	assert.deepEqual( third.events[ 0 ].slice( 0, 2 ), [ 'v', 1 ] );
	assert.equal( third.events[ 0 ][ 4 ], 2 );
	assert.deepEqual( first.events.at( -1 )[ 0 ], 'l' );
	await page.evaluate( () => window.qahmRealtime.track( 'again' ) );
	await wire.event( 'g', 'again' );
	await leave( page );
	await wire.until( () => kinds( wire.views[ 2 ] ).includes( 'l' ) );
	assert.ok( ! kinds( wire.views[ 2 ] ).includes( 't' ) );
} );

test( 'a page rendered in advance is a view when it is looked at, once, and has no times', async ( t ) => {
	const wire = await Wire.open();
	// Chromium renders nothing in advance where somebody looks over its shoulder: the page itself reports and clicks.
	wire.inserts.set( '/about/', `
		<script type="speculationrules">{ "prerender": [ { "urls": [ "/contact/" ], "eagerness": "immediate" } ] }</script>
		<a id="go" href="/contact/">Go</a>
		<script>
			const timer = setInterval( async () => {
				if ( await ( await fetch( '/test-next' ) ).text() === 'go' ) {
					clearInterval( timer );
					document.querySelector( '#go' ).click();
				}
			}, 50 );
		</script>` );
	wire.inserts.set( '/contact/', `<script>
		addEventListener( 'load', () => fetch( document.prerendering ? '/test-in-advance' : '/test-in-front' ) );
		document.addEventListener( 'prerenderingchange', () => setTimeout( () => qahmRealtime.track( 'shown' ), 200 ) );
	</script>` );
	for ( const path of [ '/test-next', '/test-in-advance', '/test-in-front' ] ) {
		wire.answers.set( path, { type: 'text/plain', body: 'wait' } );
	}
	const close = await launchAlone( `${ SITE }/about/`, `--proxy-server=${ wire.proxy.server }`, '--proxy-bypass-list=<-loopback>' );
	t.after( () => wire.close() );
	t.after( close );
	await wire.until( () => wire.asked.some( ( path ) => path.startsWith( '/test-in-' ) ), 'the second page is rendered' );
	assert.ok( wire.asked.includes( '/test-in-advance' ) );
	await wire.event( 'v' );
	assert.deepEqual( wire.views.map( ( { url } ) => url ), [ '/about/' ], 'nobody looks at it yet' );
	wire.answers.set( '/test-next', { type: 'text/plain', body: 'go' } );
	await wire.event( 'g', 'shown' );
	await wire.event( 'l' );
	const [ first, second ] = wire.views;
	assert.equal( wire.views.length, 2 );
	assert.deepEqual( [ second.url, ...second.events[ 0 ].slice( 0, 3 ), second.events[ 0 ][ 4 ] ], [ '/contact/', 'v', 1, `${ SITE }/about/`, 3 ] );
	assert.equal( first.events.at( -1 )[ 0 ], 'l' );
	assert.ok( ! kinds( second ).includes( 't' ) );
} );

test( 'a page within a page is no view', async ( t ) => {
	const reader = await read( t, '/about/', { insert: '<iframe src="/contact/"></iframe>' } );
	await equipped( reader );
	const { page, wire } = reader;
	const [ , frame ] = page.frames();
	await frame.waitForLoadState();
	await frame.evaluate( () => document.body.click() );
	assert.deepEqual( wire.views.map( ( { url } ) => url ), [ '/about/' ] );
	assert.equal( await frame.evaluate( () => typeof window.qahmRealtime ), 'undefined' );
} );

test( 'what happens while the network is down arrives once, in order, when it is back', async ( t ) => {
	const buttons = Array.from( { length: 12 }, ( _, n ) => `<button type="button" id="b${ n }">b${ n } ${ 'x'.repeat( 50 ) }</button>` ).join( '' );
	const reader = await read( t, '/about/', { insert: buttons } );
	const { page, context, wire, thrown } = reader;
	await equipped( reader );
	await context.setOffline( true );
	for ( let n = 0; n < 12; n++ ) {
		await page.click( `#b${ n }` );
	}
	await page.evaluate( () => {
		for ( let n = 0; n < 80; n++ ) {
			window.qahmRealtime.track( `event ${ n }`, { filler: 'x'.repeat( 400 ) } );
		}
	} );
	assert.equal( wire.events( 'c' ).length, 0 );
	await context.setOffline( false );
	await wire.until( () => wire.events( 'c' ).length >= 10 );
	await page.evaluate( () => window.qahmRealtime.track( 'at last' ) );
	await wire.until( () => wire.events( 'g' ).length > 10 );
	const [ { events } ] = wire.views;
	assert.deepEqual( wire.events( 'c' ).map( ( [ , , , label ] ) => label.split( ' ' )[ 0 ] ).slice( 0, 10 ), Array.from( { length: 10 }, ( _, n ) => `b${ n }` ) );
	assert.ok( events.every( Boolean ), 'no sequence number is missing' );
	assert.ok( wire.events( 'g' ).length <= 66, 'no more than 64 wait' );
	assert.ok( wire.beacons.every( ( { status, body } ) => status === 204 && body.length <= 4096 ), 'each fits a beacon' );
	// Only what failed was repeated: each sequence came once.
	const came = wire.beacons.flatMap( ( { sequence, events: some } ) => some.map( ( _, n ) => sequence + n ) );
	assert.equal( new Set( came ).size, came.length );
	assert.deepEqual( thrown, [] );
} );

test( 'a collector that cannot be reached is asked ever more rarely, and gets everything when it answers', async ( t ) => {
	const prepare = async ( page ) => {
		await page.clock.install();
		await page.addInitScript( () => {
			const reach = window.fetch;
			window.tries = 0;
			window.fetch = ( ...request ) => {
				if ( window.reachable ) {
					return reach( ...request );
				}
				window.tries++;
				return Promise.reject( new TypeError( 'Failed to fetch' ) );
			};
		} );
	};
	const { page, wire, thrown } = await read( t, '/about/', { prepare } );
	const tries = () => page.evaluate( () => window.tries );
	for ( let n = 0; n < 120; n++ ) {
		await page.mouse.move( n, n );
		await page.evaluate( ( name ) => window.qahmRealtime.track( name ), `event ${ n }` );
		await page.clock.runFor( 5_000 );
	}
	const most = await tries();
	assert.ok( most >= 8 && most <= 15, `${ most } tries in ten minutes` );
	assert.equal( wire.beacons.length, 0 );

	await page.evaluate( () => {
		window.reachable = true;
		window.tries = 0;
	} );
	await page.clock.runFor( 64_000 );
	await wire.event( 'v' );
	await wire.event( 'g', 'event 0' );
	assert.ok( wire.beacons.every( ( { status } ) => status === 204 ) );

	// What fails later is tried again soon, as the first time.
	await page.evaluate( () => {
		window.reachable = false;
		window.qahmRealtime.track( 'later' );
	} );
	await page.clock.runFor( 200 );
	assert.equal( await tries(), 1 );
	await page.clock.runFor( 2_000 );
	assert.equal( await tries(), 2 );
	assert.deepEqual( thrown, [] );
} );

test( 'without its second file the tracker goes on, and the page hears nothing of it', async ( t ) => {
	const { page, wire, thrown } = await read( t, '/about/', { blocked: MORE, insert: '<button type="button" id="b">b</button>' } );
	await wire.until( () => wire.views.length === 1 );
	await page.click( '#b' );
	await page.evaluate( () => {
		for ( let n = 0; n < 200; n++ ) {
			window.qahmRealtime.track( 'nobody listens' );
		}
	} );
	await page.click( 'a.read-on' );
	await page.waitForURL( /visit-us/ );
	await wire.until( () => wire.views.length === 2 );
	await wire.event( 'l', 1 );
	assert.deepEqual( wire.views.map( kinds ).map( ( [ first ] ) => first ), [ 'v', 'v' ] );
	assert.deepEqual( wire.events( 'c' ).concat( wire.events( 'g' ) ), [] );
	const tries = () => wire.asked.filter( ( path ) => MORE.test( path ) ).length;
	await wire.until( () => tries() >= 2, 'the second page has loaded' );
	assert.equal( tries(), 2, 'each page tried once' );
	assert.deepEqual( thrown, [] );
} );

test( 'an optimiser may delay the script, combine it with others or run it twice', async ( t ) => {
	const script = /<script data-no-optimize[^>]*>([\s\S]*?)<\/script>/;
	for ( const [ how, around ] of Object.entries( {
		delayed: ( code ) => `addEventListener( 'load', () => setTimeout( () => { const s = document.createElement( 'script' ); s.textContent = ${ JSON.stringify( code ).replace( /</g, '\\u003c' ) }; document.head.append( s ) } ) )`,
		combined: ( code ) => `"use strict";var a=1;${ code }\n;var b=2;`,
		twice: ( code ) => `${ code };${ code }`,
	} ) ) {
		await t.test( how, async ( each ) => {
			const { page, wire, thrown } = await read( each, '/about/', {
				insert: '<button type="button" id="b">b</button>',
				rewrite: ( html ) => html.replace( script, ( _, code ) => `<script>${ around( code ) }</script>` ),
			} );
			await page.waitForFunction( () => window.qahmRealtime );
			await page.click( '#b' );
			await wire.event( 'c', 'button' );
			assert.equal( wire.views.length, 1 );
			assert.equal( wire.events( 'v' ).length, 1 );
			assert.deepEqual( thrown, [] );
		} );
	}
} );

test( 'nothing is stored on the terminal', async ( t ) => {
	const reader = await read( t, '/about/', { insert: '<form id="f"><input id="i"></form>' } );
	const { page, context } = reader;
	await equipped( reader );
	await page.fill( '#i', 'x' );
	await reader.wire.event( 'f', 'start' );
	const stored = await page.evaluate( async () => [ localStorage.length, sessionStorage.length, document.cookie, ( await indexedDB.databases() ).length, ( await caches?.keys?.() ?? [] ).length ].join() );
	assert.equal( stored, '0,0,,0,0' );
	assert.deepEqual( await context.cookies(), [] );
} );

test( 'a site that waits for consent is silent until it is given, and again when it is taken back', async ( t ) => {
	const { page, wire } = await read( t, '/about/', { context: { extraHTTPHeaders: { 'X-Test-Consent': 'wait' } }, insert: '<button type="button" id="b">b</button><script>qahmRealtime.track( "before" )</script>' } );
	await page.click( '#b' );
	await page.mouse.move( 10, 10 );
	assert.deepEqual( wire.beacons, [] );
	assert.ok( ! wire.asked.some( ( path ) => MORE.test( path ) ), 'nor is the second file asked for' );
	await page.evaluate( () => window.qahmRealtime.consent( true ) );
	await wire.event( 'v' );
	await equipped( { page, wire } );
	assert.deepEqual( wire.events( 'c' ), [], 'what was done before is nobody’s business' );
	assert.ok( wire.beacons.every( ( { rest, status } ) => rest.c === 1 && status === 204 ) );
	await page.evaluate( () => {
		window.qahmRealtime.consent( false );
		window.qahmRealtime.track( 'after' );
	} );
	const before = wire.beacons.length;
	await page.click( '#b' );
	await page.evaluate( () => history.pushState( {}, '', '/app/' ) );
	await leave( page );
	assert.equal( wire.beacons.length, before );
	assert.deepEqual( wire.events( 'g' ).map( ( [ , name ] ) => name ), [ 'ready' ] );
} );

test( 'limited: views are told without consent, and with it once the consent banner says so', async ( t ) => {
	const { page, wire } = await read( t, '/about/', { context: { extraHTTPHeaders: { 'X-Test-Consent': 'limited' } }, insert: '<button type="button" id="b">b</button>' } );
	await wire.event( 'v' );
	assert.equal( 'c' in wire.beacons[ 0 ].rest, false );
	await page.evaluate( () => document.dispatchEvent( new CustomEvent( 'wp_listen_for_consent_change', { detail: { statistics: 'allow' } } ) ) );
	await page.click( '#b' );
	await wire.event( 'c', 'button' );
	assert.equal( wire.beacons.at( -1 ).rest.c, 1 );
	assert.equal( wire.views.length, 1 );
} );
