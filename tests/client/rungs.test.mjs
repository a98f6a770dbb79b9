// Server-sent events and polling against a server that is a fake: what they ask, and what they make of each answer.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { client } from './source.mjs';
import { FakeServer, json, noting } from './fakeServer.mjs';

const { Events, Over, Polling, Token } = client;
const E = '00000000000000e1';
const HELLO = { connection: 'c1', e: E, expires: 2_000_000_000, time: 1_999_999_000 };
const WISH = { topics: [ 'live', 'events' ], filter: {}, name: '', position: null };
const put = ( t, s = 1 ) => ( { t, f: '', e: E, s, path: '/', data: { s } } );
const event = ( type, data ) => `event: ${ type }\ndata: ${ JSON.stringify( data ) }\n\n`;

let server;
let connection;

beforeEach( async () => {
	server = await FakeServer.start( () => undefined );
	globalThis.location = { href: `${ server.url }/wp-admin/`, origin: server.url };
} );
afterEach( async () => {
	connection?.close();
	await server.stop();
} );

const config = ( more = {} ) => ( { token: 'page', nonce: 'n', renew: `${ server.url }/renew`, nonceUrl: `${ server.url }/nonce`, live: `${ server.url }/live.php?site=5&interval=1`, interval: 0.01, ...more } );

function events( wish = WISH ) {
	const heard = noting();
	connection = new Events( `${ server.url }/qahm-live/`, new Token( config() ) ).open( () => wish, heard.sink );
	return heard;
}

function polling( wish = () => WISH, more = {} ) {
	const heard = noting();
	const token = new Token( config( more ) );
	connection = new Polling( config( more ), token ).open( wish, heard.sink );
	return { ...heard, token };
}

/** Begins a stream and leaves it open. */
const stream = ( ...pieces ) => ( request, response ) => {
	response.writeHead( 200, { 'Content-Type': 'text/event-stream' } );
	pieces.forEach( ( piece ) => response.write( piece ) );
};

test( 'events: what is asked, and what comes', async () => {
	server.answer = stream( `: ${ ' '.repeat( 2048 ) }\n\nretry: 1000\n\n`, event( 'hello', HELLO ), event( 'put', put( 'live' ) ), event( 'put', put( 'events' ) ), event( 'beat', { e: E, time: 1, at: { live: 1 } } ) );
	const heard = events( { ...WISH, name: 'country=FR&device=mobile', position: `${ E }.live:3` } );
	await heard.until( 'beat' );
	const [ { url, headers } ] = server.requests;
	const query = new URL( url, server.url ).searchParams;
	assert.deepEqual( Object.fromEntries( query ), { topics: 'live,events', filter: 'country=FR&device=mobile', since: `${ E }.live:3` } );
	assert.equal( headers[ 'x-qahm-realtime-token' ], 'page' );
	assert.equal( headers.authorization, undefined, 'that is the web server’s, which may want a password' );
	assert.equal( headers.cookie, undefined );
	assert.equal( ( await heard.until( 'open' ) ).connection, 'c1' );
	assert.deepEqual( heard.kinds(), [ 'message', 'message', 'open', 'beat' ] );
} );

test( 'events: it is open only when the last piece has come, for a proxy may keep that one', async () => {
	let send;
	server.answer = ( request, response ) => {
		stream( event( 'hello', HELLO ), event( 'put', put( 'live' ) ) )( request, response );
		send = () => response.write( event( 'put', put( 'events' ) ) );
	};
	const heard = events();
	await heard.until( 'message' );
	assert.deepEqual( heard.kinds(), [ 'message' ] );
	send();
	await heard.until( 'open' );
} );

test( 'events: an engine that announces a first beat is open when that is here, for a proxy may pass on what came with the head', async () => {
	let send;
	server.answer = ( request, response ) => {
		stream( event( 'hello', { ...HELLO, beat: 300 } ), event( 'put', put( 'live' ) ), event( 'put', put( 'events' ) ) )( request, response );
		send = () => response.write( event( 'beat', { e: E, time: 1, at: { live: 1 } } ) );
	};
	const heard = events();
	await heard.until( 'message', 1 );
	assert.deepEqual( heard.kinds(), [ 'message', 'message' ] );
	send();
	await heard.until( 'open' );
} );

test( 'events: a proxy that keeps the end of a state until something follows it buffers', async () => {
	const last = event( 'put', put( 'events' ) );
	let send;
	server.answer = ( request, response ) => {
		stream( event( 'hello', { ...HELLO, beat: 300 } ) + event( 'put', put( 'live' ) ) + last.slice( 0, 20 ) )( request, response );
		send = () => response.write( last.slice( 20 ) + event( 'beat', { e: E, time: 1, at: { live: 1 } } ) );
	};
	const heard = events();
	await heard.until( 'message' );
	send();
	assert.equal( ( await heard.until( 'closed' ) ).reason, 'buffered' );
} );

test( 'events: a beat may say that figures do not move on', async () => {
	const told = [];
	server.answer = stream( event( 'hello', { ...HELLO, beat: 300 } ), event( 'put', put( 'live' ) ), event( 'put', put( 'events' ) ), event( 'beat', { e: E, time: 1, at: {}, stale: true } ), event( 'beat', { e: E, time: 2, at: {} } ) );
	const { sink } = events();
	await new Promise( ( done ) => {
		sink.beat = ( { time }, stale ) => told.push( [ time, stale ] ) === 2 && done();
	} );
	assert.deepEqual( told, [ [ 1, true ], [ 2, false ] ] );
} );

test( 'events: with a position nothing new need come', async () => {
	server.answer = stream( event( 'hello', HELLO ) );
	await events( { ...WISH, position: `${ E }.live:3,events:2` } ).until( 'open' );
} );

test( 'events: refusals', async () => {
	for ( const [ status, body, headers, kind, reason, more ] of [
		[ 401, { error: 'expired' }, {}, 'denied', 'expired', {} ],
		[ 401, { error: 'revoked' }, {}, 'denied', 'revoked', {} ],
		[ 401, 'not ours', {}, 'broken', 'status 401', {} ],
		[ 429, {}, { 'Retry-After': '7' }, 'busy', 'busy (429)', { after: 7000 } ],
		[ 400, { error: 'bad-request' }, {}, 'broken', 'status 400', {} ],
		[ 503, {}, { 'Retry-After': '2' }, 'busy', 'busy (503)', { after: 2000 } ],
		[ 502, '<html>', {}, 'broken', 'status 502', { away: true } ],
		[ 404, '<html>', {}, 'broken', 'status 404', { away: false } ],
		[ 200, {}, {}, 'broken', 'no event stream', {} ],
	] ) {
		server.answer = ( request, response ) => json( response, status, body, headers );
		const why = await events().until( 'closed' );
		assert.deepEqual( [ why.kind, why.reason ], [ kind, reason ] );
		Object.entries( more ).forEach( ( [ name, value ] ) => assert.equal( why[ name ], value, reason ) );
	}
	server.answer = ( request, response ) => json( response, 401, { error: 'origin' } );
	assert.equal( ( await events().until( 'closed' ) ).state, 'address' );
} );

test( 'events: a filter that is refused is no busy server', async () => {
	for ( const [ status, error ] of [ [ 429, 'too-many-filters' ], [ 400, 'bad-request' ] ] ) {
		server.answer = ( request, response ) => json( response, status, { error } );
		const why = await events( { ...WISH, name: 'country=FR' } ).until( 'closed' );
		assert.deepEqual( [ why.kind, why.reason ], [ 'refused', error ] );
	}
} );

test( 'events: where the web server wants a password, what the browser knows of it goes along', async () => {
	const { fetch } = globalThis;
	const sent = [];
	globalThis.fetch = ( url, options ) => {
		sent.push( [ new URL( url ).pathname, options.credentials ] );
		return fetch( url, options.credentials === 'omit' ? options : { ...options, headers: { ...options.headers, Authorization: 'Basic x' } } );
	};
	try {
		const open = stream( event( 'hello', HELLO ), event( 'put', put( 'live' ) ), event( 'put', put( 'events' ) ) );
		server.answer = ( request, response ) => {
			if ( request.headers.authorization !== 'Basic x' ) {
				response.writeHead( 401, { 'WWW-Authenticate': 'Basic realm="staging"' } ).end( '<html>' );
			} else if ( request.method === 'POST' ) {
				json( response, 200, { ok: true } );
			} else {
				open( request, response );
			}
		};
		await events().until( 'open' );
		assert.deepEqual( await connection.do( { do: 'pause' } ), { ok: true } );
		assert.deepEqual( sent, [ [ '/qahm-live/events', 'omit' ], [ '/qahm-live/events', 'same-origin' ], [ '/qahm-live/command', 'same-origin' ] ] );
		connection.close();
		server.answer = ( request, response ) => json( response, 401, { error: 'origin' }, request.headers.authorization ? {} : { 'WWW-Authenticate': 'Basic' } );
		assert.equal( ( await events().until( 'closed' ) ).kind, 'broken', 'another way may do: it is not the address' );
	} finally {
		globalThis.fetch = fetch;
	}
} );

test( 'events: bye says when to come back, problem why; nothing is heard after the end', async () => {
	server.answer = ( request, response ) => {
		stream( event( 'hello', HELLO ), event( 'bye', { after: 5000 } ) )( request, response );
		response.end();
	};
	const heard = events();
	assert.equal( ( await heard.until( 'closed' ) ).after, 5000 );
	server.answer = stream( event( 'problem', { code: 'revoked', message: '…' } ) );
	assert.equal( ( await events().until( 'closed' ) ).kind, 'denied' );
	server.answer = stream( event( 'hello', HELLO ), event( 'problem', { code: 'too-many-filters', message: '…' } ) );
	const crowded = await events( { ...WISH, name: 'country=FR' } ).until( 'closed' );
	assert.deepEqual( [ crowded.kind, crowded.after ], [ 'refused', 30_000 ] );
	assert.deepEqual( heard.kinds().filter( ( what ) => what === 'closed' ).length, 1 );
	server.answer = stream( 'data: {broken\n\n' );
	assert.equal( ( await events().until( 'closed' ) ).reason, 'no JSON' );
} );

test( 'events: commands are posted with the connection’s id', async () => {
	const open = stream( event( 'hello', HELLO ), event( 'put', put( 'live' ) ), event( 'put', put( 'events' ) ) );
	const answers = [ [ 200, { ok: true, expires: 5 } ], [ 429, { ok: false, code: 'too-fast' } ], [ 401, { error: 'expired' } ], [ 502, '<html>' ] ];
	server.answer = open;
	await events().until( 'open' );
	server.answer = ( request, response ) => json( response, ...answers.shift() );
	assert.deepEqual( await connection.do( { do: 'token', token: 'next' } ), { ok: true, expires: 5 } );
	const { url, headers, body } = server.requests.at( -1 );
	assert.deepEqual( [ url, headers[ 'x-qahm-realtime-token' ], headers.authorization, JSON.parse( body ) ], [ '/qahm-live/command', 'page', undefined, { connection: 'c1', do: 'token', token: 'next' } ] );
	assert.equal( ( await connection.do( { do: 'pause' } ) ).code, 'too-fast' );
	assert.equal( ( await connection.do( { do: 'pause' } ) ).code, 'expired' );
	assert.equal( ( await connection.do( { do: 'pause' } ) ).code, 'status 502' );
	await server.stop();
	assert.equal( ( await connection.do( { do: 'pause' } ) ).ok, false );
} );

test( 'polling: asks from where it is, with the token that the last answer gave', async () => {
	const wish = { ...WISH, name: 'page=%2Fa%26b' };
	let count = 0;
	server.answer = ( request, response ) => json( response, 200, { poll: { e: E, messages: count++ ? [] : [ put( 'live' ), put( 'events' ) ], position: '' }, token: `t${ count }` } );
	const heard = polling( () => wish );
	await heard.until( 'beat' );
	wish.position = `${ E }.live:1,events:1`;
	await heard.until( 'beat', 2 );
	const [ first, , third ] = server.requests;
	assert.deepEqual( Object.fromEntries( new URL( first.url, server.url ).searchParams ), { site: '5', interval: '1', what: 'poll', topics: 'live,events', filter: 'page=%2Fa%26b' } );
	assert.equal( new URL( third.url, server.url ).searchParams.get( 'since' ), wish.position );
	assert.deepEqual( [ first.method, first.headers[ 'x-qahm-realtime-token' ], third.headers[ 'x-qahm-realtime-token' ] ], [ 'POST', 'page', 't2' ] );
	assert.deepEqual( heard.kinds().slice( 0, 4 ), [ 'open', 'message', 'message', 'beat' ] );
} );

test( 'polling: at the end of the chain WordPress gives a new token', async () => {
	server.answer = ( request, response ) => {
		if ( request.url === '/renew' ) {
			json( response, 200, { token: 'fresh' } );
		} else if ( request.headers[ 'x-qahm-realtime-token' ] === 'page' ) {
			json( response, 401, { error: 'chain' }, { 'X-Qahm-Realtime': 'chain' } );
		} else {
			json( response, 200, { poll: { e: E, messages: [], position: '' }, token: null } );
		}
	};
	await polling().until( 'beat', 1 );
	assert.deepEqual( server.requests.slice( 0, 5 ).map( ( { url, headers } ) => headers[ 'x-qahm-realtime-token' ] ?? url ), [ 'page', '/renew', 'fresh', '/renew', 'fresh' ] );
} );

test( 'polling: logged out, another address, a server that fails', async () => {
	server.answer = ( request, response ) => json( response, request.url.startsWith( '/live' ) ? 401 : 403, { code: 'rest_forbidden' }, { 'X-Qahm-Realtime': 'revoked' } );
	assert.equal( ( await polling().until( 'closed' ) ).state, 'loggedOut' );
	server.answer = ( request, response ) => json( response, 401, {}, { 'X-Qahm-Realtime': 'origin' } );
	const why = await polling().until( 'closed' );
	assert.ok( why instanceof Over );
	assert.equal( why.state, 'address' );
	server.answer = ( request, response ) => json( response, 500, {} );
	assert.equal( ( await polling().until( 'closed' ) ).reason, 'status 500' );
	server.answer = ( request, response ) => json( response, 429, { error: 'too-many-filters' }, { 'Retry-After': '3', 'X-Qahm-Realtime': 'too-many-filters' } );
	assert.equal( ( await polling().until( 'closed' ) ).after, 3000 );
	server.answer = ( request, response ) => response.end( '<html>' );
	assert.equal( ( await polling().until( 'closed' ) ).kind, 'broken' );
} );

test( 'polling: while the engine is away the counters are shown, if there are any', async () => {
	let live = { active: 3, stale: true };
	server.answer = ( request, response ) => {
		const isPoll = new URL( request.url, server.url ).searchParams.get( 'what' ) === 'poll';
		json( response, isPoll ? 503 : 200, isPoll ? { error: 'no-engine', token: 't' } : { live, token: 't' }, { 'X-Qahm-Realtime': 'no-engine' } );
	};
	const heard = polling();
	assert.deepEqual( await heard.until( 'counters' ), live );
	live = null;
	assert.equal( await heard.until( 'counters', 2 ), null );
	assert.equal( await polling( () => ( { ...WISH, topics: [ 'events' ] } ) ).until( 'counters' ), null );
} );

/** live.php before an engine that understands only some questions; the others are refused. */
const refusing = ( isRefused ) => ( request, response ) => {
	const query = new URL( request.url, server.url ).searchParams;
	if ( query.get( 'what' ) !== 'poll' ) {
		json( response, 200, { live: { active: 3 }, token: 't' }, { 'X-Qahm-Realtime': 'live' } );
	} else if ( isRefused( query ) ) {
		json( response, 400, { error: 'bad-request' }, { 'X-Qahm-Realtime': 'bad-request' } );
	} else {
		json( response, 200, { poll: { e: E, messages: [], position: '' }, token: 't' }, { 'X-Qahm-Realtime': 'poll' } );
	}
};

test( 'polling: an engine that is older than the plugin is asked what it knows, and after a minute whether it has been renewed', async () => {
	mock.timers.enable( { apis: [ 'Date' ], now: 1_800_000_000_000 } );
	try {
		server.answer = refusing( () => true );
		const heard = polling();
		assert.deepEqual( await heard.until( 'counters', 2 ), { active: 3 } );
		assert.equal( server.requests.filter( ( { url } ) => url.includes( 'poll' ) ).length, 1 );
		server.answer = refusing( () => false );
		mock.timers.tick( 60_000 );
		await heard.until( 'beat' );
	} finally {
		mock.timers.reset();
	}
} );

test( 'polling: an engine that counts as old is asked anew when something else is wished for', async () => {
	server.answer = refusing( () => true );
	const heard = polling( undefined, { interval: 3600 } );
	await heard.until( 'counters' );
	server.answer = refusing( () => false );
	await connection.do( { do: 'follow', topics: [ 'live' ] } );
	await heard.until( 'beat' );
} );

test( 'polling: a filter that is refused is no old engine', async () => {
	server.answer = refusing( ( query ) => query.has( 'filter' ) );
	const heard = polling( () => ( { ...WISH, name: 'page=' } ) );
	const why = await heard.until( 'closed' );
	await connection.do( { do: 'follow', topics: [ 'live' ] } );
	assert.deepEqual( [ why.kind, why.reason, heard.kinds(), server.requests.length ], [ 'refused', 'bad-request', [ 'closed' ], 1 ] );
	server.answer = ( request, response ) => json( response, 429, { error: 'too-many-filters' }, { 'X-Qahm-Realtime': 'too-many-filters' } );
	assert.equal( ( await polling( () => ( { ...WISH, name: 'page=%2Fa' } ) ).until( 'closed' ) ).kind, 'refused' );
} );

test( 'polling: a position that is not understood is left out', async () => {
	server.answer = refusing( ( query ) => query.has( 'since' ) );
	const heard = polling( () => ( { ...WISH, position: `${ E }.live:1` } ) );
	await heard.until( 'beat' );
	assert.deepEqual( heard.kinds(), [ 'open', 'beat' ] );
} );

test( 'polling: figures that do not move on are told as such', async () => {
	const heard = polling();
	const told = [];
	heard.sink.beat = ( ...beat ) => told.push( beat );
	const polls = [ { stale: true }, {} ];
	const ended = new Promise( ( done ) => {
		server.answer = ( request, response ) => {
			if ( polls.length === 0 ) {
				done();
			} else {
				json( response, 200, { poll: { e: E, messages: [ put( 'live' ) ], position: '', ...polls.shift() }, token: 't' } );
			}
		};
	} );
	await ended;
	assert.deepEqual( told, [ [ null, true ], [ null, false ] ] );
} );

test( 'polling: a filter that is changed while a question is under way is asked for at once, and the old answer dropped', async () => {
	let wish = WISH;
	let answer;
	const asked = new Promise( ( done ) => {
		server.answer = ( request, response ) => {
			answer = () => json( response, 200, { live: { active: 3 }, token: 'second' } );
			done();
		};
	} );
	const heard = polling( () => wish, { interval: 3600 } );
	await asked;
	server.answer = ( request, response ) => json( response, 200, { poll: { e: E, messages: [ put( 'live' ) ], position: '' }, token: 't' } );
	wish = { ...WISH, name: 'country=FR' };
	assert.deepEqual( await connection.do( { do: 'follow', topics: WISH.topics, filter: { country: 'FR' } } ), { ok: true } );
	answer();
	await heard.until( 'beat' );
	assert.deepEqual( heard.kinds(), [ 'open', 'message', 'beat' ] );
	const { url, headers } = server.requests[ 1 ];
	assert.deepEqual( [ new URL( url, server.url ).searchParams.get( 'filter' ), headers[ 'x-qahm-realtime-token' ] ], [ 'country=FR', 'second' ] );
} );

test( 'polling: a pause stops the questions, and a change is asked for at once', async () => {
	server.answer = ( request, response ) => json( response, 200, { poll: { e: E, messages: [], position: '' }, token: 't' } );
	const wish = { ...WISH };
	const heard = polling( () => wish, { interval: 3600 } );
	await heard.until( 'beat' );
	assert.deepEqual( await connection.do( { do: 'pause' } ), { ok: true } );
	wish.topics = [ 'alerts' ];
	assert.deepEqual( await connection.do( { do: 'follow', topics: [ 'alerts' ] } ), { ok: true } );
	await heard.until( 'beat', 1 );
	assert.equal( new URL( server.requests[ 1 ].url, server.url ).searchParams.get( 'topics' ), 'alerts' );
} );

test( 'polling: an alert is acknowledged through WordPress, where it can be', async () => {
	server.answer = ( request, response ) => json( response, request.url === '/acknowledge' ? 200 : 500, {} );
	polling();
	assert.deepEqual( await connection.do( { do: 'acknowledge', alert: 'a1' } ), { ok: false, code: 'unsupported' } );
	connection.close();
	polling( undefined, { acknowledge: `${ server.url }/acknowledge` } );
	assert.deepEqual( await connection.do( { do: 'acknowledge', alert: 'a1' } ), { ok: true } );
	const { headers, body } = server.requests.find( ( { url } ) => url === '/acknowledge' );
	server.answer = ( request, response ) => json( response, 404, { code: 'qahm_realtime_unknown_alert', message: '…' } );
	assert.deepEqual( await connection.do( { do: 'acknowledge', alert: 'a2' } ), { ok: false, code: 'unknown-alert' } );
	assert.deepEqual( [ headers[ 'x-wp-nonce' ], body ], [ 'n', '{"alert":"a1"}' ] );
} );
