// The number of visitors on the dashboard, while real browsers come, click, hide and leave.
// Nothing here waits a fixed time: the widget is watched until it shows what is expected, or a test says what it showed instead.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { ARTIFACTS, Administrator, FIREFOX, Visitor, launch, launchWithTabs } from './browser.mjs';

let browser;
let administrator;
let visitors;

before( async () => {
	browser = await launch();
	administrator = await Administrator.login( browser );
	await administrator.openDashboard();
} );
after( () => browser?.close() );

beforeEach( async () => {
	visitors = [];
	await administrator.sees( 0 );
} );
afterEach( () => Promise.all( visitors.map( ( visitor ) => visitor.leave() ) ) );

const arrive = async ( ...how ) => {
	const visitor = await Visitor.arrive( browser, ...how );
	visitors.push( visitor );
	return visitor;
};

test( 'two visitors with different browsers are two, and one when one closes the page', async () => {
	const first = await arrive( '/about/' );
	await administrator.sees( 1 );
	await arrive( '/a-recipe-for-fish-soup/', FIREFOX );
	await administrator.sees( 2 );
	await administrator.compares();
	await administrator.page.screenshot( { path: join( ARTIFACTS, 'dashboard.png' ), fullPage: true } );
	await first.leave();
	await administrator.sees( 1 );
} );

test( 'two visitors with the same browser behind the same address are two, and one when one closes the page', async () => {
	await arrive( '/about/' );
	const second = await arrive( '/contact/' );
	await administrator.sees( 2 );
	await second.leave();
	await administrator.sees( 1 );
} );

test( 'clicking through ten pages on a slow network never changes the number', async () => {
	const { page } = await arrive( '/about/' );
	const network = await page.context().newCDPSession( page );
	await network.send( 'Network.enable' );
	await network.send( 'Network.emulateNetworkConditions', { offline: false, latency: 400, downloadThroughput: 50 * 1024, uploadThroughput: 50 * 1024 } );
	await administrator.sees( 1 );
	const seen = await administrator.watch();

	const paths = new Set();
	for ( let step = 0; step < 10; step++ ) {
		const link = page.locator( 'a.read-on' );
		const target = new URL( await link.getAttribute( 'href' ), page.url() );
		await link.click();
		await page.waitForURL( target.href );
		paths.add( target.pathname );
	}
	assert.equal( paths.size, 10 );

	// The widget has caught up with the walk when it lists the page where it ended.
	await administrator.lists( await page.locator( 'h1' ).innerText() );
	assert.deepEqual( await seen(), [ '1' ] );
} );

test( 'two tabs of one visitor, one really hidden behind the other, are one visitor; in two windows side by side they are two', async () => {
	const { context, close } = await launchWithTabs();
	try {
		const visitor = new Visitor( context );
		const hidden = await visitor.open( '/about/' );
		await administrator.sees( 1 );
		const seen = await administrator.watch();
		const front = await visitor.open( '/contact/' );
		await front.bringToFront();
		assert.deepEqual( await Promise.all( [ hidden, front ].map( ( page ) => page.evaluate( () => document.visibilityState ) ) ), [ 'hidden', 'visible' ] );
		await administrator.lists( 'Contact' );
		await hidden.bringToFront();
		await administrator.lists( 'About' );
		assert.deepEqual( await seen(), [ '1' ] );

		await visitor.openWindow( '/visit-us/' );
		await administrator.sees( 2 );
		await visitor.leave();
		await administrator.sees( 0 );
	} finally {
		await close();
	}
} );

test( 'the administrator’s own look at the site is not counted', async () => {
	await arrive( '/about/' );
	await administrator.sees( 1 );
	const seen = await administrator.watch();
	const own = await administrator.context.newPage();
	const answered = own.waitForResponse( ( response ) => response.request().method() === 'POST' && response.status() === 204 );
	await own.goto( new URL( '/contact/', visitors[ 0 ].page.url() ).href );
	assert.match( ( await answered ).headers()[ 'x-qahm-realtime' ], /^excluded:role/ );
	// A visitor who comes after it is seen: had the administrator been counted, the number would have passed through 2 to 3.
	await arrive( '/visit-us/', FIREFOX );
	await administrator.sees( 2 );
	await own.close();
	assert.deepEqual( await seen(), [ '1', '2' ] );
} );
