// The WebSocket rung with a socket that is a fake: what it says at the handshake, and in which order messages are taken.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { beforeEach, test } from 'node:test';
import { constants, deflateRawSync } from 'node:zlib';
import { client } from './source.mjs';
import { noting } from './fakeServer.mjs';

const { Over, Token, WebSocketRung } = client;
const E = '00000000000000e1';
const HELLO = { connection: 'c1', e: E, expires: 2_000_000_000 };
const put = ( s ) => ( { t: 'live', f: '', e: E, s, path: '/', data: { s } } );
const patch = ( b, s ) => ( { t: 'live', f: '', e: E, b, s, ops: [ [ 's', s ] ] } );
const packed = ( value, finishFlush = constants.Z_FULL_FLUSH ) => Uint8Array.from( deflateRawSync( JSON.stringify( value ), { finishFlush } ) ).buffer;

/** As much of socket.io-client's socket as the rung uses. */
class FakeSocket extends EventEmitter {
	any = [];
	isConnected = true;
	onAny = ( listener ) => this.any.push( listener );
	disconnect = () => {
		this.isConnected = false;
	};

	timeout = () => ( { emitWithAck: async ( event, command ) => this.answer( command ) } );

	/** What the server sends. */
	send( event, value ) {
		this.emit( event, value );
		this.any.forEach( ( listener ) => listener( event, value ) );
	}
}

let socket;
let options;
beforeEach( () => {
	globalThis.WebSocket ??= class {};
	globalThis.location = { href: 'https://example.org/wp-admin/', origin: 'https://example.org' };
} );

async function open( wish = {} ) {
	const heard = noting();
	socket = new FakeSocket();
	const io = ( address, given ) => {
		options = { address, ...given };
		return socket;
	};
	const token = new Token( { token: 'page' } );
	heard.connection = new WebSocketRung( '/qahm-live/', token, async () => ( { io } ) ).open( () => ( { topics: [ 'live' ], filter: {}, name: '', position: null, ...wish } ), heard.sink );
	await new Promise( ( done ) => setImmediate( done ) );
	return heard;
}

test( 'the handshake says what is wanted and known', async () => {
	await open();
	assert.deepEqual( options.auth, { token: 'page', topics: [ 'live' ], packed: true } );
	assert.deepEqual( [ options.address, options.path, options.transports, options.reconnection ], [ 'https://example.org', '/qahm-live/socket.io/', [ 'websocket' ], false ] );
	await open( { filter: { country: 'FR' }, name: 'country=FR', position: `${ E }.live:4` } );
	assert.deepEqual( options.auth, { token: 'page', topics: [ 'live' ], filter: { country: 'FR' }, resume: `${ E }.live:4`, packed: true } );
} );

test( 'messages are taken in the order in which they were sent, packed or not', async () => {
	const heard = await open();
	socket.send( 'hello', HELLO );
	socket.send( 'live:put', put( 1 ) );
	assert.deepEqual( heard.kinds(), [ 'open', 'message' ], 'at once when nothing is being unpacked' );
	socket.send( 'live:packed', packed( put( 2 ) ) );
	socket.send( 'live:patch', patch( 2, 3 ) );
	socket.send( 'live:packed', packed( patch( 3, 4 ), constants.Z_FULL_FLUSH ) );
	socket.send( 'beat', { e: E, time: 0, at: { live: 4 } } );
	await heard.until( 'beat' );
	assert.deepEqual( heard.heard.filter( ( [ what ] ) => what === 'message' ).map( ( [ , { s } ] ) => s ), [ 1, 2, 3, 4 ] );
	await new Promise( ( done ) => setImmediate( done ) );
	socket.send( 'live:patch', patch( 4, 5 ) );
	assert.equal( heard.heard.at( -1 )[ 1 ].s, 5 );
} );

test( 'a beat may say that figures do not move on', async () => {
	const { sink } = await open();
	const told = [];
	sink.beat = ( { time }, stale ) => {
		told.push( [ time, stale ] );
	};
	socket.send( 'beat', { e: E, time: 1, at: {}, stale: true } );
	socket.send( 'beat', { e: E, time: 2, at: {} } );
	assert.deepEqual( told, [ [ 1, true ], [ 2, false ] ] );
} );

test( 'what cannot be unpacked ends the connection', async () => {
	const heard = await open();
	socket.send( 'live:packed', new Uint8Array( [ 1, 2, 3 ] ).buffer );
	assert.equal( ( await heard.until( 'closed' ) ).reason, 'cannot unpack' );
	assert.equal( socket.isConnected, false );
} );

test( 'why there is no connection', async () => {
	const heard = await open();
	socket.send( 'connect_error', Object.assign( new Error( 'websocket error' ), { type: 'TransportError' } ) );
	assert.equal( ( await heard.until( 'closed' ) ).reason, 'not reached' );
	for ( const [ reason, kind ] of [ [ 'expired', 'denied' ], [ 'revoked', 'denied' ], [ 'too-many-filters', 'broken' ] ] ) {
		const refused = await open();
		socket.send( 'connect_error', new Error( reason ) );
		const why = await refused.until( 'closed' );
		assert.deepEqual( [ why.reason, why.kind ], [ reason, kind ] );
	}
	const foreign = await open();
	socket.send( 'connect_error', new Error( 'origin' ) );
	assert.ok( ( await foreign.until( 'closed' ) ) instanceof Over );
} );

test( 'a browser that has no WebSocket is not waited for', async () => {
	delete globalThis.WebSocket;
	const heard = await open();
	assert.equal( ( await heard.until( 'closed' ) ).reason, 'no WebSocket' );
} );

test( 'why it ended: the engine restarts, the token was revoked, the network broke', async () => {
	const restarts = await open();
	socket.send( 'bye', { after: 5000 } );
	socket.send( 'disconnect', 'io server disconnect' );
	assert.equal( ( await restarts.until( 'closed' ) ).after, 5000 );
	const revoked = await open();
	socket.send( 'problem', { code: 'revoked', message: '…' } );
	socket.send( 'disconnect', 'io server disconnect' );
	assert.equal( ( await revoked.until( 'closed' ) ).kind, 'denied' );
	const crowded = await open( { name: 'country=FR' } );
	socket.send( 'hello', HELLO );
	socket.send( 'problem', { code: 'too-many-filters', message: '…' } );
	socket.send( 'disconnect', 'io server disconnect' );
	const { kind, after } = await crowded.until( 'closed' );
	assert.deepEqual( [ kind, after ], [ 'refused', 30_000 ] );
	const broken = await open();
	socket.send( 'disconnect', 'transport close' );
	socket.send( 'disconnect', 'transport close' );
	await broken.until( 'closed' );
	assert.deepEqual( broken.kinds(), [ 'closed' ], 'told once' );
} );

test( 'commands are acknowledged, or lost', async () => {
	const { connection } = await open();
	socket.answer = ( command ) => ( { ok: true, expires: 5, command } );
	assert.equal( ( await connection.do( { do: 'pause' } ) ).ok, true );
	socket.answer = () => 'nonsense';
	assert.deepEqual( await connection.do( { do: 'pause' } ), { ok: false, code: 'malformed' } );
	socket.answer = () => {
		throw new Error( 'operation has timed out' );
	};
	assert.deepEqual( await connection.do( { do: 'pause' } ), { ok: false, code: 'offline' } );
} );
