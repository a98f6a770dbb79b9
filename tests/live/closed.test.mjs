// Closed to strangers: on every way in, through nginx, who may not read hears why and nothing else.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { loggedIn } from './client.mjs';
import { ID, PLUGIN, SITE, applicationPassword, ask, eventually, mint, mintAll, php, ready } from './site.mjs';

/** By name: good, of another site, for another origin, and one whose time is over. */
const tokens = {};
before( async () => {
	await ready();
	const [ good, other, foreign, expired ] = mintAll( [ {}, { site: '0123456789abcdef' }, { origin: 'https://evil.example' }, { life: 1 } ] );
	Object.assign( tokens, { good, other, foreign, expired } );
	await pause( 2100 ); // It is good to the end of its second.
} );

const bearer = ( token ) => ( token ? { Authorization: `Bearer ${ token }` } : {} );
const refusal = ( { status, body } ) => ( status === 401 ? JSON.parse( body ).error : `let in with ${ status }` );

/** Every way in: what one hears who comes with this token and these headers. */
const WAYS = {
	'Socket.IO': async ( token, headers = {} ) => {
		const socket = io( SITE, { path: '/qahm-live/socket.io/', transports: [ 'websocket' ], auth: { token, topics: [ 'live' ] }, extraHeaders: headers, reconnection: false, forceNew: true } );
		const heard = await new Promise( ( done ) => {
			socket.on( 'connect_error', ( { message } ) => done( message ) );
			[ 'hello', 'live:put' ].forEach( ( event ) => socket.on( event, () => done( 'let in' ) ) );
			socket.on( 'disconnect', ( reason ) => done( reason ) );
		} );
		socket.disconnect();
		return heard;
	},
	'server-sent events': async ( token, headers ) => {
		const stopped = new AbortController();
		const answer = await fetch( `${ SITE }/qahm-live/events?topics=live`, { headers: { ...bearer( token ), ...headers }, signal: stopped.signal } );
		const heard = answer.ok ? 'let in' : refusal( { status: answer.status, body: await answer.text() } );
		stopped.abort();
		return heard;
	},
	'asking': async ( token, headers ) => refusal( await ask( `${ SITE }/qahm-live/live?topics=live`, { headers: { ...bearer( token ), ...headers } } ) ),
	'a cookie': async ( token, headers ) => refusal( await ask( `${ SITE }/qahm-live/session`, { method: 'POST', headers: { ...bearer( token ), ...headers } } ) ),
	'a command': async ( token, headers ) => refusal( await ask( `${ SITE }/qahm-live/command`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...bearer( token ), ...headers }, body: '{"connection":"0","do":"pause"}' } ) ),
	'live.php, asked': async ( token, headers = {} ) => livePhp( `site=${ ID }&what=live`, token, headers ),
	'live.php, polled': async ( token, headers = {} ) => livePhp( `site=${ ID }&what=poll&topics=live`, token, headers ),
};

const livePhp = async ( query, token, headers ) => refusal( await ask( `${ PLUGIN }/live.php?${ query }`, {
	method: 'POST',
	headers: { ...( headers.Cookie || 'Origin' in headers ? {} : { 'Sec-Fetch-Site': 'same-origin' } ), ...( token ? { 'X-Qahm-Realtime-Token': token } : {} ), ...headers },
} ) );

/** One character of the signature, or of what is signed, is another one. */
const tampered = ( token, at ) => token.slice( 0, at ) + ( token.at( at ) === 'A' ? 'B' : 'A' ) + ( at === -1 ? '' : token.slice( at + 1 ) );

for ( const [ way, come ] of Object.entries( WAYS ) ) {
	describe( `by ${ way }`, () => {
		test( 'a good token opens', async () => {
			assert.match( await come( tokens.good ), /^let in/ );
		} );
		test( 'no token', async () => assert.equal( await come( '' ), 'malformed' ) );
		test( 'an expired one', async () => assert.equal( await come( tokens.expired ), 'expired' ) );
		test( 'another site’s', async () => assert.equal( await come( tokens.other ), 'site' ) );
		test( 'one for another origin', async () => {
			assert.equal( await come( tokens.foreign, { Origin: SITE } ), 'origin' );
			// WordPress gives none for another origin than its own, which is all that live.php can know; the engine knows the site's.
			if ( ! way.startsWith( 'live.php' ) ) {
				assert.equal( await come( tokens.foreign, { Origin: 'https://evil.example' } ), 'origin' );
			}
		} );
		test( 'a changed one', async () => {
			const token = tokens.good;
			// In the site, in the user, in the time, in the signature.
			for ( const at of [ 6, 16, 30, token.lastIndexOf( '.' ) + 3, token.length - 6 ] ) {
				assert.match( await come( tampered( token, at ) ), /^(signature|malformed)$/ );
			}
		} );
		test( 'a good one, used from another origin', async () => {
			for ( const Origin of [ 'https://evil.example', 'null', `${ SITE }.evil.example`, SITE.replace( 'http:', 'https:' ) ] ) {
				assert.equal( await come( tokens.good, { Origin } ), 'origin', Origin );
			}
		} );
	} );
}

describe( 'the cookie', () => {
	const cookie = async () => ( await ask( `${ SITE }/qahm-live/session`, { method: 'POST', headers: bearer( tokens.good ) } ) ).headers[ 'set-cookie' ][ 0 ].split( ';' )[ 0 ];

	test( 'opens to a page of the site alone', async () => {
		const Cookie = await cookie();
		assert.match( await WAYS.asking( '', { Cookie, 'Sec-Fetch-Site': 'same-origin' } ), /^let in/ );
		assert.match( await WAYS.asking( '', { Cookie, Origin: SITE } ), /^let in/ );
		for ( const from of [ {}, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }, { 'Sec-Fetch-Site': 'none' }, { Origin: 'https://evil.example' }, { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' } ] ) {
			for ( const way of [ 'asking', 'server-sent events', 'a command', 'a cookie' ] ) {
				assert.equal( await WAYS[ way ]( '', { Cookie, ...from } ), 'origin', `${ way } ${ JSON.stringify( from ) }` );
			}
			assert.notEqual( await WAYS[ 'Socket.IO' ]( '', { Cookie, ...from } ), 'let in', JSON.stringify( from ) );
		}
	} );
	test( 'does not make a token of another page good', async () => {
		assert.equal( await WAYS.asking( tokens.good, { Cookie: await cookie() } ), 'origin' );
	} );
} );

describe( 'WordPress', () => {
	test( 'gives no token to who may not see the figures', async () => {
		const answer = await ask( `${ SITE }/wp-json/qahm-realtime/v1/token`, { method: 'POST' } );
		assert.equal( answer.status, 401 );
		const { undo } = applicationPassword();
		try {
			const login = ( name ) => `${ name }:${ php( `echo WP_Application_Passwords::create_new_application_password( get_user_by( 'login', '${ name }' )->ID, array( 'name' => uniqid() ) )[0];` ) }`;
			for ( const [ name, status ] of [ [ 'subscriber', 403 ], [ 'editor', 403 ], [ 'admin', 200 ] ] ) {
				const { status: said } = await ask( `${ SITE }/wp-json/qahm-realtime/v1/token`, { method: 'POST', headers: { Authorization: `Basic ${ btoa( login( name ) ) }` } } );
				assert.equal( said, status, name );
			}
		} finally {
			undo();
		}
	} );
} );

/** A second administrator: id and login. */
function another() {
	const login = `second${ Date.now() }`;
	const id = Number( php( `echo wp_insert_user( array( 'user_login' => '${ login }', 'user_pass' => '${ login }', 'user_email' => '${ login }@example.org', 'role' => 'administrator' ) );` ) );
	return { login, id };
}

/** What the user's own click on "Log out" does. */
async function logOut( cookies ) {
	const page = ( await ask( `${ SITE }/wp-admin/profile.php`, { headers: { Cookie: cookies } } ) ).body;
	const link = /href=['"]([^'"]*action=logout[^'"]*)['"]/.exec( page )[ 1 ].replaceAll( '&amp;', '&' ).replaceAll( '&#038;', '&' );
	assert.equal( ( await ask( link, { headers: { Cookie: cookies } } ) ).status, 302 );
}

const REVOCATIONS = {
	'logging out': async ( { cookies } ) => logOut( cookies ),
	'losing the role': ( { id } ) => php( `wp_set_current_user( 1 ); ( new WP_User( ${ id } ) )->set_role( 'subscriber' );` ),
	'a new password': ( { id } ) => php( `wp_update_user( array( 'ID' => ${ id }, 'user_pass' => 'another' ) );` ),
	'a password that was forgotten': ( { id } ) => php( `reset_password( get_user_by( 'id', ${ id } ), 'another' );` ),
	'being deleted': ( { id } ) => php( `require ABSPATH . 'wp-admin/includes/user.php'; wp_delete_user( ${ id }, 1 );` ),
};

for ( const [ name, revoke ] of Object.entries( REVOCATIONS ) ) {
	test( `${ name } ends what is open and closes every way; others stay`, async ( t ) => {
		const user = another();
		user.cookies = await loggedIn( user.login );
		const token = mint( { user: user.id } );
		const ended = [];
		const open = ( who, given ) => new Promise( ( done ) => {
			const socket = io( SITE, { path: '/qahm-live/socket.io/', transports: [ 'websocket' ], auth: { token: given, topics: [ 'live' ] }, reconnection: false, forceNew: true } );
			socket.on( 'live:put', done );
			socket.on( 'disconnect', () => ended.push( `${ who } by Socket.IO` ) );
			t.after( () => socket.disconnect() );
		} );
		await Promise.all( [ open( 'the user', token ), open( 'another', tokens.good ) ] );
		const stopped = new AbortController();
		const stream = await fetch( `${ SITE }/qahm-live/events?topics=live`, { headers: bearer( token ), signal: stopped.signal } );
		t.after( () => stopped.abort() );
		const streamed = ( async () => {
			for await ( const _ of stream.body ) {
				// to its end
			}
		} )().then( () => ended.push( 'the user by server-sent events' ), () => {} );
		await revoke( user );
		await eventually( () => ended.length === 2, () => `both connections of the user end; ended are ${ ended }` );
		await streamed;
		assert.deepEqual( [ ...ended ].sort(), [ 'the user by Socket.IO', 'the user by server-sent events' ] );
		for ( const [ way, come ] of Object.entries( WAYS ) ) {
			assert.equal( await come( token ), 'revoked', way );
			assert.match( await come( tokens.good ), /^let in/, way );
		}
	} );
}
