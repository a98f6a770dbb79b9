// The live channel in a real browser: pushed, shared among tabs, back after the engine's death, ended with the session.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { alive, runningFile, until } from '../../demo/process.mjs';
import { Administrator, FIREFOX, SITE, Visitor, launch, launchWithTabs } from './browser.mjs';

const ENGINE = join( process.env.QAHM_TEST_DIR, 'bin/qahm-realtimed' );
const STATE = '[data-qahm-realtime="state"]';

let browser;
let administrator;
let visitors;

before( async () => {
	browser = await launch();
} );
after( () => browser?.close() );

beforeEach( async () => {
	visitors = [];
	administrator = await Administrator.login( browser );
} );
afterEach( async () => {
	await Promise.all( visitors.map( ( visitor ) => visitor.leave() ) );
	await administrator.context.close();
} );

const arrive = async ( ...how ) => {
	visitors.push( await Visitor.arrive( browser, ...how ) );
};

/** What a page has to do with the channel from now on. */
function listen( page ) {
	const heard = { sockets: [], frames: [], requests: [] };
	page.on( 'websocket', ( socket ) => {
		heard.sockets.push( socket );
		socket.on( 'framereceived', ( { payload } ) => heard.frames.push( String( payload ) ) );
	} );
	page.on( 'request', ( request ) => heard.requests.push( request.url() ) );
	heard.open = () => heard.sockets.filter( ( socket ) => ! socket.isClosed() ).length;
	heard.has = ( part, from = 0 ) => until( () => heard.frames.slice( from ).some( ( frame ) => frame.includes( part ) ), 20_000 ).then( () => assert.ok( heard.frames.slice( from ).some( ( frame ) => frame.includes( part ) ), `no frame with ${ part }:\n${ heard.frames.join( '\n' ).slice( 0, 2000 ) }` ) );
	return heard;
}

test( 'a visitor’s view is pushed over WebSocket; nothing is asked for', async () => {
	const heard = listen( administrator.page );
	await administrator.openDashboard();
	await heard.has( '"hello"' );
	await administrator.sees( 0 );
	heard.requests.length = 0;
	await arrive( '/about/' );
	await administrator.sees( 1 );
	await administrator.lists( 'About' );
	await arrive( '/contact/', FIREFOX );
	await administrator.sees( 2 );
	assert.equal( heard.open(), 1 );
	assert.deepEqual( heard.requests.filter( ( url ) => /live\.php|qahm-live/.test( url ) ), [] );
} );

test( 'two tabs share one connection, and the second goes on when the first is closed', async () => {
	const first = listen( administrator.page );
	await administrator.openDashboard();
	await first.has( '"hello"' );
	const other = new Administrator( administrator.context, await administrator.context.newPage() );
	const second = listen( other.page );
	await other.openDashboard();
	await other.sees( 0 );
	await arrive( '/about/' );
	await Promise.all( [ administrator.sees( 1 ), other.sees( 1 ) ] );
	assert.deepEqual( [ first.open(), second.sockets.length ], [ 1, 0 ] );
	assert.deepEqual( second.requests.filter( ( url ) => /live\.php|qahm-live/.test( url ) ), [] );

	await administrator.page.close();
	await second.has( '"hello"' );
	await arrive( '/contact/', FIREFOX );
	await other.sees( 2 );
	assert.equal( second.open(), 1 );
} );

test( 'the three ways give the same states, also of a filter and after a pause', async () => {
	await administrator.openDashboard();
	const config = JSON.parse( await administrator.page.locator( '#qahm_realtime' ).getAttribute( 'data-config' ) );
	const script = `${ await administrator.page.locator( 'script[src*="widget.js"]' ).getAttribute( 'src' ) }`.replace( 'widget.js', 'live.js' );
	await administrator.page.goto( `${ SITE }/wp-admin/profile.php` ); // A page without the widget.
	await administrator.page.evaluate( async ( [ address, given ] ) => {
		const { connect } = await import( address );
		// Under names of their own they share nothing.
		const ways = { websocket: { site: 'a' }, events: { site: 'b', socket: '/nowhere.js' }, polling: { site: 'c', prefix: null } };
		const topics = [ 'live', 'events', 'visitors', 'performance', 'alerts' ];
		window.dashboards = Object.entries( ways ).map( ( [ way, more ] ) => {
			const dashboard = { way, states: {}, channel: connect( { ...given, topics, ...more } ) };
			dashboard.channel.on( 'status', ( status ) => Object.assign( dashboard, { status } ) );
			topics.forEach( ( topic ) => dashboard.channel.on( topic, ( state, { s, filter } ) => {
				dashboard.states[ topic ] = { s, filter, state };
			} ) );
			return dashboard;
		} );
		const sorted = ( value ) => ( Array.isArray( value ) ? value.map( sorted ) : value && typeof value === 'object' ? Object.fromEntries( Object.keys( value ).sort().map( ( name ) => [ name, sorted( value[ name ] ) ] ) ) : value );
		window.agree = ( filter, active ) => window.dashboards.every( ( { way, status, states } ) => status?.rung === way && topics.every( ( topic ) => states[ topic ]?.filter === filter )
			&& states.live.state.active === active && JSON.stringify( sorted( states ) ) === JSON.stringify( sorted( window.dashboards[ 0 ].states ) ) );
		window.all = ( what ) => window.dashboards.forEach( ( { channel } ) => what( channel ) );
	}, [ script, config ] );
	const agree = ( filter, active ) => administrator.page.waitForFunction( ( [ name, count ] ) => window.agree( name, count ), [ filter, active ], { timeout: 30_000 } ).catch( async ( error ) => {
		throw new Error( `They do not agree on ${ active } with the filter “${ filter }”: ${ ( await administrator.page.evaluate( () => JSON.stringify( window.dashboards ) ) ).slice( 0, 8000 ) }`, { cause: error } );
	} );
	await agree( '', 0 );
	await arrive( '/about/' );
	await agree( '', 1 );
	await administrator.page.evaluate( () => window.all( ( channel ) => channel.filter( { device: 'desktop' } ) ) );
	await agree( 'device=desktop', 1 );
	await administrator.page.evaluate( () => window.all( ( channel ) => channel.pause() ) );
	await arrive( '/contact/', FIREFOX );
	const own = new Administrator( administrator.context, await administrator.context.newPage() );
	await own.openDashboard();
	await own.sees( 2 );
	await agree( 'device=desktop', 1 );
	await administrator.page.evaluate( () => window.all( ( channel ) => channel.resume() ) );
	await agree( 'device=desktop', 2 );
} );

test( 'the tab that is looked at holds the connection; one that is shown again is up to date', async () => {
	const { context, close } = await launchWithTabs();
	try {
		const here = await Administrator.login( { newContext: async () => context } );
		const first = listen( here.page );
		await here.openDashboard();
		await first.has( '"hello"' );
		const there = new Administrator( context, await context.newPage() );
		const second = listen( there.page );
		await there.openDashboard();
		await there.page.bringToFront();
		await second.has( '"hello"' );
		await until( () => first.open() === 0, 10_000 );
		assert.equal( first.open(), 0 );
		await there.sees( 0 );
		await arrive( '/about/' );
		await there.sees( 1 );
		await here.page.bringToFront();
		await here.sees( 1 );
	} finally {
		await close();
	}
} );

test( 'an engine that is killed: the widget says so, and goes on when there is one again', async () => {
	const heard = listen( administrator.page );
	await administrator.openDashboard();
	await heard.has( '"hello"' );
	await administrator.sees( 0 );
	const frames = heard.frames.length;
	// Nobody can start it again before the widget has noticed.
	renameSync( ENGINE, `${ ENGINE }.away` );
	try {
		const killed = runningFile( `${ ENGINE }.away` ).find( alive ) ?? runningFile( ENGINE ).find( alive );
		process.kill( killed.pid, 'SIGKILL' );
		await administrator.page.locator( '.qahm-realtime.is-stale' ).waitFor( { timeout: 30_000 } );
	} finally {
		renameSync( `${ ENGINE }.away`, ENGINE );
	}
	await arrive( '/about/' );
	await administrator.sees( 1, 60_000 );
	await heard.has( '"hello"', frames );
	await administrator.page.locator( '.qahm-realtime:not(.is-stale)' ).waitFor();
	assert.equal( await administrator.page.locator( STATE ).innerText(), '' );
} );

test( 'who logs out in another tab sees it here, and is not served any more', async () => {
	const heard = listen( administrator.page );
	await administrator.openDashboard();
	await heard.has( '"hello"' );
	await administrator.sees( 0 );
	const elsewhere = await administrator.context.newPage();
	await elsewhere.goto( `${ SITE }/wp-admin/profile.php` );
	await elsewhere.goto( await elsewhere.locator( '#wp-admin-bar-logout a' ).getAttribute( 'href' ) );
	await administrator.page.locator( STATE ).getByText( 'logged out' ).waitFor( { timeout: 20_000 } );
	await until( () => heard.open() === 0, 10_000 );
	assert.equal( heard.open(), 0 );
	heard.requests.length = 0;
	await arrive( '/about/' );
	const another = await Administrator.login( browser );
	await another.openDashboard();
	await another.sees( 1 );
	await another.context.close();
	assert.equal( await administrator.page.locator( '[data-qahm-realtime="active"]' ).innerText(), '0' );
	assert.deepEqual( heard.requests.filter( ( url ) => /live\.php|qahm-live|token/.test( url ) ), [] );
} );
