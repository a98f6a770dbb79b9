/**
 * Builds what the plugin ships: scripts into assets/build/, French into languages/*.mo.
 * Fails when the tracker is over its budget.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { buildTracker } from './build-tracker.mjs';

const root = dirname( fileURLToPath( import.meta.url ) );
const out = join( root, 'assets/build' );
mkdirSync( out, { recursive: true } );

const options = {
	bundle: true,
	minify: true,
	charset: 'ascii', // the page's own encoding must not matter
	legalComments: 'none',
	logLevel: 'warning',
	outdir: out,
};
await buildTracker( root, out, options );
await build( {
	...options,
	entryPoints: [ 'widget.ts', 'widget.css', 'opt-out.ts', 'opt-out-editor.ts' ].map( ( name ) => join( root, 'assets/src', name ) ),
	target: 'es2020',
	format: 'iife',
	// A classic script knows its address otherwise: live/connect.ts asks for both.
	logOverride: { 'empty-import-meta': 'silent' },
} );
// The live channel for dashboards of one's own. socket.io-client is a file beside it, which is loaded when WebSocket is tried.
await build( {
	...options,
	entryPoints: { live: join( root, 'assets/src/live.ts' ), 'live-socket': join( root, 'assets/src/live/socket.ts' ) },
	target: 'es2020',
	format: 'esm',
	banner: { js: '/* Includes socket.io-client, MIT licence, (c) 2014-present Guillermo Rauch and Socket.IO contributors, in live-socket.js. */' },
} );
for ( const name of [ 'widget.js', 'widget.css', 'live.js', 'live-socket.js', 'opt-out.js' ] ) {
	const content = readFileSync( join( out, name ) );
	console.log( `${ name }: ${ content.length } B, ${ gzipSync( content, { level: 9 } ).length } B gzipped` );
}

const languages = join( root, 'languages' );
for ( const name of readdirSync( languages ).filter( ( file ) => file.endsWith( '.po' ) ) ) {
	const mo = name.replace( /\.po$/, '.mo' );
	execFileSync( 'msgfmt', [ '--check', '-o', join( languages, mo ), join( languages, name ) ] );
	console.log( mo );
}
