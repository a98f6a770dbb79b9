/**
 * Builds the visitor's tracker: the two inline scripts, and the file they load.
 * Fails when it is over its budget: every visitor's phone pays for it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

// Bytes, gzip -9: of the whole script element, as the page has it; and of that and the second file together.
const BUDGETS = { 'tracker.js': 1000, 'tracker-consent.js': 1200 };
const TOTAL_BUDGET = 6000;

// How the inline script and the second file call what is between them. A page cache may keep an old inline script
// beside a new file: names may be added here and never changed.
const NAMES = { queue_: 'q', push_: 'p', begin_: 'b' };

// As WordPress prints it, see src/Tracker.php.
const OPEN = '<script data-no-optimize="1" data-no-defer="1" data-no-minify="1" data-cfasync="false" nowprocket>';
const PLUGIN = '/wp-content/plugins/qahm-realtime';
const CONFIG = `["0123456789abcdef","${ PLUGIN }/collect.php",0,"${ PLUGIN }/assets/build/tracker-more.js?ver=0.1.0",["post","admin","Coast"]]`;

const PLACE = '__QAHM_CONFIG__';
const gzipped = ( content ) => gzipSync( content, { level: 9 } ).length;

/**
 * What web-vitals does and nobody here asks for: restores from the bfcache (they are views of their own without times),
 * ratings, differences and ids, and waiting for a quiet moment. The rest of the library is as it comes.
 */
const vitals = {
	name: 'vitals',
	setup( { onLoad } ) {
		const instead = {
			bfcache: 'export const getBFCacheRestoreTime = () => -1; export const onBFCacheRestore = () => {};',
			doubleRAF: 'export const doubleRAF = () => {};',
			// The library waits until the page is idle or hidden; we hear of that first and must know by then.
			whenIdleOrHidden: 'export const whenIdleOrHidden = ( work ) => setTimeout( work );',
			initMetric: 'export const initMetric = ( name, value = -1 ) => ( { name, value, entries: [] } );',
			bindReporter: 'export const bindReporter = ( report, metric ) => () => { metric.value >= 0 && report( metric ); };',
		};
		onLoad( { filter: /web-vitals\/dist\/modules\/lib\/(bfcache|doubleRAF|whenIdleOrHidden|initMetric|bindReporter)\.js$/ }, ( { path } ) => ( {
			contents: instead[ /(\w+)\.js$/.exec( path )[ 1 ] ],
		} ) );
	},
};

/**
 * @param {string} root    Directory of the plugin.
 * @param {string} out     Where the scripts go.
 * @param {object} options esbuild's, common to all scripts.
 */
export async function buildTracker( root, out, options ) {
	const source = ( name ) => join( root, 'assets/src', name );
	for ( const [ name, consent ] of [ [ 'tracker', 'false' ], [ 'tracker-consent', 'true' ] ] ) {
		await build( {
			...options,
			entryPoints: { [ name ]: source( 'tracker.ts' ) },
			target: 'es2020',
			format: 'esm', // the source has its own function around it
			define: { __QAHM_CONSENT__: consent },
			mangleProps: /_$/,
			mangleCache: NAMES,
		} );
	}
	const more = join( out, 'tracker-more.js' );
	await build( {
		...options,
		entryPoints: { 'tracker-more': source( 'tracker/more.ts' ) },
		target: 'es2022', // a browser that cannot read it goes on with the inline script
		format: 'esm',
		mangleProps: /_$|^_[a-z]/, // ours, and the library's private ones
		mangleCache: NAMES,
		alias: { 'web-vitals': join( dirname( createRequire( import.meta.url ).resolve( 'web-vitals' ) ), 'modules/index.js' ) },
		plugins: [ vitals ],
	} );
	// A second pass by another minifier takes off seven more bytes of a hundred.
	const { code } = await minify( readFileSync( more, 'utf8' ), {
		module: true,
		ecma: 2020,
		compress: { passes: 4, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false },
		format: { ascii_only: true },
	} );
	writeFileSync( more, code );

	const second = gzipped( code );
	console.log( `tracker-more.js: ${ code.length } B, ${ second } B gzipped` );
	for ( const [ name, budget ] of Object.entries( BUDGETS ) ) {
		const file = join( out, name );
		const script = readFileSync( file, 'utf8' ).trim();
		// One place for the configuration, and nothing that could end the element early.
		if ( script.split( PLACE ).length !== 2 || /<\/script|<!--/i.test( script ) ) {
			throw new Error( `${ name }: the configuration has not exactly one place, or the script is not safe inline` );
		}
		writeFileSync( file, script );
		const inline = `${ OPEN }\n${ script.replace( PLACE, CONFIG ) }\n</script>`;
		const size = gzipped( inline );
		const total = size + second;
		console.log( `${ name }: ${ inline.length } B inline, ${ size } B gzipped (budget ${ budget }, script alone ${ gzipped( script ) }), tracker_total_gzip_bytes ${ total } (budget ${ TOTAL_BUDGET })` );
		if ( size > budget || total > TOTAL_BUDGET ) {
			throw new Error( `${ name } is over its budget` );
		}
	}
}
