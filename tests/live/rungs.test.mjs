// Whatever stands between a dashboard and the engine: the client finds the best rung that works, within five seconds, and stays on it.
// Each case is a real nginx that was configured so; the client is the plugin's own, in Chromium.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Administrator, launch } from '../browser/browser.mjs';
import { Site } from '../../demo/site.mjs';
import { DIR, ID, PLUGIN, SITE, Visitor, ready } from './site.mjs';

const FILE = join( DIR, 'conf/nginx.conf' );
const site = new Site( DIR );
const usual = readFileSync( FILE, 'utf8' );
let browser;
before( async () => {
	await ready();
	browser = await launch();
} );
after( async () => {
	await browser?.close();
	writeFileSync( FILE, usual );
	await site.restart( 'nginx' );
} );

/** Changes of the configuration, each of a line that must be there. */
const NO_WEBSOCKET = [ 'set $qahm_upgrade websocket;', 'set $qahm_upgrade "";' ];
const BUFFERED = [ 'proxy_buffering off;', 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;' ];
const MUCH_BUFFERED = [ 'proxy_buffering off;', 'proxy_buffering on; proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; proxy_ignore_headers X-Accel-Buffering;' ];
const IDLE = [ 'proxy_read_timeout 3600s;', 'proxy_read_timeout 60s; keepalive_timeout 60s;' ];

/** `holds`: seconds for which the connection must stand on a site where nothing happens. */
const CASES = [
	{ name: 'all passes', changes: [], rung: 'websocket' },
	{ name: 'no WebSocket', changes: [ NO_WEBSOCKET ], rung: 'events' },
	{ name: 'no WebSocket, and streams are buffered', changes: [ NO_WEBSOCKET, BUFFERED ], rung: 'polling' },
	{ name: 'no WebSocket, and streams are buffered by the 64 kB', changes: [ NO_WEBSOCKET, MUCH_BUFFERED ], rung: 'polling' },
	{ name: 'streams are buffered', changes: [ BUFFERED ], rung: 'websocket' },
	{ name: 'nothing is passed on', changes: [ [ 'rewrite ^', 'return 404; rewrite ^' ] ], rung: 'polling' },
	{ name: 'connections that are quiet for 60 s are cut', changes: [ IDLE ], rung: 'websocket', holds: 65 },
	{ name: 'connections that are quiet for 60 s are cut, and no WebSocket', changes: [ IDLE, NO_WEBSOCKET ], rung: 'events', holds: 65 },
];

for ( const { name, changes, rung, holds = 0 } of process.env.SHORT ? CASES.filter( ( one ) => ! one.holds ) : CASES ) {
	test( `${ name }: ${ rung }`, async ( t ) => {
		let text = usual;
		for ( const [ from, to ] of changes ) {
			assert.ok( text.includes( from ), from );
			text = text.replace( from, () => to );
		}
		writeFileSync( FILE, text );
		await site.restart( 'nginx' );
		const administrator = await Administrator.login( browser );
		t.after( () => administrator.context.close() );
		await administrator.openDashboard();
		const { page } = administrator;
		const config = { script: `${ PLUGIN }/assets/build/live.js`, prefix: '/qahm-live/', site: ID, ...JSON.parse( await page.locator( '#qahm_realtime' ).getAttribute( 'data-config' ) ) };
		// A page without the widget, in a profile that remembers nothing: the first visit of a dashboard to this site.
		await page.goto( `${ SITE }/wp-admin/profile.php` );
		await page.evaluate( () => localStorage.clear() );
		await page.evaluate( async ( given ) => {
			const { connect } = await import( given.script );
			window.seen = { statuses: [], events: '' };
			const began = performance.now();
			const live = connect( { ...given, topics: [ 'live', 'events' ] } );
			live.on( 'status', ( status ) => window.seen.statuses.push( { ...status, ms: performance.now() - began } ) );
			live.on( 'events', ( state ) => ( window.seen.events = JSON.stringify( state ) ) );
		}, config );
		const seen = () => page.evaluate( () => window.seen );
		await page.waitForFunction( () => window.seen.statuses.some( ( status ) => status.rung ) && window.seen.events, undefined, { timeout: 20_000 } ).catch( async () => assert.fail( JSON.stringify( await seen() ) ) );
		const { statuses } = await seen();
		const settled = statuses.find( ( status ) => status.rung );
		assert.equal( settled.rung, rung, JSON.stringify( statuses ) );
		t.diagnostic( `${ rung } after ${ Math.round( settled.ms ) } ms` );
		assert.ok( settled.ms < 5000, JSON.stringify( statuses ) );

		await page.waitForTimeout( holds * 1000 );
		const visitor = new Visitor();
		await visitor.view( '/about/' );
		await visitor.does( '/about/', `over-${ rung }-${ CASES.findIndex( ( one ) => one.name === name ) }` );
		await page.waitForFunction( ( wanted ) => window.seen.events.includes( wanted ), `over-${ rung }-${ CASES.findIndex( ( one ) => one.name === name ) }`, { timeout: 15_000 } );
		assert.ok( ( await seen() ).statuses.slice( statuses.indexOf( settled ) ).every( ( status ) => status.rung === rung ), `it stays on its rung: ${ JSON.stringify( ( await seen() ).statuses ) }` );
	} );
}
