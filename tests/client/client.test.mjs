// What a dashboard sees of the channel: its listeners, pauses, tabs that are hidden.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { client } from './source.mjs';
import { pass, settled, useTimers } from './fakes.mjs';

const { Client } = client;
const E = '00000000000000e1';
const LIVE = { state: 'live', rung: 'websocket', stale: false, latency: 5, reasons: {}, leader: true };

let page;
let member;
let dashboard;

beforeEach( () => {
	useTimers();
	page = new EventTarget();
	globalThis.document = Object.assign( new EventTarget(), { hidden: false } );
	globalThis.addEventListener = page.addEventListener.bind( page );
	globalThis.removeEventListener = page.removeEventListener.bind( page );
} );
afterEach( () => {
	dashboard?.close();
	mock.timers.reset();
} );

/** A dashboard whose member is a fake. */
function open( topics = [ 'live' ], filter = {} ) {
	member = { wants: [], here: 0, commands: [], follow: ( want ) => member.wants.push( want ), join: () => member.here++, leave: () => member.here--, do: async ( command ) => ( member.commands.push( command ), { ok: true } ) };
	dashboard = new Client( topics, filter, ( listener ) => Object.assign( member, { listener } ) );
	return dashboard;
}

/** The engine says this. */
function say( s, data = { s }, t = 'live' ) {
	const { feed } = member.wants.at( -1 );
	const message = { t, f: feed.name, e: E, s, data };
	feed.take( message );
	member.listener.message( message );
}

const hide = ( hidden ) => {
	document.hidden = hidden;
	document.dispatchEvent( new Event( 'visibilitychange' ) );
};

test( 'listeners hear each state with where it comes from, at once what is known, nothing after their end', async () => {
	const seen = [];
	const end = open().on( 'live', ( state, info ) => seen.push( [ state, info ] ) );
	say( 1 );
	assert.deepEqual( seen, [ [ { s: 1 }, { topic: 'live', filter: '', e: E, s: 1 } ] ] );
	const late = [];
	dashboard.on( 'live', ( { s } ) => late.push( s ) );
	assert.deepEqual( late, [], 'not before on() has returned' );
	await settled();
	assert.deepEqual( late, [ 1 ] );
	end();
	say( 2 );
	assert.equal( seen.length, 1 + 1, 'the first was told what is known, too, and then no more' );
	assert.deepEqual( late, [ 1, 2 ] );
} );

test( 'a topic that is listened to is followed', () => {
	open().on( 'events', () => undefined );
	assert.deepEqual( member.wants.at( -1 ).topics, [ 'live', 'events' ] );
	dashboard.topics( [ 'alerts', 'nonsense' ] );
	assert.deepEqual( member.wants.at( -1 ).topics, [ 'alerts' ] );
} );

test( 'a listener that throws ends nothing', ( context ) => {
	const told = context.mock.method( console, 'error', () => undefined );
	const seen = [];
	open().on( 'live', () => {
		throw new Error( 'a dashboard of one’s own' );
	} );
	dashboard.on( 'live', ( { s } ) => seen.push( s ) );
	say( 1 );
	assert.deepEqual( seen, [ 1 ] );
	assert.equal( told.mock.callCount(), 1 );
} );

test( 'another filter is another state', () => {
	const seen = [];
	open().on( 'live', ( { s }, { filter } ) => seen.push( [ s, filter ] ) );
	say( 1 );
	dashboard.filter( { country: 'fr' } );
	say( 7 );
	const wants = member.wants.length;
	dashboard.filter( { country: 'FR' } );
	assert.equal( member.wants.length, wants, 'the same' );
	dashboard.filter();
	assert.deepEqual( seen, [ [ 1, '' ], [ 7, 'country=FR' ] ] );
	assert.equal( member.wants.at( -1 ).feed.stream( 'live' ).state, undefined );
} );

test( 'a pause is the user’s: nothing is told until it ends, whatever the connection does', async () => {
	const [ seen, states ] = [ [], [] ];
	open().on( 'live', ( { s } ) => seen.push( s ) );
	dashboard.on( 'status', ( { state } ) => states.push( state ) );
	member.listener.status( LIVE );
	dashboard.pause();
	assert.equal( member.wants.at( -1 ), null );
	member.listener.status( { ...LIVE, rung: 'events' } );
	hide( true );
	await pass( 6000 );
	hide( false );
	assert.equal( states.at( -1 ), 'paused' );
	member.listener.status( LIVE );
	dashboard.resume();
	assert.equal( states.at( -1 ), 'live' );
	assert.notEqual( member.wants.at( -1 ), null );
} );

test( 'a tab that is hidden for more than a moment leaves, and comes back when it is shown', async () => {
	const states = [];
	open().on( 'status', ( { state } ) => states.push( state ) );
	assert.equal( member.here, 1 );
	hide( true );
	await pass( 3000 );
	hide( false );
	await pass( 10_000 );
	assert.equal( member.here, 1, 'only a glance at another tab' );
	hide( true );
	await pass( 5000 );
	assert.equal( member.here, 0 );
	assert.equal( states.at( -1 ), 'paused' );
	hide( false );
	assert.equal( member.here, 1 );
	page.dispatchEvent( new Event( 'pagehide' ) );
	assert.equal( member.here, 0, 'at once: the page goes' );
	page.dispatchEvent( new Event( 'pageshow' ) );
	assert.equal( member.here, 1, 'it was only put aside' );
} );

test( 'a tab that was never shown asks for nothing', async () => {
	document.hidden = true;
	open();
	await pass( 20_000, 1000 );
	assert.equal( member.here, 0 );
	hide( false );
	assert.equal( member.here, 1 );
} );

test( 'counters are told as the topic live, without a number', () => {
	const seen = [];
	open().on( 'live', ( state, { e, s } ) => seen.push( [ state, e, s ] ) );
	member.listener.counters( { active: 2, stale: true } );
	member.listener.counters( null );
	assert.deepEqual( seen, [ [ { active: 2, stale: true }, null, null ] ] );
} );

test( 'the end is final: logged out, or closed', async () => {
	const states = [];
	open().on( 'status', ( { state } ) => states.push( state ) );
	member.listener.over( 'loggedOut' );
	assert.equal( states.at( -1 ), 'loggedOut' );
	const told = states.length;
	dashboard.resume();
	dashboard.close();
	hide( true );
	hide( false );
	member.listener.status( LIVE );
	assert.equal( states.length, told );
	assert.equal( member.here, 0 );
	assert.deepEqual( await dashboard.acknowledge( 'a1' ), { ok: false, code: 'offline' } );
} );

test( 'an alert is acknowledged by its id', async () => {
	assert.deepEqual( await open().acknowledge( 'a1' ), { ok: true } );
	assert.deepEqual( member.commands, [ { do: 'acknowledge', alert: 'a1' } ] );
} );
