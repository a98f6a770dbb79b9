// The demo as people use it: started, visited, started again, stopped; and two of them at once.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Site } from '../../demo/site.mjs';
import { REPOSITORY, USER, stateDir } from '../../demo/place.mjs';
import { until } from '../../demo/process.mjs';

const dirs = [ 'one', 'two' ].map( ( name ) => join( stateDir(), `test-site-${ process.pid }-${ name }` ) );
after( async () => {
	for ( const dir of dirs ) {
		await new Site( dir ).remove();
	}
} );

/** Runs a script of demo/ and returns what it said. */
function demo( script, dir, env = {} ) {
	const { status, stdout, stderr } = spawnSync( process.execPath, [ join( REPOSITORY, 'demo', script ) ], { env: { ...process.env, DEMO_DIR: dir, ...env }, encoding: 'utf8' } );
	assert.equal( status, 0, `${ script }:\n${ stdout }${ stderr }` );
	return stdout;
}

/** Command lines of all processes that have to do with a directory, with the user each runs as. */
function processesOf( dir ) {
	return readdirSync( '/proc' ).filter( ( name ) => /^\d+$/.test( name ) && Number( name ) !== process.pid ).flatMap( ( pid ) => {
		try {
			const command = readFileSync( `/proc/${ pid }/cmdline`, 'utf8' ).replaceAll( '\0', ' ' );
			const [ , uid ] = /^Uid:\s+(\d+)/m.exec( readFileSync( `/proc/${ pid }/status`, 'utf8' ) );
			return command.includes( dir ) ? [ { command, uid: Number( uid ) } ] : [];
		} catch {
			return [];
		}
	} );
}

test( 'the demo serves, counts its visitors, keeps its address, runs beside another and stops without a trace', async () => {
	const [ one, two ] = dirs;
	const said = demo( 'start.mjs', one );
	const address = /http:\/\/127\.0\.0\.1:\d+/.exec( said )[ 0 ];
	assert.match( said, /user admin, password admin/ );
	assert.match( await ( await fetch( address ) ).text(), /The Lighthouse Journal/ );
	assert.match( demo( 'visitors.mjs', one, { N: 20, SECONDS: 8 } ), /204 accepted/ );
	assert.ok( await until( () => processesOf( one ).some( ( { command } ) => command.includes( 'qahm-realtimed' ) ), 10_000 ), 'the engine was started by the first visitors' );

	demo( 'start.mjs', two );
	const other = new Site( two );
	assert.notEqual( other.url, address );
	assert.equal( ( await fetch( other.url ) ).status, 200 );
	assert.deepEqual( [ ...new Set( [ one, two ].flatMap( processesOf ).map( ( { uid } ) => uid ) ) ], [ USER.uid ] );

	assert.ok( demo( 'start.mjs', one ).includes( address ), 'a second start keeps the address' );
	demo( 'stop.mjs', one );
	assert.deepEqual( processesOf( one ), [] );
	assert.equal( ( await fetch( other.url ) ).status, 200, 'the other one goes on' );
	demo( 'stop.mjs', two );
	assert.deepEqual( processesOf( two ), [] );
	assert.ok( existsSync( join( one, 'data' ) ), 'what was stored stays' );
} );
