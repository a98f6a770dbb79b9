// The order of the rungs, how long each may take, and when they are tried again.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { client } from './source.mjs';
import { FakeRung, FakeStorage, pass, settled, useTimers } from './fakes.mjs';

const { Ladder, Memory, Over, Trouble } = client;
const HELLO = { connection: 'c', e: '00000000000000e1' };
const opens = ( { sink } ) => sink.open( HELLO );
const breaks = ( reason = 'broken', ...how ) => ( { sink } ) => sink.closed( new Trouble( reason, ...how ) );
const hangs = () => undefined;

let ladder;
let told;
let renewals;

beforeEach( () => {
	useTimers();
	globalThis.localStorage = new FakeStorage();
} );
afterEach( () => {
	ladder?.stop();
	mock.timers.reset();
} );

/** Starts a ladder with rungs that do this. */
async function climb( plans, renew = async () => 'token' ) {
	const rungs = Object.entries( plans ).map( ( [ name, plan ] ) => new FakeRung( name, plan, name === 'polling' ? 10_000 : 2000 ) );
	told = [];
	renewals = 0;
	const climber = Object.fromEntries( [ 'settled', 'lost', 'failed', 'refused', 'message', 'beat', 'counters', 'latency', 'over' ].map( ( what ) => [ what, ( value ) => told.push( [ what, value ] ) ] ) );
	const token = { renew: () => ( renewals++, renew() ) };
	const wish = () => ( { topics: [ 'live' ], filter: {}, name: '', position: null } );
	ladder = new Ladder( rungs, wish, climber, token, new Memory( 'site' ), () => 0.5 );
	ladder.start();
	await settled();
	return Object.fromEntries( rungs.map( ( rung ) => [ rung.name, rung ] ) );
}

test( 'the best rung that opens is used, and the others are not tried', async () => {
	const { events } = await climb( { websocket: opens, events: opens, polling: opens } );
	assert.equal( ladder.rung, 'websocket' );
	assert.deepEqual( told, [ [ 'settled', HELLO ] ] );
	assert.equal( events.tried.length, 0 );
} );

test( 'a rung that hangs has 2 s: it settles within 5', async () => {
	const { websocket, events } = await climb( { websocket: hangs, events: hangs, polling: opens } );
	await pass( 1900 );
	assert.equal( events.tried.length, 0 );
	await pass( 200 );
	assert.equal( events.tried.length, 1 );
	assert.ok( websocket.last.isClosed, 'what did not open is not left behind' );
	await pass( 2000 );
	assert.equal( ladder.rung, 'polling' );
	assert.deepEqual( ladder.reasons, { websocket: 'nothing in time', events: 'nothing in time' } );
	assert.ok( ! told.some( ( [ what ] ) => what === 'failed' ) );
} );

test( 'all fail: they are tried again after 1, 2, 4 … 30 s, from the top', async () => {
	const { websocket, events } = await climb( { websocket: breaks(), events: breaks() } );
	await pass( 200_000 );
	const waits = websocket.tried.slice( 1 ).map( ( { at }, index ) => at - websocket.tried[ index ].at );
	assert.deepEqual( waits.slice( 0, 7 ), [ 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000 ] );
	assert.equal( events.tried.length, websocket.tried.length );
	assert.deepEqual( told.slice( 0, 3 ), [ [ 'failed', 1 ], [ 'failed', 2 ], [ 'failed', 3 ] ] );
} );

test( 'a lost connection is tried again on its rung, after a moment', async () => {
	const { websocket, events } = await climb( { websocket: breaks(), events: opens, polling: opens } );
	assert.equal( ladder.rung, 'events' );
	events.last.sink.closed( new Trouble( 'ended' ) );
	assert.equal( ladder.rung, null );
	await pass( 900 );
	assert.equal( events.tried.length, 1 );
	await pass( 200 );
	assert.equal( ladder.rung, 'events' );
	assert.equal( websocket.tried.length, 1 );
	assert.ok( ! told.some( ( [ what ] ) => what === 'failed' ), 'a loss is no failure' );
} );

const waits = ( { tried } ) => tried.slice( 1 ).map( ( { at }, index ) => at - tried[ index ].at );

test( 'losses within seconds of each other: each first try comes soon, and is told', async () => {
	const { websocket } = await climb( { websocket: opens, polling: opens } );
	for ( let loss = 0; loss < 5; loss++ ) {
		await pass( 4000 );
		websocket.last.sink.closed( new Trouble( 'ended' ) );
		await pass( 1000 );
		assert.equal( ladder.rung, 'websocket' );
	}
	assert.deepEqual( told.filter( ( [ what ] ) => what === 'lost' ), Array( 5 ).fill( [ 'lost', 1000 ] ) );
} );

test( 'tries that do not open come later each time, until one does', async () => {
	let isUp = false;
	const { websocket } = await climb( { websocket: ( connection ) => ( isUp ? opens : breaks() )( connection ) } );
	await pass( 32_000 );
	isUp = true;
	await pass( 30_000 );
	assert.equal( ladder.rung, 'websocket' );
	isUp = false;
	websocket.last.sink.closed( new Trouble( 'ended' ) );
	const tries = websocket.tried.length;
	await pass( 7100 );
	assert.deepEqual( waits( websocket ).slice( tries ), [ 1000, 2000 ], 'after a first one' );
} );

test( 'a server that lets in and cuts at once is left alone for some seconds, and for longer when it goes on', async () => {
	let cuts = true;
	const { websocket } = await climb( {
		websocket: ( connection ) => {
			opens( connection );
			if ( cuts ) {
				connection.sink.closed( new Trouble( 'ended' ) );
			}
		},
	} );
	await pass( 120_000 );
	assert.deepEqual( waits( websocket ), [ 1000, 2000, ...Array( 8 ).fill( 4000 ), 30_000, 30_000 ] );
	cuts = false;
	await pass( 35_000 );
	websocket.last.sink.closed( new Trouble( 'ended' ) );
	await pass( 1000 );
	assert.equal( ladder.rung, 'websocket', 'one that lasted makes good' );
} );

test( 'a connection that is given up again and again is no reason to hurry', async () => {
	const { websocket } = await climb( { websocket: opens } );
	for ( const pause of [ 1000, 2000, 4000 ] ) {
		await pass( 6000 );
		ladder.restart( new Trouble( 'gap' ) );
		assert.deepEqual( told.at( -1 ), [ 'lost', pause ] );
		await pass( pause );
	}
	assert.equal( websocket.tried.length, 4 );
} );

test( 'a filter that is refused is refused on all rungs: asked again later, and at once when it is another', async () => {
	let isRefused = true;
	const { websocket, events, polling } = await climb( { websocket: ( connection ) => ( isRefused ? breaks( 'too-many-filters', 'refused' ) : opens )( connection ), events: opens, polling: opens } );
	await pass( 10_000 );
	assert.deepEqual( waits( websocket ), [ 1000, 2000, 4000 ] );
	assert.deepEqual( [ events.tried.length, polling.tried.length, ladder.reasons ], [ 0, 0, {} ] );
	assert.deepEqual( told, Array( 4 ).fill( [ 'refused', 'too-many-filters' ] ) );
	isRefused = false;
	ladder.renew();
	await settled();
	assert.equal( ladder.rung, 'websocket' );
	ladder.renew();
	websocket.last.sink.closed( new Trouble( 'bad-request', 'refused' ) );
	assert.equal( ladder.rung, null );
	await pass( 1000 );
	assert.equal( ladder.rung, 'websocket' );
	assert.equal( websocket.tried.length, 6 );
} );

test( 'a filter that is let in and put out again is left out for as long as it says, and not as long as everybody’s', async () => {
	const { websocket } = await climb( {
		websocket: ( connection ) => {
			opens( connection );
			connection.sink.closed( new Trouble( 'too-many-filters', 'refused', 30_000 ) );
		},
	} );
	await pass( 120_000, 500 );
	assert.deepEqual( waits( websocket ), [ 37_500, 37_500, 37_500 ], 'half of what may be added: random is 0.5 here' );
} );

test( 'who is told to come back within some time does so at a moment of its own', async () => {
	const { websocket } = await climb( { websocket: opens, polling: opens } );
	websocket.last.sink.closed( new Trouble( 'bye', 'broken', 5000 ) );
	await pass( 2400 );
	assert.equal( websocket.tried.length, 1 );
	await pass( 200 );
	assert.equal( websocket.tried.length, 2, 'in the middle: random is 0.5 here' );
} );

test( 'a busy server is left alone as long as it says, and no other rung is tried meanwhile', async () => {
	let isBusy = true;
	const { events, polling } = await climb( { events: ( connection ) => ( isBusy ? breaks( 'busy (429)', 'busy', 7000 ) : opens )( connection ), polling: opens } );
	await pass( 6900 );
	assert.equal( events.tried.length, 1 );
	isBusy = false;
	await pass( 7000 );
	assert.equal( ladder.rung, 'events' );
	assert.equal( polling.tried.length, 0 );
	assert.ok( ! told.some( ( [ what ] ) => what === 'failed' ), 'that is no error' );
} );

test( 'one that is busy twice in a row is passed by, asked again when it wishes, and not held against its way', async () => {
	let isBusy = true;
	const busy = breaks( 'busy (503)', 'busy', 7000 );
	const { websocket, events, polling } = await climb( {
		websocket: ( connection ) => ( isBusy ? breaks( 'not reached' ) : opens )( connection ),
		events: ( connection ) => ( isBusy ? busy : opens )( connection ),
		polling: opens,
	} );
	assert.deepEqual( ladder.reasons, { websocket: 'busy', events: 'busy (503)' } );
	await pass( 10_600 );
	assert.equal( ladder.rung, 'polling' );
	assert.equal( events.tried.length, 2 );
	await pass( 10_300 );
	assert.equal( websocket.tried.length, 2, 'left alone' );
	assert.equal( new Memory( 'site' ).load(), null );
	isBusy = false;
	await pass( 300 );
	assert.equal( ladder.rung, 'websocket' );
	assert.ok( polling.last.isClosed );
	assert.ok( ! told.some( ( [ what ] ) => what === 'failed' ), 'nobody has seen any of it' );
} );

test( 'all are busy, PHP too: that is told after the second round, and none is hurried', async () => {
	const busy = breaks( 'status 503', 'busy', 7000 );
	const { polling } = await climb( { events: busy, polling: busy } );
	await pass( 60_000 );
	assert.deepEqual( told.slice( 0, 2 ), [ [ 'failed', 1 ], [ 'failed', 2 ] ] );
	const waits = polling.tried.slice( 1 ).map( ( { at }, index ) => at - polling.tried[ index ].at );
	assert.ok( waits.every( ( wait ) => wait >= 7000 ), waits );
} );

test( 'a connection that ends because the server is busy is not opened before it wishes', async () => {
	const { polling } = await climb( { polling: opens } );
	polling.last.sink.closed( new Trouble( 'status 503', 'busy', 7000 ) );
	await pass( 10_400 );
	assert.equal( polling.tried.length, 1 );
	await pass( 200 );
	assert.equal( polling.tried.length, 2 );
} );

test( 'a WebSocket that fails where the next rung opens was not reached', async () => {
	await climb( { websocket: breaks( 'not reached' ), events: opens } );
	assert.deepEqual( ladder.reasons, { websocket: 'not reached' } );
} );

test( 'the rung that worked is remembered for a day, with the reasons', async () => {
	await climb( { websocket: breaks( 'no WebSocket' ), events: opens, polling: opens } );
	await pass( 11_000 );
	ladder.stop();
	const again = await climb( { websocket: opens, events: opens, polling: opens } );
	assert.equal( ladder.rung, 'events' );
	assert.equal( again.websocket.tried.length, 0 );
	assert.deepEqual( ladder.reasons, { websocket: 'no WebSocket' } );
	ladder.stop();
	mock.timers.setTime( Date.now() + 86_400_001 );
	await climb( { websocket: opens, events: opens, polling: opens } );
	assert.equal( ladder.rung, 'websocket' );
} );

test( 'a better rung is looked for while a lower one goes on, and taken when it opens', async () => {
	let works = false;
	const { websocket, polling } = await climb( { websocket: ( connection ) => ( works ? opens : breaks() )( connection ), polling: opens } );
	assert.equal( ladder.rung, 'polling' );
	await pass( 59_000, 500 );
	assert.equal( websocket.tried.length, 1 );
	await pass( 2000, 500 );
	assert.equal( websocket.tried.length, 2 );
	assert.equal( ladder.rung, 'polling' );
	works = true;
	await pass( 119_000, 500 );
	assert.equal( ladder.rung, 'websocket' );
	assert.ok( polling.last.isClosed );
	assert.equal( told.filter( ( [ what ] ) => what === 'settled' ).length, 2 );
} );

test( 'an engine that is away for a while is found again soon, and nothing worse is remembered', async () => {
	let runs = true;
	const plan = ( connection ) => ( runs ? opens : breaks( 'status 502', 'broken', null, true ) )( connection );
	const { websocket } = await climb( { websocket: plan, events: plan, polling: opens } );
	await pass( 11_000 );
	runs = false;
	websocket.last.sink.closed( new Trouble( 'transport close' ) );
	await pass( 1100 );
	assert.equal( ladder.rung, 'polling' );
	await pass( 20_000 );
	assert.equal( new Memory( 'site' ).load().rung, 'websocket' );
	runs = true;
	await pass( 31_000 );
	assert.equal( ladder.rung, 'websocket' );
} );

test( 'a token that is not taken is renewed once, and the same rung tried again', async () => {
	const denied = breaks( 'expired', 'denied' );
	const { websocket } = await climb( { websocket: ( connection ) => ( renewals ? opens : denied )( connection ), polling: opens } );
	assert.equal( renewals, 1 );
	assert.equal( websocket.tried.length, 2 );
	assert.equal( ladder.rung, 'websocket' );
	ladder.stop();
	await climb( { events: denied, polling: opens } );
	assert.equal( renewals, 1 );
	assert.equal( ladder.rung, 'polling', 'a new one does not help either: not for ever' );
} );

test( 'who is logged out is told so, and nothing is tried any more', async () => {
	const { events, polling } = await climb( { events: breaks( 'revoked', 'denied' ), polling: opens }, async () => {
		throw new Over( 'loggedOut' );
	} );
	assert.deepEqual( told, [ [ 'over', 'loggedOut' ] ] );
	await pass( 60_000, 1000 );
	assert.deepEqual( [ events.tried.length, polling.tried.length ], [ 1, 0 ] );
} );

test( 'after its end nothing of a ladder is heard', async () => {
	const { websocket } = await climb( { websocket: hangs, polling: opens } );
	ladder.stop();
	websocket.last.sink.open( HELLO );
	await pass( 60_000, 1000 );
	assert.deepEqual( told, [] );
	assert.equal( websocket.tried.length, 1 );
} );

test( 'without storage it works all the same', async () => {
	globalThis.localStorage = undefined;
	await climb( { websocket: opens } );
	await pass( 11_000 );
	assert.equal( ladder.rung, 'websocket' );
} );
