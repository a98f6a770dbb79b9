// The client's sources as one module: esbuild takes the types away, nothing else.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const plugin = join( dirname( fileURLToPath( import.meta.url ) ), '../../wp-plugin' );
const { build } = createRequire( join( plugin, 'package.json' ) )( 'esbuild' );
const sources = join( plugin, 'assets/src/live' );
const names = readdirSync( sources ).filter( ( name ) => name !== 'socket.ts' );

const { outputFiles: [ { text } ] } = await build( {
	stdin: { contents: names.map( ( name ) => `export * from './${ name }';` ).join( '\n' ), resolveDir: sources },
	bundle: true,
	write: false,
	format: 'esm',
	target: 'node20',
	logLevel: 'error',
} );

const folder = mkdtempSync( join( tmpdir(), 'qahm-realtime-client-' ) );
const file = join( folder, 'client.mjs' );
writeFileSync( file, text );

/** Everything that the files of wp-plugin/assets/src/live export. */
export const client = await import( pathToFileURL( file ).href );
rmSync( folder, { recursive: true } );
