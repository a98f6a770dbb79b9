// What people get has none of the points at which producers are killed here, and no clock that can be set.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REPOSITORY } from '../../demo/place.mjs';

const TARGET = process.env.CARGO_TARGET_DIR || join( REPOSITORY, 'target' );
const RING = 'qahm-ring has points of chaos';
const ENGINE = 'QAHM_REALTIME_TEST_CLOCK';
const holds = ( file, mark ) => readFileSync( join( TARGET, file ) ).includes( mark );

test( 'neither the extension nor the engine that were built holds a point of chaos', () => {
	// Where they are, they are found: in what was built for these tests.
	assert.ok( holds( 'chaos/producer', RING ) );
	assert.ok( holds( 'chaos/qahm-realtimed', ENGINE ) );
	const shipped = [ 'quick', 'release' ].flatMap( ( profile ) => [ 'libqahm_realtime.so', 'qahm-realtimed' ].map( ( name ) => join( profile, name ) ) );
	const built = shipped.filter( ( file ) => existsSync( join( TARGET, file ) ) );
	assert.ok( built.includes( 'quick/libqahm_realtime.so' ) && built.includes( 'quick/qahm-realtimed' ), `built: ${ built }` );
	for ( const file of built ) {
		assert.deepEqual( [ RING, ENGINE ].filter( ( mark ) => holds( file, mark ) ), [], file );
	}
} );

test( 'no build of the whole workspace, nor a release, turns it on', () => {
	const features = ( ...what ) => execFileSync( 'cargo', [ 'tree', '--edges', 'normal,build,dev', '--prefix', 'none', '--format', '{p} [{f}]', ...what ], { cwd: REPOSITORY, encoding: 'utf8' } )
		.split( '\n' ).filter( ( line ) => /^qahm/.test( line ) );
	const chaotic = ( line ) => /\[.*\bchaos\b.*\]/.test( line );
	assert.ok( features( '-p', 'qahm-chaos', '--features', 'qahm-chaos/chaos' ).some( ( line ) => line.startsWith( 'qahm-ring ' ) && chaotic( line ) ) );
	for ( const what of [ [ '--workspace' ], [ '-p', 'qahm_realtime', '-p', 'qahm-realtimed' ] ] ) {
		const found = features( ...what );
		assert.ok( found.some( ( line ) => line.startsWith( 'qahm-ring ' ) ) );
		assert.deepEqual( found.filter( chaotic ), [] );
	}
} );
