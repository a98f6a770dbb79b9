// make bench: every figure the project promises, measured in the release build on this machine.
// ONLY="calls engine" (or arguments) measures only those parts. A benchmark asserts nothing: the exit code is 0 whatever the figures.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Site } from '../demo/site.mjs';
import { stateDir } from '../demo/place.mjs';
import { trackerOf } from '../demo/visitors-tracker.mjs';
import { Figures } from './figures.mjs';
import { calls } from './calls.mjs';
import { collector } from './collector.mjs';
import { engine } from './engine.mjs';
import { live } from './live.mjs';
import { page } from './page.mjs';

process.env.PROFILE = 'release';

/** In order; `site`: on a WordPress of its own. */
const PARTS = {
	calls: { measure: calls, site: true },
	collector: { measure: collector, site: true },
	page: { measure: page, site: true },
	// Last of those with a site: it starts it again with another setting.
	live: { measure: live, site: true },
	engine: { measure: engine, site: false },
};

const wanted = process.argv.slice( 2 );
const unknown = wanted.filter( ( name ) => ! PARTS[ name ] );
if ( unknown.length ) {
	console.error( `No part ${ unknown.join( ', ' ) }. Parts: ${ Object.keys( PARTS ).join( ' ' ) }` );
	process.exit( 2 );
}
const parts = Object.entries( PARTS ).filter( ( [ name ] ) => ! wanted.length || wanted.includes( name ) );
const figures = new Figures( join( stateDir(), 'bench.jsonl' ) );

let site;
const leave = async ( code ) => {
	await site?.remove();
	process.exit( code );
};
process.on( 'SIGINT', () => leave( 130 ) );
process.on( 'SIGTERM', () => leave( 143 ) );

/** A fresh site; its id and collector as its own page names them. */
async function startSite() {
	// Sites of runs that were killed.
	for ( const name of readdirSync( stateDir() ).filter( ( entry ) => /^bench-site-\d+$/.test( entry ) ) ) {
		try {
			process.kill( Number( name.split( '-' )[ 2 ] ), 0 );
		} catch {
			await new Site( join( stateDir(), name ) ).remove();
		}
	}
	site = new Site( join( stateDir(), `bench-site-${ process.pid }` ) );
	await site.start( { settings: { 'opcache.revalidate_freq': 2 } } ); // PHP's default: the demo looks at every file on every request.
	const html = await ( await fetch( site.url ) ).text();
	const tracker = trackerOf( html );
	if ( ! tracker ) {
		throw new Error( 'There is no tracker in the start page' );
	}
	return { id: tracker.site, html, collect: tracker.collector };
}

let code = 0;
try {
	const tracker = parts.some( ( [ , part ] ) => part.site ) ? await startSite() : {};
	for ( const [ name, { measure } ] of parts ) {
		console.error( `Measuring ${ name }` );
		await measure( { figures, site, ...tracker } );
	}
} catch ( error ) {
	console.error( `The benchmark itself failed: ${ error.stack }` );
	code = 1;
}
console.error( `\n${ figures.summary() }` );
await leave( code );
