// What the plugin adds to a page of a real WordPress: time within its files and hooks, queries, bytes.
import { chownSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { REPOSITORY, USER } from '../demo/place.mjs';
import { median } from './figures.mjs';

const REQUESTS = 200;
const WARM = 30;

/** The start page, as a visitor asks for it; what the stopwatch measured, in ms. */
async function view( url, without ) {
	const answer = await fetch( url, { headers: without ? { 'X-Bench': 'without' } : {} } );
	const html = await answer.text();
	const number = ( name ) => Number( answer.headers.get( name ) ?? NaN );
	if ( ! answer.ok || /\["[0-9a-f]{16}","/.test( html ) === without || Number.isNaN( number( 'x-bench-page-ns' ) ) ) {
		throw new Error( `The start page is not what was to be measured: ${ answer.status }` );
	}
	return { added: number( 'x-bench-ns' ) / 1e6, load: number( 'x-bench-load' ) / 1e6, page: number( 'x-bench-page-ns' ) / 1e6, within: number( 'x-bench-queries' ), queries: number( 'x-bench-page-queries' ) };
}

export async function page( { figures, site, html } ) {
	const script = /<script[^>]*>(?:(?!<\/script>)[\s\S])*?\["[0-9a-f]{16}"[\s\S]*?<\/script>/.exec( html )[ 0 ];
	const inline = gzipSync( script, { level: 9 } ).length;
	figures.add( 'tracker_inline_gzip_bytes', inline, 'B', `the whole script element as the page has it, ${ script.length } B before gzip -9` );
	const more = readFileSync( join( site.wordpress, 'wp-content/plugins/qahm-realtime/assets/build/tracker-more.js' ) );
	const second = gzipSync( more, { level: 9 } ).length;
	figures.add( 'tracker_total_gzip_bytes', inline + second, 'B', `with the second file, ${ more.length } B, ${ second } B gzipped: all that a visitor loads` );

	const plugin = join( site.wordpress, 'wp-content/mu-plugins/stopwatch.php' );
	mkdirSync( dirname( plugin ), { recursive: true } );
	copyFileSync( join( REPOSITORY, 'bench/stopwatch.php' ), plugin );
	chownSync( plugin, USER.uid, USER.gid );
	try {
		const [ withIt, without ] = [ [], [] ];
		for ( let request = -WARM; request < REQUESTS; request++ ) {
			const pair = [ await view( site.url, false ), await view( site.url, true ) ];
			if ( request >= 0 ) {
				withIt.push( pair[ 0 ] );
				without.push( pair[ 1 ] );
			}
		}
		const middle = ( list, name ) => median( list.map( ( one ) => one[ name ] ) );
		// On a machine that does other things, too, the middle request has waited for them.
		const best = [ ...withIt ].sort( ( a, b ) => a.added - b.added )[ withIt.length >> 3 ];
		const whole = `one in eight ≤ ${ best.added.toFixed( 3 ) } ms; the whole page takes ${ middle( withIt, 'page' ).toFixed( 2 ) } ms with the plugin, ${ middle( without, 'page' ).toFixed( 2 ) } without`;
		figures.add( 'frontpage_added_ms', middle( withIt, 'added' ), 'ms', `hrtime within the plugin's files (${ middle( withIt, 'load' ).toFixed( 3 ) } ms) and hooks, less what the stopwatch costs, OPcache on, median of ${ REQUESTS } requests; ${ whole }` );
		const most = Math.max( ...withIt.map( ( one, n ) => Math.max( one.within, one.queries - without[ n ].queries ) ) );
		figures.add( 'frontpage_added_queries', most, '', `the most of ${ REQUESTS } requests: within the plugin's code, and of the whole page against one without the plugin (${ middle( without, 'queries' ) })` );
	} finally {
		rmSync( plugin, { force: true } );
	}
}
