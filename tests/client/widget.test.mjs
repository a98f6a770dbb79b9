// What the dashboard's widget makes of the channel's states. What it draws is looked at in a browser.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const plugin = join( dirname( fileURLToPath( import.meta.url ) ), '../../wp-plugin' );
const { build } = createRequire( join( plugin, 'package.json' ) )( 'esbuild' );
const { outputFiles: [ { text } ] } = await build( {
	entryPoints: [ join( plugin, 'assets/src/widget/channel.ts' ) ],
	bundle: true,
	write: false,
	format: 'esm',
	target: 'node20',
	logLevel: 'error',
	// The channel itself is the test's.
	plugins: [ {
		name: 'channel',
		setup: ( { onResolve, onLoad } ) => {
			onResolve( { filter: /\/live\/connect$/ }, () => ( { path: 'connect', namespace: 'test' } ) );
			onLoad( { filter: /./, namespace: 'test' }, () => ( { contents: 'export const connect = () => globalThis.testChannel;' } ) );
		},
	} ],
} );
const { follow } = await import( `data:text/javascript;base64,${ Buffer.from( text ).toString( 'base64' ) }` );

const LIVE = { state: 'live', rung: 'websocket', stale: false };
const FIGURES = { active: 3, pages: [] };
let tell;
let shown;

beforeEach( () => {
	tell = {};
	shown = [];
	globalThis.testChannel = { on: ( what, listener ) => ( tell[ what ] = listener ) };
	follow( {}, ( { kind, live } ) => shown.push( kind === 'live' ? [ kind, live.stale === true ] : [ kind ] ) );
} );

test( 'figures that the engine itself calls old stay, and are said to be old, whatever way they come', () => {
	tell.status( LIVE );
	tell.live( FIGURES, { e: 'e' } );
	for ( const rung of [ 'websocket', 'events', 'polling' ] ) {
		tell.status( { ...LIVE, rung, stale: true } );
		assert.deepEqual( shown.at( -1 ), [ 'live', true ], rung );
		tell.status( { ...LIVE, rung } );
		assert.deepEqual( shown.at( -1 ), [ 'live', false ], rung );
	}
} );

test( 'a server that is not heard any more does not answer, until it does', () => {
	tell.status( LIVE );
	tell.live( FIGURES, { e: 'e' } );
	tell.status( { ...LIVE, rung: null, stale: true } );
	assert.deepEqual( shown.at( -1 ), [ 'offline' ] );
	tell.status( LIVE );
	assert.deepEqual( shown.at( -1 ), [ 'live', false ] );
	tell.status( { ...LIVE, state: 'noEngine', rung: 'polling' } );
	assert.deepEqual( shown.at( -1 ), [ 'noEngine' ] );
} );

test( 'old or not, without figures there is nothing to show', () => {
	tell.status( { ...LIVE, stale: true } );
	assert.deepEqual( shown, [ [ 'offline' ] ] );
	tell.live( FIGURES, { e: 'e' } );
	assert.deepEqual( shown.at( -1 ), [ 'live', true ] );
} );
