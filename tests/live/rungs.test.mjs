// Whatever stands between a dashboard and the engine: the client finds the best rung that works, within five seconds, and stays on it.
// Each case is a real nginx that was configured so; the client is the plugin's own, in Chromium.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from '../browser/browser.mjs';
import { Site } from '../../demo/site.mjs';
import { clientPage } from './client.mjs';
import { DIR, Visitor, ready } from './site.mjs';

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
// What nginx speaks when nothing is said, and keeps back: of HTTP/1.1 it passes on what fits its buffers, so that it depends on the states whether a stream works.
const OLD = [ 'proxy_http_version 1.1;', 'proxy_http_version 1.0;' ];
const IDLE = [ 'proxy_read_timeout 3600s;', 'proxy_read_timeout 60s; keepalive_timeout 60s;' ];

/** `rung`: where the client settles; `without`: where it does in a browser that has no WebSocket; `holds`: seconds for which the connection must stand while nothing happens on the site. */
const CASES = [
	{ name: 'all passes', changes: [], rung: 'websocket' },
	{ name: 'no WebSocket', changes: [ NO_WEBSOCKET ], rung: 'events' },
	{ name: 'no WebSocket, and streams are buffered', changes: [ NO_WEBSOCKET, BUFFERED, OLD ], rung: 'polling' },
	{ name: 'no WebSocket, and streams are buffered by the 64 kB', changes: [ NO_WEBSOCKET, MUCH_BUFFERED, OLD ], rung: 'polling' },
	{ name: 'streams are buffered', changes: [ BUFFERED ], rung: 'websocket' },
	{ name: 'nothing is passed on', changes: [ [ 'rewrite ^', 'return 404; rewrite ^' ] ], rung: 'polling' },
	{ name: 'connections that are quiet for 60 s are cut', changes: [ IDLE ], rung: 'websocket', without: 'events', holds: 65 },
];

/** A dashboard's page, in a browser that may have no WebSocket. */
async function dashboard( t, hasWebSocket ) {
	const context = await browser.newContext();
	t.after( () => context.close() );
	const { page, config } = await clientPage( context, ( opened ) => hasWebSocket || opened.addInitScript( () => delete window.WebSocket ) );
	await page.evaluate( async ( { script, ...given } ) => {
		const { connect } = await import( script );
		window.seen = { statuses: [], events: '' };
		const began = performance.now();
		const channel = connect( { ...given, topics: [ 'live', 'events' ] } );
		channel.on( 'status', ( status ) => window.seen.statuses.push( { ...status, ms: Math.round( performance.now() - began ) } ) );
		channel.on( 'events', ( state ) => ( window.seen.events = JSON.stringify( state ) ) );
	}, config );
	return page;
}

const seen = ( page ) => page.evaluate( () => window.seen );

/** What the page waits for comes, or what was seen instead is told. */
const comes = ( page, condition, given ) => page.waitForFunction( condition, given, { timeout: 20_000 } ).catch( async ( { message } ) => assert.fail( `${ message }\n${ JSON.stringify( await seen( page ) ).slice( 0, 4000 ) }` ) );

for ( const { name, changes, rung, without, holds = 0 } of CASES ) {
	test( `${ name }: ${ rung }${ without ? `, ${ without } without WebSocket` : '' }`, async ( t ) => {
		let text = usual;
		for ( const [ from, to ] of changes ) {
			assert.ok( text.includes( from ), from );
			text = text.replace( from, () => to );
		}
		writeFileSync( FILE, text );
		await site.restart( 'nginx' );
		const wanted = without ? [ rung, without ] : [ rung ];
		const pages = await Promise.all( wanted.map( ( _, n ) => dashboard( t, n === 0 ) ) );
		for ( const [ n, page ] of pages.entries() ) {
			await comes( page, () => window.seen.statuses.some( ( status ) => status.rung ) && window.seen.events );
			const { statuses } = await seen( page );
			const settled = statuses.find( ( status ) => status.rung );
			assert.equal( settled.rung, wanted[ n ], JSON.stringify( statuses ) );
			t.diagnostic( `${ settled.rung } after ${ settled.ms } ms` );
			assert.ok( settled.ms < 5000, JSON.stringify( statuses ) );
		}

		await pages[ 0 ].waitForTimeout( holds * 1000 );
		const visitor = new Visitor();
		const mark = `over-${ rung }-${ changes.length }-${ holds }`;
		await visitor.view( '/about/' );
		await visitor.does( '/about/', mark );
		for ( const [ n, page ] of pages.entries() ) {
			await comes( page, ( awaited ) => window.seen.events.includes( awaited ), mark );
			const { statuses } = await seen( page );
			const since = statuses.slice( statuses.findIndex( ( status ) => status.rung ) );
			assert.ok( since.every( ( status ) => status.rung === wanted[ n ] ), `it stays on its rung: ${ JSON.stringify( statuses ) }` );
		}
	} );
}
