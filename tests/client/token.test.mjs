// Tokens: from the page, from live.php's chain, from WordPress; and what it means when there is none.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { client } from './source.mjs';
import { tokenOf, useTimers } from './fakes.mjs';

const { Over, Token, Trouble } = client;
const NOW = 1_800_000_000;
const CONFIG = { renew: 'https://example.org/renew', nonce: 'old', nonceUrl: 'https://example.org/nonce', live: 'https://example.org/live.php?site=s&interval=5' };
/** WordPress's answer to a nonce that is too old. */
const STALE = { code: 'rest_cookie_invalid_nonce', message: 'Cookie check failed', data: { status: 403 } };

let asked;
beforeEach( () => {
	useTimers();
	globalThis.location = { href: 'https://example.org/wp-admin/', origin: 'https://example.org' };
	asked = [];
} );
afterEach( () => mock.timers.reset() );

/** Answers requests to these addresses. */
function server( answers ) {
	globalThis.fetch = async ( url, { headers = {} } ) => {
		const name = new URL( url ).pathname.slice( 1 );
		asked.push( [ name, headers[ 'X-WP-Nonce' ] ?? headers[ 'X-Qahm-Realtime-Token' ] ?? null ] );
		const [ status, body ] = answers[ name ]( asked.length );
		return new Response( typeof body === 'string' ? body : JSON.stringify( body ), { status } );
	};
}

test( 'the page’s token is used, and WordPress asked where there is none', async () => {
	server( { renew: () => [ 200, { token: 'fresh' } ] } );
	assert.equal( await new Token( { ...CONFIG, token: 'page' } ).get(), 'page' );
	const token = new Token( { ...CONFIG, token: null } );
	assert.deepEqual( await Promise.all( [ token.get(), token.get() ] ), [ 'fresh', 'fresh' ] );
	assert.deepEqual( asked, [ [ 'renew', 'old' ] ], 'once for both' );
} );

test( 'a nonce that is too old is renewed, too', async () => {
	server( { renew: ( count ) => ( count === 1 ? [ 403, {} ] : [ 200, { token: 'fresh' } ] ), nonce: () => [ 200, 'new\n' ] } );
	assert.equal( await new Token( { ...CONFIG, token: null } ).get(), 'fresh' );
	assert.deepEqual( asked, [ [ 'renew', 'old' ], [ 'nonce', null ], [ 'renew', 'new' ] ] );
} );

test( 'logged out: no nonce, or one that gives no token', async () => {
	server( { renew: () => [ 403, STALE ], nonce: () => [ 400, '0' ] } );
	await assert.rejects( new Token( { ...CONFIG, token: null } ).get(), ( error ) => error instanceof Over && error.state === 'loggedOut' );
	for ( const [ status, code ] of [ [ 401, 'rest_forbidden' ], [ 403, 'rest_forbidden' ], [ 403, 'qahm_realtime_denied' ] ] ) {
		server( { renew: () => [ status, { code } ], nonce: () => [ 200, 'new' ] } );
		await assert.rejects( new Token( { ...CONFIG, token: null } ).get(), Over );
	}
} );

test( 'what stands before WordPress says nothing about who is logged in', async () => {
	const HTML = '<html>blocked';
	for ( const [ nonce, again ] of [
		[ [ 429, '' ] ],
		[ [ 404, HTML ] ],
		[ [ 403, HTML ] ],
		[ [ 200, HTML ] ],
		[ [ 200, 'new' ], [ 403, HTML ] ],
		[ [ 200, 'new' ], [ 401, '' ] ],
		[ [ 200, 'new' ], [ 429, { code: 'rest_busy' } ] ],
	] ) {
		const token = new Token( { ...CONFIG, token: null } );
		const renew = [ [ 403, STALE ], again ];
		server( { renew: () => renew.shift(), nonce: () => nonce } );
		await assert.rejects( token.get(), Trouble, `${ nonce } ${ again }` );
		const later = [ [ 403, STALE ], [ 200, { token: 'fresh' } ] ];
		server( { renew: () => later.shift(), nonce: () => [ 200, 'newer' ] } );
		assert.equal( await token.get(), 'fresh', 'and nothing is left of it' );
	}
} );

test( 'a WordPress that is down says nothing about who is logged in', async () => {
	server( { renew: () => [ 500, '' ] } );
	await assert.rejects( new Token( { ...CONFIG, token: null } ).get(), Trouble );
	server( { renew: () => [ 403, {} ], nonce: () => [ 502, '' ] } );
	await assert.rejects( new Token( { ...CONFIG, token: null } ).get(), Trouble );
	server( { renew: () => [ 200, { token: null } ] } );
	await assert.rejects( new Token( { ...CONFIG, token: null } ).get(), Trouble );
} );

test( 'while the chain lasts live.php gives the next link, WordPress only at its end', async () => {
	server( { 'live.php': () => [ 200, { live: null, token: tokenOf( NOW + 200, NOW ) } ], renew: () => [ 200, { token: 'fresh' } ] } );
	const token = new Token( { ...CONFIG, token: tokenOf( NOW + 60, NOW ) } );
	await token.prolong();
	assert.deepEqual( asked.map( ( [ name ] ) => name ), [ 'live.php' ] );
	assert.equal( token.life(), 200_000 );
	mock.timers.tick( 550_000 );
	assert.equal( await token.prolong(), 'fresh' );
	assert.deepEqual( asked.map( ( [ name ] ) => name ), [ 'live.php', 'renew' ] );
} );

test( 'a link that live.php refuses is asked of WordPress', async () => {
	server( { 'live.php': () => [ 401, { error: 'revoked' } ], renew: () => [ 200, { token: 'fresh' } ] } );
	assert.equal( await new Token( { ...CONFIG, token: tokenOf( NOW + 60, NOW ) } ).prolong(), 'fresh' );
} );

test( 'a clock that is wrong by an hour changes nothing', async () => {
	server( { renew: () => [ 200, { token: 'fresh' } ] } );
	const token = new Token( { ...CONFIG, token: tokenOf( NOW + 3660, NOW + 3600 ) } );
	assert.equal( token.life(), 60_000 );
	assert.notEqual( await token.get(), 'fresh' );
	token.clock( NOW + 3600 );
	assert.equal( token.until( NOW + 3700 ), 100_000 );
	mock.timers.tick( 60_000 );
	assert.equal( await token.get(), 'fresh', 'its time is over' );
} );
