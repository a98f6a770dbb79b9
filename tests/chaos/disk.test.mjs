// The disk of the engine's data is full, and read-only: pages stay whole, the status says it, what was accepted waits and is
// stored when there is room again. Nobody restarts anything.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Chaotic } from './chaotic.mjs';
import { Disk } from './disk.mjs';
import { Load } from './load.mjs';

const site = new Chaotic( 'disk' );
const load = new Load( site );
let disk;
before( async () => {
	disk = new Disk( site );
	site.dataBase = disk.settings[ 'qahm_realtime.data_dir' ];
	await site.start( { ...disk.settings, 'qahm_realtime.slots': 256 } );
	await site.recovers( load );
} );
after( async () => {
	await site.end();
	await disk?.remove();
} );
afterEach( async () => {
	await load.stop();
	site.assertQuiet();
} );

const refusals = () => load.answers[ '503 full' ] ?? 0;
const pages = ( more ) => {
	const before = load.pages;
	return site.until( 'pages are served', () => load.pages >= before + more );
};

test( `the disk is full (${ Disk.how }): the ring fills, events are refused, and nothing accepted is lost`, async () => {
	const engine = await site.engine();
	load.start();
	await disk.fill();
	await site.says( Disk.full, { engine: true } );
	await site.until( 'the ring is full', () => refusals() > 20 );
	await site.says( /The ring is full/ );
	await pages( 3 );
	assert.equal( ( await site.told() ).status.state, 'running' );

	await disk.free();
	await site.recovers( load );
	await site.until( 'the status is silent', async () => ! Disk.full.test( await site.words() ) );
	await load.stop();
	assert.equal( await site.engine(), engine, 'the same engine got over it' );
	console.log( `${ await site.settles( load ) } views stored; answers: ${ JSON.stringify( load.answers ) }` );
} );

test( `the engine is killed while the disk is full (${ Disk.how }): it cannot start, says why, and starts when it can`, async () => {
	load.start( 1 );
	await disk.fill();
	await site.says( Disk.full );
	await site.killEngine();
	await site.says( Disk.unstartable );
	await pages( 3 );
	await disk.free();
	await site.recovers( load );
	await load.stop();
	await site.settles( load );
} );

test( `the disk is read-only when the engine starts (${ Disk.how }): the status says so, and it starts when it can`, async () => {
	load.start( 1 );
	await site.until( 'the disk is read-only', async () => {
		// PHP starts the next engine at any instant, which holds the disk again.
		if ( await site.engine() ) {
			await site.killEngine();
		}
		return disk.lock();
	} );
	await site.says( /data directory.*(read-only|Read-only|chmod 0700)/ );
	await pages( 3 );
	await disk.unlock();
	await site.recovers( load );
	await load.stop();
	await site.settles( load );
} );
