// The engine: its speed and its memory, by the driver in bench/src.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { REPOSITORY, USER, privateDir, stateDir } from '../demo/place.mjs';
import { runAsUser } from '../demo/process.mjs';

const BUILT = join( process.env.CARGO_TARGET_DIR || join( REPOSITORY, 'target' ), 'release' );

/** The engine looks for it beside itself; demo/setup fetches it. */
const COUNTRIES = join( REPOSITORY, 'crates/enrich/data/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb' );

/** A copy that the unprivileged user can reach. */
function binary( name, place ) {
	const path = join( place, name );
	copyFileSync( join( BUILT, name ), path );
	chmodSync( path, 0o755 );
	return path;
}

/** What the engine of a site says of itself, `wait` ms from now: it renews it every second. */
export async function status( site, wait ) {
	await pause( wait );
	const driver = binary( 'qahm-bench', privateDir( join( site.dir, 'bench' ) ) );
	return JSON.parse( runAsUser( driver, [ 'status', join( site.run, 'realtime' ) ] ) ).engine;
}

export async function engine( { figures } ) {
	const place = privateDir( join( stateDir(), `bench-engine-${ process.pid }` ) );
	try {
		const [ driver, measured ] = [ 'qahm-bench', 'qahm-realtimed' ].map( ( name ) => binary( name, place ) );
		if ( existsSync( COUNTRIES ) ) {
			copyFileSync( COUNTRIES, join( place, 'country.mmdb' ) );
			chmodSync( join( place, 'country.mmdb' ), 0o644 );
		}
		for ( const what of [ 'events', 'mixed', 'visitor', 'crowd', 'limit', 'history' ] ) {
			for ( const line of ( await run( driver, [ what, measured, place ] ) ).trim().split( '\n' ) ) {
				const { name, value, unit, note } = JSON.parse( line );
				figures.add( name, value, unit, note );
			}
		}
	} finally {
		rmSync( place, { recursive: true, force: true } );
	}
}

/** Its standard output. The engine it starts is its child and ends with it. */
function run( command, args ) {
	return new Promise( ( done, failed ) => {
		const child = spawn( command, args, { uid: USER.uid, gid: USER.gid, cwd: '/', stdio: [ 'ignore', 'pipe', 'inherit' ], timeout: 300_000 } );
		let output = '';
		child.stdout.on( 'data', ( text ) => ( output += text ) );
		child.on( 'error', failed );
		child.on( 'close', ( code ) => ( code === 0 ? done( output ) : failed( new Error( `${ command } ${ args[ 0 ] } failed` ) ) ) );
	} );
}
