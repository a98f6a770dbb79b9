/**
 * Builds what the plugin ships: scripts into assets/build/, French into languages/*.mo.
 * Fails when the tracker is over its budget.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

// Bytes of the whole script element, gzip -9.
const BUDGETS = { 'tracker.js': 1000, 'tracker-consent.js': 1200 };

const root = dirname( fileURLToPath( import.meta.url ) );
const out = join( root, 'assets/build' );
const text = ( path ) => readFileSync( path, 'utf8' );
const gzipped = ( content ) => gzipSync( content, { level: 9 } ).length;

mkdirSync( out, { recursive: true } );

const options = {
	bundle: true,
	minify: true,
	charset: 'ascii', // the page's own encoding must not matter
	legalComments: 'none',
	logLevel: 'warning',
	outdir: out,
};
for ( const [ name, consent ] of [ [ 'tracker', 'false' ], [ 'tracker-consent', 'true' ] ] ) {
	await build( {
		...options,
		entryPoints: { [ name ]: join( root, 'assets/src/tracker.ts' ) },
		target: 'es2020',
		format: 'esm', // the source has its own function around it
		define: { __QAHM_CONSENT__: consent },
		mangleProps: /_$/,
	} );
}
await build( {
	...options,
	entryPoints: [ join( root, 'assets/src/widget.ts' ), join( root, 'assets/src/widget.css' ) ],
	target: 'es2020',
	format: 'iife',
} );

// As WordPress prints it, see src/Tracker.php.
const open =
	'<script data-no-optimize="1" data-no-defer="1" data-no-minify="1" data-cfasync="false" nowprocket>';
const config = '["0123456789abcdef","/wp-content/plugins/qahm-realtime/collect.php",0]';
for ( const [ name, budget ] of Object.entries( BUDGETS ) ) {
	const script = text( join( out, name ) ).trim();
	// One place for the configuration, and nothing that could end the element early.
	if ( script.split( '__QAHM_CONFIG__' ).length !== 2 || /<\/script|<!--/i.test( script ) ) {
		throw new Error( `${ name }: the configuration has not exactly one place, or the script is not safe inline` );
	}
	writeFileSync( join( out, name ), script );
	const inline = `${ open }\n${ script.replace( '__QAHM_CONFIG__', config ) }\n</script>`;
	const size = gzipped( inline );
	console.log( `${ name }: ${ inline.length } B inline, ${ size } B gzipped (budget ${ budget }, script alone ${ gzipped( script ) })` );
	if ( size > budget ) {
		throw new Error( `${ name } is over its budget` );
	}
}
for ( const name of [ 'widget.js', 'widget.css' ] ) {
	const content = readFileSync( join( out, name ) );
	console.log( `${ name }: ${ content.length } B, ${ gzipped( content ) } B gzipped` );
}

const languages = join( root, 'languages' );
for ( const name of readdirSync( languages ).filter( ( file ) => file.endsWith( '.po' ) ) ) {
	const mo = name.replace( /\.po$/, '.mo' );
	execFileSync( 'msgfmt', [ '--check', '-o', join( languages, mo ), join( languages, name ) ] );
	console.log( mo );
}
