// One connection for all tabs of a browser: who holds it, what the others hear, and who goes on.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { client } from './source.mjs';
import { FakeBroadcastChannel, FakeLocks, FakeRung, FakeStorage, pass, settled, useTimers } from './fakes.mjs';

const { Feed, Ladder, Line, Member, Memory, Trouble, Over } = client;
const E = '00000000000000e1';
const put = ( s, data = { s }, t = 'live', f = '' ) => ( { t, f, e: E, s, data } );
const patch = ( b, s, t = 'live' ) => ( { t, f: '', e: E, b, s, ops: [ [ 's', s ] ] } );

let locks;
let tabs;
const real = globalThis.BroadcastChannel;

beforeEach( () => {
	useTimers();
	globalThis.localStorage = new FakeStorage();
	globalThis.BroadcastChannel = FakeBroadcastChannel;
	locks = new FakeLocks();
	tabs = [];
} );
afterEach( () => {
	tabs.forEach( ( tab ) => tab.member.leave() );
	FakeBroadcastChannel.all.clear();
	globalThis.BroadcastChannel = real;
	mock.timers.reset();
} );

/** A tab with a dashboard that follows topics of a filter. */
async function open( topics = [ 'live' ], filter = {}, how = locks ) {
	const rung = new FakeRung( 'websocket', ( { sink } ) => sink.open( { connection: 'c', e: E } ) );
	const tab = { rung, heard: [], feed: Feed.of( filter ), state: ( topic = 'live' ) => tab.feed.stream( topic ).state, get last() {
		return rung.last;
	} };
	const listener = Object.fromEntries( [ 'message', 'beat', 'counters', 'status', 'over' ].map( ( what ) => [ what, ( value ) => tab.heard.push( [ what, value ] ) ] ) );
	tab.status = () => tab.heard.findLast( ( [ what ] ) => what === 'status' )?.[ 1 ];
	tab.follow = ( wanted, of = tab.feed ) => {
		tab.feed = of;
		tab.member.follow( { feed: of, topics: wanted } );
	};
	const token = { clock: () => undefined, renew: async () => 'x' };
	tab.member = new Member( 'name', ( feed, wanted, hears ) => new Line( feed, wanted, hears, token, ( wish, climber ) => new Ladder( [ rung ], wish, climber, token, new Memory( 's' ), () => 0.5 ) ), listener, how );
	tabs.push( tab );
	tab.follow( topics );
	tab.member.join();
	await settled();
	return tab;
}

test( 'the first tab connects, the second hears from it what it missed and what comes', async () => {
	const first = await open();
	first.last.sink.message( put( 1 ) );
	const second = await open();
	assert.equal( second.rung.tried.length, 0 );
	assert.deepEqual( second.state(), { s: 1 } );
	first.last.sink.message( patch( 1, 2 ) );
	await settled();
	assert.deepEqual( [ first.state(), second.state() ], [ { s: 2 }, { s: 2 } ] );
	assert.deepEqual( [ first.status().leader, second.status().leader ], [ true, false ] );
	assert.equal( second.status().rung, 'websocket' );
} );

test( 'when the leader goes, the next one goes on from where it is', async () => {
	const [ first, second, third ] = [ await open(), await open(), await open() ];
	first.last.sink.message( put( 7 ) );
	await settled();
	first.member.leave();
	await settled();
	assert.ok( first.last.isClosed );
	assert.equal( second.rung.tried.length, 1 );
	assert.equal( second.last.wished.position, `${ E }.live:7` );
	second.last.sink.message( patch( 7, 8 ) );
	await settled();
	assert.deepEqual( [ first.state(), second.state(), third.state() ], [ { s: 7 }, { s: 8 }, { s: 8 } ] );
	assert.equal( third.rung.tried.length, 0 );
} );

test( 'the connection follows what all tabs want together, and less when one goes', async () => {
	const first = await open( [ 'live' ] );
	const second = await open( [ 'events', 'live' ] );
	assert.deepEqual( first.last.commands.at( -1 ), { do: 'follow', topics: [ 'live', 'events' ] } );
	first.last.sink.message( put( 3, { events: [] }, 'events' ) );
	await settled();
	assert.deepEqual( second.state( 'events' ), { events: [] } );
	assert.ok( ! first.heard.some( ( [ what, value ] ) => what === 'message' && value.t === 'events' ), 'the first did not ask for it' );
	second.member.leave();
	await settled();
	assert.deepEqual( first.last.commands.at( -1 ).topics, [ 'live' ] );
} );

test( 'a tab with a filter has a connection of its own with the leader, which ends with it', async () => {
	const first = await open();
	const second = await open( [ 'live' ], { country: 'FR' } );
	assert.equal( first.rung.tried.length, 2 );
	const [ all, french ] = first.rung.tried;
	assert.deepEqual( french.wished.filter, { country: 'FR' } );
	french.sink.message( put( 4, { s: 'french' }, 'live', 'country=FR' ) );
	all.sink.message( put( 9, { s: 'all' } ) );
	await settled();
	assert.deepEqual( [ first.state(), second.state() ], [ { s: 'all' }, { s: 'french' } ] );
	second.follow( [ 'live' ], Feed.of( { country: 'DE' } ) );
	await settled();
	assert.deepEqual( french.commands.at( -1 ), { do: 'follow', topics: [ 'live' ], filter: { country: 'DE' } }, 'another filter over the same connection' );
	second.member.leave();
	await settled();
	assert.ok( french.isClosed );
	assert.ok( ! all.isClosed );
} );

test( 'a follower that misses a message asks the leader, not the engine', async () => {
	const first = await open();
	const second = await open();
	first.last.sink.message( put( 1 ) );
	await pass( 2000 );
	second.feed.stream( 'live' ).forget();
	first.last.sink.message( patch( 1, 2 ) );
	await settled();
	assert.deepEqual( second.state(), { s: 2 } );
	assert.deepEqual( first.last.commands, [] );
} );

test( 'commands of a follower go over the leader’s connection, with their answer', async () => {
	const first = await open();
	const second = await open();
	first.last.ack = { ok: false, code: 'unknown-alert' };
	const answer = second.member.do( { do: 'acknowledge', alert: 'a1' } );
	await settled();
	assert.deepEqual( await answer, { ok: false, code: 'unknown-alert' } );
	assert.deepEqual( first.last.commands, [ { do: 'acknowledge', alert: 'a1' } ] );
} );

test( 'a command without a leader that answers is no hope for ever', async () => {
	await open();
	const second = await open();
	FakeBroadcastChannel.all.forEach( ( channel ) => ( channel.onmessage = null ) );
	const answer = second.member.do( { do: 'acknowledge', alert: 'a1' } );
	await pass( 6000, 1000 );
	assert.deepEqual( await answer, { ok: false, code: 'offline' } );
} );

test( 'a tab that was killed is no longer served', async () => {
	const first = await open();
	const second = await open( [ 'events' ] );
	[ ...FakeBroadcastChannel.all ][ 1 ].postMessage = () => undefined;
	for ( let seconds = 0; seconds < 100; seconds += 20 ) {
		await pass( 20_000, 10_000 );
		first.last.sink.beat( { e: E, time: 0, at: {} } );
	}
	assert.deepEqual( first.last.commands.at( -1 ).topics, [ 'live' ] );
	assert.equal( second.rung.tried.length, 0 );
} );

test( 'a follower that hears nothing for a minute shows it', async () => {
	const first = await open();
	const second = await open();
	first.last.sink.message( put( 1 ) );
	await settled();
	assert.equal( second.status().stale, false );
	const [ channel ] = FakeBroadcastChannel.all;
	channel.postMessage = () => undefined;
	await pass( 61_000, 1000 );
	assert.deepEqual( [ second.status().stale, second.status().rung ], [ true, null ] );
	await pass( 4000 );
	assert.deepEqual( [ second.rung.tried.length, second.status().leader ], [ 1, true ], 'and goes on by itself' );
} );

test( 'a leader that sleeps loses its place to who is looked at, and follows when it wakes', async () => {
	const first = await open();
	first.last.sink.message( put( 1 ) );
	const [ channel ] = FakeBroadcastChannel.all;
	const hears = channel.onmessage;
	channel.onmessage = null;
	const second = await open();
	await pass( 2900 );
	assert.equal( second.rung.tried.length, 0 );
	await pass( 200 );
	channel.onmessage = hears;
	await settled();
	assert.equal( second.rung.tried.length, 1 );
	assert.ok( first.last.isClosed, 'two are one too many' );
	second.last.sink.message( put( 5 ) );
	await pass( 1000 );
	await pass( 20_000, 1000 );
	assert.deepEqual( [ first.state(), second.state() ], [ { s: 5 }, { s: 5 } ] );
	second.member.leave();
	await settled();
	assert.equal( first.rung.tried.length, 2, 'and is the next one' );
} );

test( 'logged out: the leader ends, and each other tab finds out for itself', async () => {
	const first = await open();
	const second = await open();
	first.rung.plan = ( { sink } ) => sink.closed( new Over( 'loggedOut' ) );
	first.last.sink.closed( new Over( 'loggedOut' ) );
	await settled();
	assert.deepEqual( first.heard.at( -1 ), [ 'over', 'loggedOut' ] );
	assert.equal( second.rung.tried.length, 1, 'somebody else may have logged in there' );
	assert.equal( second.status().leader, true );
} );

test( 'while nothing is wanted the connection waits; it goes on for another tab', async () => {
	const first = await open();
	first.member.follow( null );
	assert.deepEqual( first.last.commands.at( -1 ), { do: 'pause' } );
	await open();
	assert.equal( first.last.commands.at( -1 ).do, 'follow' );
	assert.ok( ! first.last.isClosed );
} );

test( 'without locks, or where they are not allowed, every tab connects for itself', async () => {
	const alone = [ await open( [ 'live' ], {}, null ), await open( [ 'live' ], {}, { request: async () => {
		throw new Error( 'SecurityError' );
	} } ) ];
	assert.deepEqual( alone.map( ( { rung } ) => rung.tried.length ), [ 1, 1 ] );
	assert.ok( alone.every( ( tab ) => tab.status().leader ) );
	alone[ 0 ].last.sink.closed( new Trouble( 'ended' ) );
	await pass( 1100 );
	assert.equal( alone[ 0 ].rung.tried.length, 2 );
} );
