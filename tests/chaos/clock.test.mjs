// The wall clock of the machine is set back while the engine runs; and an engine that nobody starts.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { launch, stop } from '../../demo/process.mjs';
import { Chaotic, TARGET } from './chaotic.mjs';
import { Load } from './load.mjs';

const site = new Chaotic( 'clock' );
const load = new Load( site );
let engine;
/** Seconds that the engine's wall clock goes wrong. */
const setClock = ( seconds ) => writeFileSync( join( site.site.dir, 'clock' ), String( seconds ) );

/** An engine with a clock that can be set, which PHP would start with a clean environment: so we do. */
function startEngine() {
	const program = join( site.site.dir, 'bin/qahm-realtimed-chaos' );
	engine = launch( 'engine', program, [ '--foreground', '--runtime-dir', join( site.runtime, '..' ), '--data-dir', site.dataBase ], {
		log: join( site.site.dir, 'log/engine.log' ),
		env: { QAHM_REALTIME_TEST_CLOCK: join( site.site.dir, 'clock' ) },
	} );
}

before( async () => {
	await site.start( { 'qahm_realtime.engine_mode': 'external' } );
	copyFileSync( join( TARGET, 'chaos/qahm-realtimed' ), join( site.site.dir, 'bin/qahm-realtimed-chaos' ) );
	chmodSync( join( site.site.dir, 'bin/qahm-realtimed-chaos' ), 0o755 );
	setClock( 0 );
} );
after( async () => {
	if ( engine ) {
		await stop( engine );
	}
	await site.end();
} );
afterEach( async () => {
	await load.stop();
	site.assertQuiet();
} );

const viewsToday = async () => ( await site.told() ).counters.views_today;

test( 'nobody starts the engine: the status says who should, events wait, pages are whole', async () => {
	load.start( 1 );
	await site.says( /engine_mode is external: start qahm-realtimed/ );
	await site.until( 'pages and beacons come', () => load.pages > 3 && load.accepted.size > 20 );
	await load.stop();
	startEngine();
	await site.recovers( load );
	await site.settles( load );
} );

test( 'the clock is set back by an hour: the status says so, today goes on, nothing is lost', async () => {
	const before = await viewsToday();
	load.start( 1 );
	setClock( -3600 );
	await site.says( /the wall clock was set back by (3599|3600|3601) s/, { engine: true } );
	await site.recovers( load );
	await load.stop();
	assert.ok( await viewsToday() > before );
	await site.settles( load );
} );

test( 'the engine is killed while the clock is wrong: the next one shows the same, and goes on when the clock is right', async () => {
	const before = ( await site.told() ).counters;
	process.kill( engine.pid, 'SIGKILL' );
	await site.gone( engine.pid );
	startEngine();
	await site.until( 'it runs', async () => ( await site.told() )?.counters?.views_today >= before.views_today );
	const then = ( await site.told() ).counters;
	for ( const number of [ 'visitors_today', 'views_today', 'peak_today', 'peak_today_at' ] ) {
		assert.equal( then[ number ], before[ number ], number );
	}
	setClock( 0 );
	await site.recovers( load );
	assert.ok( await viewsToday() > before.views_today );
	await site.settles( load );
} );
