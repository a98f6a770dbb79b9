// An engine that is there and says nothing: not dead, stopped. Its connections stay open, so that only silence tells. A dashboard says
// that its figures are old when two beats are missing, and goes on when the engine does. The page's clock is the only thing that is
// made to run faster: a minute of it passes in some seconds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../demo/process.mjs';
import { launch } from '../browser/browser.mjs';
import { clientPage } from './client.mjs';
import { Visitor, engine, eventually, ready } from './site.mjs';

let browser;
before( async () => {
	await ready();
	browser = await launch();
} );
after( () => browser?.close() );

/** Two beats, and what a client may take to see it (ms). */
const SILENCE = 65_000;
/** One beat may be late. */
const PATIENCE = 25_000;
const STEP = 5000;
/** Until then it has come back to its way. */
const AGAIN = 180_000;

/** `patience`: milliseconds for which nothing is said; who asks every second hears at once that there is no answer. */
const CASES = [
	{ rung: 'websocket', patience: PATIENCE },
	{ rung: 'events', patience: PATIENCE, prepare: ( page ) => page.addInitScript( () => delete window.WebSocket ) },
	{ rung: 'polling', patience: 0, config: { prefix: null } },
];

for ( const { rung, patience, prepare = () => {}, config: own } of CASES ) {
	test( `a stopped engine is seen over ${ rung }, and its going on`, async ( t ) => {
		const context = await browser.newContext();
		t.after( () => context.close() );
		const { page, config } = await clientPage( context, async ( opened ) => {
			await prepare( opened );
			await opened.clock.install();
		} );
		await page.evaluate( async ( { script, ...given } ) => {
			const { connect } = await import( script );
			window.seen = { status: {}, events: '' };
			const channel = connect( given );
			channel.on( 'status', ( status ) => ( window.seen.status = status ) );
			channel.on( 'events', ( state ) => ( window.seen.events = JSON.stringify( state ) ) );
		}, { ...config, ...own, topics: [ 'live', 'events' ] } );
		let tries = 0;
		page.on( 'websocket', () => tries++ );
		page.on( 'request', ( request ) => ( tries += request.url().includes( '/qahm-live/events' ) ? 1 : 0 ) );
		const seen = () => page.evaluate( () => window.seen );
		const goes = async ( wanted = '' ) => {
			const { status, events } = await seen();
			return status.state === 'live' && ! status.stale && events.includes( wanted );
		};
		const comesTo = async () => ( await seen() ).status.rung === rung;
		const told = async () => JSON.stringify( ( await seen() ).status );
		await eventually( async () => await comesTo() && goes(), 'the figures come' );

		const running = engine();
		process.kill( running.pid, 'SIGSTOP' );
		const go = () => process.kill( running.pid, 'SIGCONT' );
		t.after( go );
		let passed = 0;
		for ( ; ; passed += STEP ) {
			const { status } = await seen();
			if ( status.stale || status.state === 'noEngine' ) {
				break;
			}
			assert.ok( passed <= SILENCE, `after ${ passed } ms: ${ JSON.stringify( status ) }` );
			await page.clock.fastForward( STEP );
			await pause( 300 ); // For what it asks then.
		}
		t.diagnostic( `${ await told() } after ${ passed } ms of the page's time` );
		assert.ok( passed >= patience, `said after ${ passed } ms` );

		go();
		const visitor = new Visitor();
		await visitor.view( '/about/' );
		const mark = `goes-on-${ rung }`;
		await visitor.does( '/about/', mark );
		assert.ok( await until( () => goes( mark ), 30_000 ), await told() );
		// A way that let nothing through is looked at again after a while.
		let looked = tries;
		for ( passed = 0; ! await comesTo(); passed += STEP ) {
			assert.ok( passed <= AGAIN, await told() );
			await page.clock.fastForward( STEP );
			await pause( 300 );
			// While a way is tried the clock must not jump: it has two seconds to open.
			if ( tries > looked ) {
				await until( comesTo, 5000 );
				looked = tries;
			}
		}
		assert.equal( engine().pid, running.pid, 'nobody has started another one' );
	} );
}
