// What is measured while a page is looked at: engaged time, scroll depth, load times and web vitals, errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SITE, launchWithTabs } from './browser.mjs';
import { LONG, equipped, leave, readers } from './reader.mjs';
import { Wire } from './wire.mjs';

const read = readers();

/** The highest values told of a view so far, as the engine merges them. */
const engagement = ( wire ) => wire.events( 'e' ).reduce( ( most, event ) => most.map( ( value, n ) => Math.max( value, event[ n + 1 ] ) ), [ 0, 0, 0 ] );

test( 'engaged time counts while something was done in the last 15 s, and rides on the beat', async ( t ) => {
	const reader = await read( t, '/about/', { prepare: ( page ) => page.clock.install() } );
	const { page, wire } = reader;
	await equipped( reader );
	await page.clock.pauseAt( new Date( Date.now() + 120_000 ) );
	await page.mouse.move( 300, 300 );
	await page.clock.runFor( 10_000 );
	await page.mouse.move( 310, 310 );
	await page.clock.runFor( 120_000 );
	await wire.until( () => engagement( wire )[ 0 ] === 25, '25 s: 10 until the second movement, 15 after it' );
	await page.clock.runFor( 60_000 );
	await page.mouse.move( 300, 300 );
	await page.clock.runFor( 4_000 );
	await page.evaluate( () => window.qahmRealtime.track( 'now' ) );
	await wire.event( 'g', 'now' );
	assert.equal( engagement( wire )[ 0 ], 29, 'four more, on the next event that leaves' );
	assert.ok( wire.events( 'b' ).length >= 5, 'it went on beating' );
} );

test( 'the last engaged seconds arrive when the page is left', async ( t ) => {
	const reader = await read( t, '/about/', { prepare: ( page ) => page.clock.install() } );
	const { page, wire } = reader;
	await equipped( reader );
	await page.mouse.move( 300, 300 );
	await page.clock.pauseAt( new Date( Date.now() + 60_000 ) );
	await page.mouse.move( 310, 300 );
	await page.clock.runFor( 7_000 );
	await leave( page );
	await wire.event( 'l' );
	const [ seconds ] = engagement( wire );
	assert.ok( seconds >= 7 && seconds <= 22, `${ seconds } s` );
} );

test( 'scroll depth is the lowest place the viewport has shown, in % of the page', async ( t ) => {
	const reader = await read( t, '/about/', { insert: LONG } );
	const { page, wire } = reader;
	await equipped( reader );
	const depths = [];
	for ( const percent of [ 25, 50, 75, 90, 100 ] ) {
		await page.evaluate( ( part ) => scrollTo( 0, document.documentElement.scrollHeight * part / 100 - innerHeight + 2 ), percent );
		await page.evaluate( ( name ) => window.qahmRealtime.track( name ), `at ${ percent }` );
		await wire.event( 'g', `at ${ percent }` );
		depths.push( engagement( wire )[ 1 ] );
	}
	assert.deepEqual( depths, [ 25, 50, 75, 90, 100 ] );
	await page.evaluate( () => scrollTo( 0, 0 ) );
	await page.evaluate( () => window.qahmRealtime.track( 'top' ) );
	await wire.event( 'g', 'top' );
	assert.deepEqual( engagement( wire ).slice( 1 ), [ 100, 1 ], 'it never goes down, and this is a tall page' );
} );

test( 'a page that fits the screen is not tall', async ( t ) => {
	const reader = await read( t, '/about/', { rewrite: ( html ) => html.replace( /<body[\s\S]*<\/body>/, '<body style="margin:0">short</body>' ) } );
	await equipped( reader );
	assert.deepEqual( engagement( reader.wire ), [ 0, 100, 0 ] );
} );

test( 'load times are told once after the load event, vitals once when the page is hidden', async ( t ) => {
	const reader = await read( t, '/about/', { insert: '<button type="button" id="b" onclick="this.textContent = 1; const until = performance.now() + 60; while ( performance.now() < until );">b</button>' } );
	const { page, wire } = reader;
	await equipped( reader );
	await page.evaluate( () => {
		const done = () => ( window.measured = true );
		new PerformanceObserver( ( list ) => list.getEntries().some( ( { interactionId } ) => interactionId ) && setTimeout( () => setTimeout( done ) ) )
			.observe( { type: 'event', durationThreshold: 16, buffered: true } );
	} );
	await page.click( '#b' );
	await wire.event( 'c', 'button' );
	// The browser has measured the interaction, and the library has had time to look at it. It measures until something is drawn,
	// and where nothing more is to be drawn it may never say: looking again at each frame has it draw.
	await page.waitForFunction( () => window.measured, null, { polling: 'raf', timeout: 15_000 } );
	const [ load, ttfb, fcp ] = await page.evaluate( () => {
		const [ { loadEventStart, responseStart } ] = performance.getEntriesByType( 'navigation' );
		return [ loadEventStart, responseStart, performance.getEntriesByName( 'first-contentful-paint' )[ 0 ].startTime ].map( Math.round );
	} );
	await leave( page );
	await wire.event( 'l' );
	const [ first, last, ...more ] = wire.events( 't' );
	assert.deepEqual( first, [ 't', load, ttfb, fcp, null, null, null ] );
	assert.deepEqual( last.slice( 0, 4 ), [ 't', null, null, null ] );
	const [ lcp, inp, cls ] = last.slice( 4 );
	assert.ok( lcp >= fcp, `LCP ${ lcp }` );
	assert.ok( inp >= 56, `INP ${ inp }` );
	assert.ok( Number.isInteger( cls ) && cls >= 0 && cls < 1000, `CLS ${ cls }` );
	assert.deepEqual( more, [] );
	assert.ok( wire.beacons.every( ( { status } ) => status === 204 ) );
} );

test( 'a layout that shifts is measured in thousandths', async ( t ) => {
	const reader = await read( t, '/about/', { rewrite: ( html ) => html.replace( /<body[^>]*>/, '$&<div id="late" style="height:0"></div><p style="font-size:60px;height:300px">Text</p>' ) } );
	const { page, wire } = reader;
	await equipped( reader );
	const shift = await page.evaluate( () => new Promise( ( done ) => {
		new PerformanceObserver( ( list ) => done( list.getEntries().reduce( ( sum, { value } ) => sum + value, 0 ) ) ).observe( { type: 'layout-shift' } );
		document.querySelector( '#late' ).style.height = '200px';
	} ) );
	await leave( page );
	await wire.event( 'l' );
	const cls = wire.events( 't' ).at( -1 )[ 6 ];
	assert.ok( cls >= Math.floor( shift * 1000 ) && shift > 0.01, `${ cls } for ${ shift }` );
} );

test( 'a page loaded in a background tab has no times', async ( t ) => {
	const wire = await Wire.open();
	const { context, close } = await launchWithTabs( `--proxy-server=${ wire.proxy.server }`, '--proxy-bypass-list=<-loopback>' );
	t.after( close );
	t.after( () => wire.close() );
	const front = await context.newPage();
	await front.goto( `${ SITE }/contact/` );
	const session = await context.newCDPSession( front );
	const opened = context.waitForEvent( 'page' );
	await session.send( 'Target.createTarget', { url: `${ SITE }/about/`, background: true } );
	const behind = await opened;
	await behind.waitForLoadState();
	const view = () => wire.views.find( ( { url } ) => url === '/about/' );
	await wire.until( view );
	assert.equal( view().events[ 0 ][ 1 ], 0, 'it begins hidden' );
	await behind.evaluate( () => window.qahmRealtime.track( 'hidden' ) );
	await wire.event( 'g', 'hidden' );
	await behind.bringToFront();
	await wire.until( () => view().events.some( ( [ kind ] ) => kind === 's' ) );
	await leave( behind );
	await wire.until( () => view().events.some( ( [ kind ] ) => kind === 'l' ) );
	assert.deepEqual( view().events.filter( ( [ kind ] ) => kind === 't' ), [] );
	await leave( front );
	await wire.until( () => wire.events( 'l' ).length === 2 );
} );

test( 'errors are told with their place, once each, five a view, as the site’s own or others’', async ( t ) => {
	const hosts = new Map( [ [ 'cdn.example', { type: 'text/javascript', body: '\n\nthrow new Error( "theirs" );', headers: {} } ] ] );
	const answers = new Map( [ [ '/own.js', { type: 'text/javascript', body: '\nsetTimeout( () => { missing(); } );' } ] ] );
	const reader = await read( t, '/about/', {
		hosts, answers,
		// Before the second file is there.
		insert: '<script>throw new TypeError( "early https://x.example/a?token=q-secret" )</script><img src="/no-such.png"><script src="/own.js?v=q-secret"></script><script src="http://cdn.example/lib.js?q-secret"></script>',
	} );
	const { page, wire, thrown } = reader;
	await wire.event( 'x', 'Uncaught TypeError: early https://x.example/a', '/about/', ( line ) => line > 0, 1 );
	await wire.event( 'x', 'Uncaught ReferenceError: missing is not defined', '/own.js', 2, 1 );
	await wire.event( 'x', 'Script error.', '', 0, 0 );
	await equipped( reader );
	await page.evaluate( () => {
		setTimeout( () => Promise.reject( new RangeError( 'nobody caught it' ) ) );
	} );
	await wire.event( 'x', 'RangeError: nobody caught it' );
	await page.evaluate( () => {
		for ( let n = 0; n < 5; n++ ) {
			setTimeout( () => Promise.reject( new RangeError( 'nobody caught it' ) ) );
			setTimeout( () => { throw new Error( `number ${ n }` ); } );
		}
		dispatchEvent( new ErrorEvent( 'error', { message: 'ResizeObserver loop completed with undelivered notifications.', filename: location.href } ) );
	} );
	await wire.until( () => wire.events( 'x' ).length >= 5 );
	await page.evaluate( () => window.qahmRealtime.track( 'after' ) );
	await wire.event( 'g', 'after' );
	const errors = wire.events( 'x' );
	assert.equal( errors.length, 5, JSON.stringify( errors ) );
	assert.equal( new Set( errors.map( String ) ).size, 5 );
	assert.ok( wire.beacons.every( ( { body, status } ) => status === 204 && ! body.includes( 'q-secret' ) ) );
	assert.ok( thrown.length > 5, 'the page’s own errors are its own' );
} );

test( 'a script of another host that says where it failed is not the site’s own', async ( t ) => {
	const hosts = new Map( [ [ 'cdn.example', { type: 'text/javascript', body: '\n\nthrow new Error( "theirs" );', headers: { 'Access-Control-Allow-Origin': '*' } } ] ] );
	const { wire } = await read( t, '/about/', { hosts, insert: '<script crossorigin src="http://cdn.example/js/lib.js?q-secret"></script><script>Promise.reject( "no error at all" )</script>' } );
	assert.deepEqual( await wire.event( 'x', 'Uncaught Error: theirs' ), [ 'x', 'Uncaught Error: theirs', 'cdn.example/js/lib.js', 3, 0 ] );
	assert.deepEqual( await wire.event( 'x', 'no error at all' ), [ 'x', 'no error at all', '', 0, 0 ] );
} );
