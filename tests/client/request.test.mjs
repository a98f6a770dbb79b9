// Requests end, whatever the server does: the time-out is for the whole answer.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { client } from './source.mjs';
import { FakeServer, json } from './fakeServer.mjs';

const { request, Token, Trouble } = client;

let server;
/** The server has said what it says. */
let said;

beforeEach( async () => {
	server = await FakeServer.start( () => undefined );
	globalThis.location = { href: `${ server.url }/wp-admin/`, origin: server.url };
} );
afterEach( async () => {
	mock.timers.reset();
	await server.stop();
} );

/** From now on the server sends this much of its answers. */
function stall( ...pieces ) {
	said = new Promise( ( done ) => {
		server.answer = ( _, response ) => {
			if ( pieces.length > 0 ) {
				response.writeHead( 200, { 'Content-Type': 'application/json' } );
				pieces.forEach( ( piece ) => response.write( piece ) );
			}
			done();
		};
	} );
}

/** What becomes of it when ten seconds are over. */
async function over( promise ) {
	const end = promise.then( ( value ) => [ 'value', value ], ( error ) => [ 'error', error ] );
	await said;
	// The head is here, if there is one.
	await new Promise( ( done ) => setImmediate( () => setImmediate( done ) ) );
	mock.timers.tick( 10_000 );
	return end;
}

test( 'an answer that does not begin, or stops in the middle, is given up', async () => {
	for ( const pieces of [ [], [ '{"poll":' ] ] ) {
		stall( ...pieces );
		mock.timers.enable( { apis: [ 'setTimeout' ] } );
		const [ kind, error ] = await over( request( `${ server.url }/`, {} ) );
		assert.equal( kind, 'error' );
		assert.ok( error instanceof Trouble );
		assert.equal( error.reason, 'nothing in time' );
		mock.timers.reset();
	}
} );

test( 'a token that stops in the middle does not keep the next one from being asked for', async () => {
	const config = { token: null, nonce: 'n', renew: `${ server.url }/renew`, nonceUrl: `${ server.url }/nonce`, live: `${ server.url }/live.php` };
	const token = new Token( config );
	stall( '{"token":' );
	mock.timers.enable( { apis: [ 'setTimeout' ] } );
	assert.equal( ( await over( token.get() ) )[ 0 ], 'error' );
	server.answer = ( _, response ) => json( response, 200, { token: 'fresh' } );
	assert.equal( await token.get(), 'fresh' );
} );

test( 'an answer is read to its end, as JSON where it is some', async () => {
	server.answer = ( { url }, response ) => ( url === '/html' ? response.writeHead( 404, { 'Retry-After': '7' } ).end( '<html>' ) : json( response, 200, { a: 1 } ) );
	const good = await request( `${ server.url }/`, {} );
	assert.deepEqual( [ good.ok, good.status, good.text, good.json ], [ true, 200, '{"a":1}', { a: 1 } ] );
	const other = await request( `${ server.url }/html`, {} );
	assert.deepEqual( [ other.ok, other.status, other.text, other.json, client.retryAfter( other ) ], [ false, 404, '<html>', null, 7000 ] );
} );
