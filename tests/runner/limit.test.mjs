// A test that hangs is told by its name, and those that do not are left alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const limit = new URL( '../limit.mjs', import.meta.url ).href;

/** Runs a file of tests as a stage does; from within another runner it would report to that. */
function run( t, code, ms ) {
	const folder = mkdtempSync( join( tmpdir(), 'qahm-limit-' ) );
	t.after( () => rmSync( folder, { recursive: true } ) );
	const file = join( folder, 'one.test.mjs' );
	writeFileSync( file, `import { test } from 'node:test';\n${ code }` );
	const { NODE_TEST_CONTEXT, ...env } = process.env;
	const { status, stdout, stderr } = spawnSync( process.execPath, [ '--import', limit, '--test', file ], { env: { ...env, QAHM_TEST_LIMIT: ms }, encoding: 'utf8' } );
	return { status, text: stdout + stderr };
}

test( 'a test that hangs is named', ( t ) => {
	const { status, text } = run( t, `
		test( 'the quick one', () => {} );
		test( 'the slow one', ( t ) => {
			const alive = setInterval( () => {}, 1000 );
			return new Promise( () => {} );
		} );
		test( 'the one after it', () => {} );
	`, '300' );
	assert.notEqual( status, 0 );
	assert.match( text, /"the slow one" has taken more than 0.3 s/ );
	assert.doesNotMatch( text, /"the quick one" has taken/ );
} );

test( 'many that are quick enough pass, however long they take together', ( t ) => {
	const { status, text } = run( t, `
		for ( let n = 0; n < 8; n++ ) {
			test( 'a part of it', async ( t ) => {
				await t.test( 'a part of that', () => new Promise( ( done ) => setTimeout( done, 300 ) ) );
			} );
		}
	`, '2000' );
	assert.equal( status, 0, text );
	assert.match( text, /fail 0/ );
} );
