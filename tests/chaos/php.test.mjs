// php-fpm reloaded and stopped, files deleted, a directory that may not be written, all while people visit: pages stay
// whole, the status says what is wrong, and all is well again by itself, without a restart of php-fpm.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readlinkSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Chaotic } from './chaotic.mjs';
import { Load } from './load.mjs';

const site = new Chaotic( 'php' );
/** One for all tests: the whole history is compared with what is stored. */
const load = new Load( site );
before( async () => {
	await site.start();
	await site.recovers( load );
} );
after( () => site.end() );
afterEach( async () => {
	await load.stop();
	site.assertQuiet();
} );

/** Waits until so many more beacons have been accepted. */
const flows = ( beacons ) => {
	const before = load.accepted.size;
	return site.until( `${ beacons } beacons are accepted`, () => load.accepted.size >= before + beacons );
};

test( 'php-fpm is reloaded under load: the engine lives on, nothing accepted is lost', async () => {
	const engine = await site.engine();
	load.start();
	for ( let reload = 0; reload < 3; reload++ ) {
		await flows( 200 );
		await site.reloadPhp();
	}
	await flows( 200 );
	await load.stop();
	assert.equal( await site.engine(), engine );
	console.log( `${ await site.settles( load ) } views stored; answers: ${ JSON.stringify( load.answers ) }` );
} );

test( 'php-fpm is stopped under load and started later: the engine lives on and holds nothing of it', async () => {
	const engine = await site.engine();
	load.start();
	await flows( 200 );
	await site.stopPhp();
	const held = readdirSync( `/proc/${ engine }/fd` ).map( ( fd ) => readlinkSync( `/proc/${ engine }/fd/${ fd }` ) );
	assert.deepEqual( held.filter( ( file ) => /php|^pipe:/.test( file.replace( site.site.dir, '' ) ) ), [] );
	await site.until( 'the engine stores everything, alone', () => site.missing( load ).length === 0 );
	assert.ok( existsSync( `/proc/${ engine }` ) );
	site.startPhp();
	await flows( 200 );
	await load.stop();
	assert.equal( await site.engine(), engine );
	await site.settles( load );
} );

test( 'the ring file is deleted under load: there is a new one, nothing accepted is lost', async () => {
	const engine = await site.engine();
	const file = join( site.runtime, 'ring.1' );
	load.start();
	for ( let time = 0; time < 3; time++ ) {
		await flows( 100 );
		const { ino } = statSync( file );
		unlinkSync( file );
		await site.until( 'there is a new ring', () => existsSync( file ) && statSync( file ).ino !== ino );
		// A ring that is gone before the engine has seen it cannot be drained: it looks once a second.
		await site.until( 'the engine has found it', () => site.freshStatus().engine_pid === engine );
		await flows( 100 );
	}
	await load.stop();
	await site.recovers( load );
	assert.equal( await site.engine(), engine );
	await site.settles( load );
} );

test( 'the engine is killed and its data directory may not be used: the status says so, nothing accepted is lost', async () => {
	load.start( 1 );
	chmodSync( site.data, 0o500 );
	await site.killEngine();
	await site.says( /data directory: .*chmod 0700/ );
	await load.stop();
	chmodSync( site.data, 0o700 );
	await site.recovers( load );
	await site.until( 'the status is silent', async () => ! /data directory/.test( await site.words() ) );
	await site.settles( load );
} );

test( 'the whole runtime directory is deleted under load: PHP makes it anew, another engine runs, nothing is counted twice', async () => {
	const engine = await site.engine();
	load.start();
	await flows( 100 );
	rmSync( site.runtime, { recursive: true } );
	await site.until( 'another engine runs', async () => ! [ undefined, engine ].includes( await site.engine() ) );
	await load.stop();
	await site.gone( engine );
	await site.recovers( load );
	// What was accepted after the directory had gone, and before a worker noticed, nobody can find again.
	site.once( load );
} );
