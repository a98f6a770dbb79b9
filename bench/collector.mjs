// Beacons per second through nginx and php-fpm, beside a PHP file that does nothing.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../demo/place.mjs';
import { median } from './figures.mjs';
import { status } from './engine.mjs';

const ROUNDS = 31; // Short and many: what else the machine does falls on both.
const SECONDS = 1;
const CONNECTIONS = 8;
/** Requests that wrk has ready for each second. */
const WRITTEN = 100_000;

/** One round; throws if anything but 2xx came back. `host`: the site's, where the address is another's. */
export function round( url, site, number, host = '' ) {
	// On one processor: left to itself the system puts it beside the server's thread, each waits for the other, and the rest is idle.
	const args = [ '-c', '0', 'wrk', '-t1', `-c${ CONNECTIONS }`, `-d${ SECONDS }s`, '-s', join( REPOSITORY, 'bench/beacon.lua' ), url, '--', site, String( number ), host, String( WRITTEN * SECONDS ) ];
	const output = execFileSync( 'taskset', args, { encoding: 'utf8', timeout: 60_000 } );
	const { requests, us, status: refused, socket } = JSON.parse( /RESULT (.*)/.exec( output )[ 1 ] );
	if ( refused || socket || ! requests ) {
		throw new Error( `${ url }: ${ requests } requests, ${ refused } not answered with 2xx, ${ socket } failed` );
	}
	return { requests, rate: requests / us * 1e6 };
}

export async function collector( { figures, site, id, collect } ) {
	const empty = collect.replace( 'collect.php', 'bench-empty.php' );
	writeFileSync( join( site.wordpress, decodeURIComponent( empty ) ), '<?php\n' );
	const rates = { collect: [], empty: [] };
	let accepted = 0;
	const before = await status( site, 1500 );
	// The first round warms both up.
	for ( let number = 0; number <= ROUNDS; number++ ) {
		const pair = [ [ 'empty', empty ], [ 'collect', collect ] ];
		// Who goes first changes: whatever the first leaves to the second falls on both.
		for ( const [ name, path ] of number % 2 ? pair : pair.reverse() ) {
			const { requests, rate } = round( `${ site.url }${ path }`, id, number );
			accepted += name === 'collect' ? requests : 0;
			if ( number > 0 ) {
				rates[ name ].push( rate );
			}
		}
	}
	const after = await status( site, 1500 );
	const taken = after.events - before.events;
	// What wrk had no answer to yet when its time was over may have been taken in all the same.
	if ( taken < accepted || taken > accepted + ( ROUNDS + 1 ) * CONNECTIONS ) {
		throw new Error( `${ accepted } beacons were accepted, and the engine has ${ taken }` );
	}
	const how = `median of ${ ROUNDS } rounds of ${ SECONDS } s, ${ CONNECTIONS } connections, no answer but 2xx, no FastCGI keep-alive`;
	figures.add( 'collect_rps', median( rates.collect ), '1/s', `collect.php, one view of a new visitor each, ${ accepted } accepted and all taken in by the engine beside; ${ how }` );
	figures.add( 'empty_php_rps', median( rates.empty ), '1/s', `an empty PHP file beside it, the same requests; ${ how }` );
	figures.ratio( 'collect_per_empty', rates.collect, rates.empty );
}
