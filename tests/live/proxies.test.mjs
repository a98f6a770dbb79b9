// The snippets that the plugin prints, each in the server it is for.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';
import { USER } from '../../demo/place.mjs';
import { launch } from '../../demo/process.mjs';
import { PHP_ENVIRONMENT, fpm } from '../../demo/servers.mjs';
import { Site } from '../../demo/site.mjs';
import { snippet } from '../../demo/snippet.mjs';
import { example } from './docs.mjs';
import { KINDS, Proxy } from './proxy.mjs';
import { ADDRESS, DIR, HOST, SOCKET, Visitor, ask, eventually, mint, ready } from './site.mjs';

before( ready );

/** The first events of a stream: it is read as it comes, not when it ends. */
async function stream( url, headers, wanted ) {
	const { request } = await import( 'node:http' );
	return new Promise( ( done, failed ) => {
		let text = '';
		const asked = request( url, { headers, agent: false, timeout: 10_000 }, ( answer ) => {
			answer.on( 'data', ( data ) => {
				text += data;
				if ( wanted.test( text ) ) {
					asked.destroy();
					done( text );
				}
			} );
			answer.on( 'end', () => failed( new Error( `The stream ended (${ answer.statusCode }): ${ text }` ) ) );
		} );
		asked.on( 'timeout', () => asked.destroy( new Error( `Nothing came: ${ text }` ) ) );
		asked.on( 'error', failed );
		asked.end();
	} );
}

/** What the engine says at /metrics and at /health. */
const OWN = /^qahm_realtime_\w+|"started":\d+/m;

/** By curl, for it leaves a path as it is. */
function asked( address, ...options ) {
	const { status, stdout, stderr } = spawnSync( 'curl', [ '-s', '-S', '--path-as-is', '--max-time', '20', '-H', `Host: ${ HOST }`, ...options, address ], { encoding: 'utf8' } );
	assert.equal( status, 0, `${ address } ${ stderr }` );
	return stdout;
}

/** A connection over WebSocket, and its first message. */
function socket( url, prefix, token ) {
	const client = io( url, { path: `${ prefix }socket.io/`, transports: [ 'websocket' ], auth: { token, topics: [ 'live' ] }, reconnection: false, forceNew: true, extraHeaders: { Host: HOST } } );
	return new Promise( ( done, failed ) => {
		client.once( 'live:put', done );
		client.once( 'connect_error', failed );
	} ).finally( () => client.disconnect() );
}

for ( const kind of KINDS ) {
	for ( const prefix of [ '/qahm-live/', '/blog/live.v1/' ] ) {
		describe( `${ kind } at ${ prefix }`, () => {
			let proxy;
			let url;
			before( async () => {
				proxy = await Proxy.start( kind, { address: ADDRESS, prefix } );
				url = `http://127.0.0.1:${ proxy.port }`;
			} );
			after( () => proxy?.stop() );

			test( 'the probe is answered with its nonce', async () => {
				const { status, body } = await ask( `${ url }${ prefix }probe?nonce=a1B2`, { headers: { Host: HOST } } );
				assert.equal( status, 200 );
				assert.equal( JSON.parse( body ).nonce, 'a1B2' );
			} );

			test( 'WebSocket passes', async () => {
				assert.equal( typeof ( await socket( url, prefix, mint() ) ).data.active, 'number' );
			} );

			for ( const encoding of [ 'identity', 'gzip' ] ) {
				test( `server-sent events pass at once (${ encoding })`, async () => {
					const headers = { Host: HOST, Authorization: `Bearer ${ mint() }`, 'Accept-Encoding': encoding };
					const wanted = encoding === 'gzip' ? /[^]{100}/ : /^event: put\n(?:id: .*\n)?data: \{.*\}$/m;
					await stream( `${ url }${ prefix }events?topics=live`, headers, wanted );
				} );
			}

			test( 'the cookie of the session is for this path', async () => {
				const { status, headers } = await ask( `${ url }${ prefix }session`, { method: 'POST', headers: { Host: HOST, Authorization: `Bearer ${ mint() }`, 'X-Qahm-Prefix': '/elsewhere/' } } );
				assert.equal( status, 204 );
				assert.match( headers[ 'set-cookie' ][ 0 ], new RegExp( `; ?Path=${ prefix.replaceAll( '.', '\\.' ) }(;|$)` ) );
			} );

			test( 'beacons are taken', async () => {
				const answer = await new Visitor( `${ url }${ prefix }collect` ).view( '/contact/' );
				assert.deepEqual( [ answer.status, answer.headers[ 'x-qahm-realtime' ] ], [ 204, 'accepted' ] );
			} );

			test( 'nobody gets at what is for the machine itself', () => {
				for ( const path of [ '/metrics', '/health', `${ prefix }metrics`, `${ prefix }health`, `${ prefix }../metrics`, `${ prefix }../health`, `${ prefix }%2e%2e/metrics`, `${ prefix }%2e%2e/health`, `${ prefix }..%2fhealth`, `${ prefix }/metrics`, `${ prefix }/health`, `${ prefix }socket.io/../../metrics`, `${ prefix }socket.io/../../health` ] ) {
					assert.doesNotMatch( asked( url + path ), OWN, path );
				}
				// The same words come from the engine to those who ask it: they are what must not be read above.
				for ( const path of [ '/metrics', '/health' ] ) {
					assert.match( asked( `http://localhost${ path }`, '--unix-socket', SOCKET ), OWN, path );
				}
			} );
		} );
	}

	test( `the documentation has the snippet for ${ kind }`, () => {
		assert.equal( example( kind ), snippet( kind, 'unix:/run/qahm-realtime/33/live.sock' ).trimEnd() );
	} );
}

test( 'the engine tells the machine itself', async () => {
	const health = await ask( 'http://localhost/health', { socketPath: SOCKET } );
	assert.equal( health.status, 200 );
	assert.equal( JSON.parse( health.body ).ok, true );
	const metrics = await ask( 'http://localhost/metrics', { socketPath: SOCKET } );
	assert.equal( metrics.status, 200 );
	assert.match( metrics.body, /^# TYPE qahm_realtime_\w+ (counter|gauge|histogram)$/m );
	// Whatever came through a server is from outside.
	for ( const header of [ 'X-Real-IP', 'X-Forwarded-For' ] ) {
		assert.equal( ( await ask( 'http://localhost/metrics', { socketPath: SOCKET, headers: { [ header ]: '127.0.0.1' } } ) ).status, 401 );
	}
} );

/** A site whose PHP is in one group more than its own, as after `usermod -aG`: a matter of the process, nothing of the system is changed. */
class SiteInGroup extends Site {
	constructor( dir, group ) {
		super( dir );
		this.group = group;
	}

	launch( name ) {
		if ( name !== 'php-fpm' ) {
			return super.launch( name );
		}
		const as = [ '--reuid', USER.uid, '--regid', USER.gid, '--groups', `${ USER.gid },${ this.group }` ].map( String );
		return launch( name, 'setpriv', [ ...as, 'php-fpm8.2', ...fpm( this ) ], { log: join( this.dir, 'log/php-fpm-start.log' ), env: PHP_ENVIRONMENT, owner: { uid: 0, gid: 0 } } );
	}
}

test( 'nginx as another Unix user than PHP’s reaches the engine by a group that both are in', { skip: process.getuid() === 0 ? false : 'only root can run servers of two users' }, async ( t ) => {
	// Debian's, and nobody's own.
	const group = Number( spawnSync( 'getent', [ 'group', 'users' ], { encoding: 'utf8' } ).stdout.split( ':' )[ 2 ] );
	const [ stranger, strangers ] = [ 65534, 65534 ];
	assert.ok( group > 0 && group !== USER.gid && group !== strangers );
	const folder = mkdtempSync( join( tmpdir(), 'qahm-realtime-listen-' ) );
	chownSync( folder, USER.uid, USER.gid );
	chmodSync( folder, 0o711 );
	const other = new SiteInGroup( `${ DIR }-other`, group );
	t.after( async () => {
		await other.remove();
		rmSync( folder, { recursive: true, force: true } );
	} );
	const socketFile = join( folder, 'live.sock' );
	await other.start( { settings: { 'qahm_realtime.listen': `unix:${ socketFile }`, 'qahm_realtime.listen_group': 'users' } } );
	await ask( `${ other.url }/` );
	await eventually( () => existsSync( socketFile ) && statSync( socketFile ).gid === group, 'the engine listens where it was told, for whom it was told' );
	assert.deepEqual( { uid: statSync( socketFile ).uid, mode: statSync( socketFile ).mode & 0o777 }, { uid: USER.uid, mode: 0o660 } );
	// Neither somebody's own group nor that of PHP opens it, but the one that both have.
	for ( const [ gid, status ] of [ [ strangers, 502 ], [ USER.gid, 502 ], [ group, 200 ] ] ) {
		const proxy = await Proxy.start( 'nginx', { address: `unix:${ socketFile }`, owner: { uid: stranger, gid } } );
		try {
			assert.equal( ( await ask( `http://127.0.0.1:${ proxy.port }/qahm-live/probe?nonce=x` ) ).status, status, `nginx in group ${ gid }` );
		} finally {
			await proxy.stop();
		}
	}
} );
