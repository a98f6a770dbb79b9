// A connection that stays: gaps are mended, silence is noticed, tokens are renewed in time.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { client } from './source.mjs';
import { FakeRung, FakeStorage, pass, settled, useTimers } from './fakes.mjs';

const { Feed, Ladder, Line, Memory, Over, Trouble } = client;
const E = '00000000000000e1';
const put = ( s, data = { s } ) => ( { t: 'live', f: '', e: E, s, data } );
const patch = ( b, s ) => ( { t: 'live', f: '', e: E, b, s, ops: [ [ 's', s ] ] } );
const beat = ( s ) => ( { e: E, time: 0, at: { live: s } } );

let line;
let rung;
let polling;
let heard;
let token;

beforeEach( () => {
	useTimers();
	globalThis.localStorage = new FakeStorage();
} );
afterEach( () => {
	line?.close();
	mock.timers.reset();
} );

const last = ( what ) => heard.findLast( ( [ kind ] ) => kind === what )?.[ 1 ];
const commands = () => rung.last.commands.map( ( command ) => command.do );

async function open( { hello = { connection: 'c', e: E }, plan = ( { sink } ) => sink.open( hello ), report } = {} ) {
	rung = new FakeRung( 'websocket', plan );
	polling = new FakeRung( 'polling', ( { sink } ) => sink.open( null ), 10_000 );
	heard = [];
	token = { skew: 0, prolonged: 0, clock: () => undefined, until: ( seconds ) => seconds * 1000 - Date.now(), life: () => 60_000, prolong: async () => `token ${ ++token.prolonged }`, renew: async () => 'new' };
	const listener = Object.fromEntries( [ 'message', 'beat', 'counters', 'status', 'over' ].map( ( what ) => [ what, ( value ) => heard.push( [ what, value ] ) ] ) );
	line = new Line( new Feed( '' ), [ 'live' ], listener, token, ( wish, climber ) => new Ladder( [ rung, polling ], wish, climber, token, new Memory( 'site' ), () => 0.5 ), report );
	await settled();
}

test( 'a gap is asked for once from where we are, then for all of it, then over another connection', async () => {
	await open();
	const first = rung.last;
	first.sink.message( put( 1 ) );
	first.sink.message( patch( 3, 4 ) );
	first.sink.message( patch( 4, 5 ) );
	assert.deepEqual( first.commands, [ { do: 'resume', position: `${ E }.live:1` } ] );
	await pass( 2100 );
	assert.deepEqual( first.commands.slice( 1 ), [ { do: 'resume' } ] );
	await pass( 2100 );
	assert.ok( ! first.isClosed, 'the third try is still under way' );
	await pass( 2100 );
	assert.ok( first.isClosed );
	await pass( 1100 );
	assert.equal( rung.tried.length, 2 );
	assert.equal( rung.last.wished.position, null );
	assert.deepEqual( line.feed.stream( 'live' ).state, { s: 1 }, 'what was known is still shown' );
} );

test( 'what was missed closes the gap, and the next one is a first one again', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	rung.last.sink.message( patch( 3, 4 ) );
	[ patch( 1, 2 ), patch( 2, 3 ), patch( 3, 4 ) ].forEach( ( message ) => rung.last.sink.message( message ) );
	assert.deepEqual( line.feed.stream( 'live' ).state, { s: 4 } );
	await pass( 3000 );
	rung.last.sink.message( patch( 6, 7 ) );
	assert.deepEqual( rung.last.commands.at( -1 ), { do: 'resume', position: `${ E }.live:4` } );
} );

test( 'a beat that is ahead is a silent loss', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	rung.last.sink.beat( beat( 1 ) );
	assert.deepEqual( commands(), [] );
	rung.last.sink.beat( beat( 2 ) );
	assert.deepEqual( commands(), [ 'resume' ] );
} );

test( 'two beats missed: stale, and another connection from where we are', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	await pass( 59_000, 1000 );
	rung.last.sink.beat( beat( 1 ) );
	await pass( 59_000, 1000 );
	assert.equal( last( 'status' ).stale, false );
	await pass( 2000, 1000 );
	assert.equal( last( 'status' ).stale, true );
	await pass( 2000, 1000 );
	assert.equal( rung.tried.length, 1, 'another way first: this one lets nothing through' );
	assert.equal( polling.last.wished.position, `${ E }.live:1` );
	assert.equal( last( 'status' ).reasons.websocket, 'silent' );
	polling.last.sink.beat( null );
	assert.equal( last( 'status' ).stale, false );
} );

test( 'one failure is no error, two in a row are, until something comes', async () => {
	const down = ( { sink } ) => sink.closed( new Trouble( 'status 500' ) );
	await open( { plan: down } );
	polling.plan = down;
	polling.last.sink.closed( new Trouble( 'status 500' ) );
	await pass( 1100 );
	assert.notEqual( last( 'status' ).state, 'offline' );
	await pass( 2100 );
	assert.equal( last( 'status' ).state, 'offline' );
	rung.plan = ( { sink } ) => sink.open( { connection: 'c', e: E } );
	await pass( 10_000 );
	assert.equal( last( 'status' ).state, 'live' );
} );

test( 'a lost connection is told at once, and missed when it is not there again in a moment', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	rung.last.sink.closed( new Trouble( 'ended' ) );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).rung ], [ 'live', null ] );
	await pass( 1100 );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).rung ], [ 'live', 'websocket' ] );
	await pass( 5000 );
	assert.ok( ! heard.some( ( [ , value ] ) => value.state === 'connecting' ), 'it was a hiccup' );
	rung.plan = () => undefined;
	polling.plan = () => undefined;
	rung.last.sink.closed( new Trouble( 'ended' ) );
	await pass( 2100 );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).rung ], [ 'connecting', null ], 'the try takes its time' );
	await pass( 90_000, 500 );
	assert.equal( last( 'status' ).state, 'offline' );
	assert.equal( last( 'status' ).stale, true );
} );

test( 'a pause that will be longer is told at once', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	rung.last.sink.closed( new Trouble( 'bye', 'broken', 5000 ) );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).rung ], [ 'connecting', null ] );
	await pass( 3000 );
	assert.equal( last( 'status' ).state, 'live' );
} );

test( 'what a lost connection still answers, and what was missing on it, is nothing to the next one', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	let answer;
	rung.last.do = () => new Promise( ( done ) => {
		answer = done;
	} );
	rung.last.sink.message( patch( 3, 4 ) );
	rung.last.sink.closed( new Trouble( 'ended' ) );
	await pass( 1000 );
	assert.equal( rung.last.wished.position, `${ E }.live:1` );
	rung.last.sink.message( patch( 1, 4 ) );
	answer( { ok: false, code: 'offline' } );
	await pass( 10_000 );
	assert.deepEqual( [ rung.tried.length, commands(), line.feed.stream( 'live' ).s ], [ 2, [], 4 ] );
} );

test( 'a filter that is refused: the connection stays, with the one before, and asks again', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	const { feed } = line;
	rung.last.ack = { ok: false, code: 'too-many-filters' };
	line.follow( Feed.of( { country: 'FR' } ), [ 'live' ] );
	await settled();
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).refusal, last( 'status' ).rung ], [ 'refused', 'too-many-filters', 'websocket' ] );
	rung.last.sink.message( patch( 1, 2 ) );
	rung.last.sink.beat( beat( 2 ) );
	await pass( 4000 );
	assert.deepEqual( commands(), [ 'follow' ], 'of the filter before nothing is missing' );
	assert.equal( last( 'status' ).state, 'refused' );
	rung.last.ack = { ok: true };
	await pass( 7000 );
	assert.deepEqual( [ commands(), last( 'status' ).state, last( 'status' ).refusal ], [ [ 'follow', 'follow' ], 'live', null ] );
	rung.last.ack = { ok: false, code: 'bad-request' };
	line.follow( Feed.of( { page: '' } ), [ 'live' ] );
	await settled();
	assert.equal( last( 'status' ).refusal, 'bad-request' );
	rung.last.ack = { ok: true };
	line.follow( feed, [ 'live' ] );
	await settled();
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).refusal ], [ 'live', null ] );
	assert.equal( rung.tried.length, 1 );
	await pass( 20_000 );
	assert.equal( commands().length, 4, 'what is not wished for any more is not asked for' );
} );

test( 'a filter that is refused with the connection: another one is tried at once', async () => {
	await open( { plan: ( { sink } ) => sink.closed( new Trouble( 'too-many-filters', 'refused' ) ) } );
	await pass( 10_000 );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).refusal, last( 'status' ).rung ], [ 'refused', 'too-many-filters', null ] );
	assert.equal( polling.tried.length, 0 );
	rung.plan = ( { sink } ) => sink.open( { connection: 'c', e: E } );
	line.follow( Feed.of( { country: 'FR' } ), [ 'live' ] );
	await settled();
	assert.equal( rung.last.wished.name, 'country=FR' );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).refusal, last( 'status' ).rung ], [ 'live', null, 'websocket' ] );
} );

test( 'an engine that says itself that its figures are old is believed', async () => {
	await open();
	rung.last.sink.message( put( 1 ) );
	rung.last.sink.beat( null, true );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).stale ], [ 'live', true ] );
	rung.last.sink.beat( null );
	assert.equal( last( 'status' ).stale, false );
} );

test( 'an engine whose own work hangs: another way that opens moves nothing on, and the silent one is not to blame', async () => {
	const reports = [];
	await open( { report: ( status ) => reports.push( status ) } );
	rung.last.sink.message( put( 1 ) );
	await pass( 11_000, 500 );
	polling.plan = ( { sink } ) => {
		sink.beat( beat( 1 ), true );
		sink.open( { connection: 'c', e: E } );
	};
	const known = new Memory( 'site' ).load();
	await pass( 50_000, 500 );
	heard.length = 0;
	await pass( 15_000, 500 );
	assert.ok( heard.every( ( [ what, { stale } = {} ] ) => what !== 'status' || stale ), 'not for a moment' );
	assert.deepEqual( [ line.status.rung, line.status.stale, reports.at( -1 ).rung, reports.at( -1 ).reasons ], [ 'polling', true, 'polling', { websocket: 'busy' } ] );
	assert.deepEqual( new Memory( 'site' ).load(), known, 'the next page begins at the top' );
	polling.last.sink.beat( beat( 1 ) );
	assert.equal( line.status.stale, false );
} );

test( 'the token is renewed well before its end, without a new connection', async () => {
	await open( { hello: { connection: 'c', e: E, expires: 1_800_000_060, time: 1_800_000_000 } } );
	await pass( 29_000, 1000 );
	assert.equal( token.prolonged, 0 );
	rung.last.ack = { ok: true, expires: 1_800_000_120 };
	await pass( 17_000, 1000 );
	assert.deepEqual( rung.last.commands, [ { do: 'token', token: 'token 1' } ] );
	rung.last.sink.message( put( 1 ) );
	await pass( 59_000, 1000 );
	assert.ok( token.prolonged > 1 );
	assert.equal( rung.tried.length, 1 );
} );

test( 'who is logged out meanwhile is told, and the connection ends', async () => {
	await open( { hello: { connection: 'c', e: E, expires: 1_800_000_010, time: 1_800_000_000 } } );
	token.prolong = async () => {
		throw new Over( 'loggedOut' );
	};
	await pass( 10_000 );
	assert.deepEqual( heard.at( -1 ), [ 'over', 'loggedOut' ] );
	assert.ok( rung.last.isClosed );
} );

test( 'a token that cannot be had now is asked for again', async () => {
	await open( { hello: { connection: 'c', e: E, expires: 1_800_000_010, time: 1_800_000_000 } } );
	const { prolong } = token;
	token.prolong = async () => {
		throw new Trouble( 'token 500' );
	};
	await pass( 9000 );
	token.prolong = prolong;
	await pass( 6000 );
	assert.deepEqual( commands(), [ 'token' ] );
} );

test( 'a pause keeps the connection; going on asks for what was missed; another filter goes over the same one', async () => {
	await open();
	rung.last.sink.message( put( 5 ) );
	const { feed } = line;
	line.pause();
	rung.last.sink.beat( beat( 9 ) );
	await pass( 120_000, 5000 );
	assert.deepEqual( commands(), [ 'pause' ], 'neither stale nor behind' );
	line.follow( feed, [ 'live' ] );
	assert.deepEqual( rung.last.commands.at( -1 ), { do: 'follow', topics: [ 'live' ], resume: `${ E }.live:5` } );
	line.follow( Feed.of( { country: 'fr' } ), [ 'live', 'events' ] );
	assert.deepEqual( rung.last.commands.at( -1 ), { do: 'follow', topics: [ 'live', 'events' ], filter: { country: 'FR' } } );
	rung.last.sink.message( patch( 5, 6 ) );
	assert.deepEqual( feed.stream( 'live' ).s, 5, 'what was under way for the old filter counts no more' );
	assert.equal( rung.tried.length, 1 );
} );

test( 'what was wished for while the connection was being opened is followed, too', async () => {
	await open( { plan: () => undefined } );
	line.follow( line.feed, [ 'live', 'visitors' ] );
	assert.deepEqual( commands(), [] );
	rung.last.sink.open( { connection: 'c', e: E } );
	assert.deepEqual( rung.last.commands, [ { do: 'follow', topics: [ 'live', 'visitors' ] } ] );
} );

test( 'questions may be minutes apart: that is no silence', async () => {
	await open( { plan: ( { sink } ) => sink.closed( new Trouble( 'no WebSocket' ) ) } );
	polling.last.sink.message( put( 1 ) );
	rung.plan = () => undefined;
	await pass( 200_000, 1000 );
	assert.equal( last( 'status' ).stale, false );
	assert.equal( polling.tried.length, 1 );
} );

test( 'a command that is refused means another connection', async () => {
	await open();
	rung.last.ack = { ok: false, code: 'too-fast' };
	line.follow( line.feed, [ 'live', 'visitors' ] );
	await pass( 1500 );
	assert.equal( rung.tried.length, 2 );
	assert.deepEqual( rung.last.wished.topics, [ 'live', 'visitors' ] );
} );

test( 'counters of shared memory are told while the engine is away', async () => {
	await open();
	rung.last.sink.counters( { active: 3, stale: true } );
	assert.equal( last( 'status' ).stale, true );
	assert.deepEqual( last( 'counters' ), { active: 3, stale: true } );
	rung.last.sink.counters( null );
	assert.equal( last( 'status' ).state, 'noEngine' );
	rung.last.sink.message( put( 1 ) );
	assert.deepEqual( [ last( 'status' ).state, last( 'status' ).stale ], [ 'live', false ] );
} );

test( 'refused without a connection: no token is renewed, no way reported', async () => {
	const reports = [];
	await open( { hello: { connection: 'c', e: E, expires: 1_800_000_060, time: 1_800_000_000 }, report: ( status ) => reports.push( status ) } );
	rung.plan = ( { sink } ) => sink.closed( new Trouble( 'too-many-filters', 'refused' ) );
	rung.last.sink.closed( new Trouble( 'too-many-filters', 'refused' ) );
	await pass( 120_000, 1000 );
	assert.deepEqual( [ last( 'status' ).state, token.prolonged, reports ], [ 'refused', 0, [] ] );
} );
