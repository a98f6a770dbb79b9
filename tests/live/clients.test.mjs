// Unmodified clients, as docs/live.md shows them: the examples are run as they stand there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Administrator, launch } from '../browser/browser.mjs';
import { ID, SITE, SOCKET, Visitor, applicationPassword, ask, eventually, killEngine, php, ready } from './site.mjs';
import { example, files } from './docs.mjs';

let docs;
let password;
before( async () => {
	await ready();
	docs = files();
	password = applicationPassword();
} );
after( () => {
	docs?.remove();
	password?.undo();
} );

/** Runs a program of the documentation until the test is over; what it prints. */
function run( t, command, args ) {
	const child = spawn( command, args, { cwd: docs.folder, env: { PATH: process.env.PATH, SITE, LOGIN: password.login } } );
	const said = { text: '', errors: '' };
	child.stdout.on( 'data', ( data ) => ( said.text += data ) );
	child.stderr.on( 'data', ( data ) => ( said.errors += data ) );
	const exited = new Promise( ( done ) => child.on( 'close', done ) );
	t.after( () => {
		child.kill();
		return exited;
	} );
	return said;
}

/** An event happens, and this program's output shows it. */
async function shows( said, name ) {
	const visitor = new Visitor();
	await visitor.view( '/about/' );
	await visitor.does( '/about/', name );
	await eventually( () => said.text.includes( name ), () => `${ name } is shown; there is:\n${ said.text.slice( -2000 ) }\n${ said.errors }` );
}

const probe = async () => ( await ask( `${ SITE }/qahm-live/probe?nonce=there` ) ).status;

/** How many connections the engine has ended because somebody may no longer read. */
const revoked = async () => Number( /^qahm_realtime_closed_total\{reason="revoked"\} (\d+)$/m.exec( ( await ask( 'http://localhost/metrics', { socketPath: SOCKET } ) ).body )?.[ 1 ] ?? 0 );

/** The engine is killed, and the web server says so. */
async function goes() {
	await killEngine();
	await eventually( async () => ( await probe() ) === 502, 'nobody is behind the web server' );
}

/** It is started by a visitor: not by each, after it was killed. */
async function comes() {
	const back = async () => {
		await new Visitor().view( '/about/' );
		return ( await probe() ) === 200;
	};
	await eventually( back, 'the engine is back', 40_000 );
}

for ( const name of [ 'socket', 'events' ] ) {
	test( `${ name }.mjs shows what happens`, async ( t ) => {
		const said = run( t, process.execPath, [ `${ name }.mjs` ] );
		await eventually( () => /^events \d+ \{/m.test( said.text ) && /^live \d+ \{/m.test( said.text ), () => `the states come: ${ said.text }${ said.errors }` );
		await shows( said, `seen-by-${ name }` );
		assert.equal( said.errors, '' );
	} );

	test( `${ name }.mjs goes on after the engine was away`, async ( t ) => {
		const said = run( t, process.execPath, [ `${ name }.mjs` ] );
		await eventually( () => /^events \d+ \{/m.test( said.text ), () => `the states come: ${ said.text }${ said.errors }` );
		await goes();
		await comes();
		await shows( said, `seen-again-by-${ name }` );
	} );

	test( `${ name }.mjs goes on with a new token when its own was revoked`, async ( t ) => {
		const said = run( t, process.execPath, [ `${ name }.mjs` ] );
		await eventually( () => /^events \d+ \{/m.test( said.text ), () => `the states come: ${ said.text }${ said.errors }` );
		const before = await revoked();
		assert.equal( JSON.parse( php( `echo qahm_realtime_command( '${ ID }', '{"do":"revoke","user":1}' );`, { alone: true } ) ).ok, true );
		await eventually( async () => ( await revoked() ) > before, 'it is thrown out' );
		await shows( said, `not-revoked-by-${ name }` );
	} );
}

test( 'curl -N shows what happens', async ( t ) => {
	const said = run( t, 'bash', [ '-c', example( 'sh', 'curl -sN' ).replace( 'topics=live', 'topics=events' ).replace( /curl -sN/, 'exec curl -sN' ) ] );
	await eventually( () => /^event: put$/m.test( said.text ), () => `the state comes: ${ said.text }${ said.errors }` );
	await shows( said, 'seen-by-curl' );
	const ids = [ ...said.text.matchAll( /^id: ?(.*)$/gm ) ].map( ( [ , id ] ) => id );
	assert.match( ids.at( -1 ), /^[0-9a-f]{16}\.events:\d+$/ );
} );

test( 'EventSource of a browser shows what happens, and cannot read its cookie', async ( t ) => {
	const browser = await launch();
	t.after( () => browser.close() );
	const administrator = await Administrator.login( browser );
	await administrator.openDashboard();
	const { page } = administrator;
	await page.evaluate( `
		window.seen = [];
		window.opened = 0;
		window.EventSource = class extends EventSource {
			constructor( url ) {
				super( url );
				window.opened++;
			}
		};
		const { site, nonce, renew } = JSON.parse( document.querySelector( '#qahm_realtime' ).dataset.config );
		const token = async () => ( await ( await fetch( renew, { method: 'POST', headers: { 'X-WP-Nonce': nonce } } ) ).json() ).token;
		${ example( 'js', 'new EventSource( `/' ) }
		follow( site, token, ( message ) => window.seen.push( message ) );
	` );
	await page.waitForFunction( () => [ 'live', 'events' ].every( ( topic ) => window.seen.some( ( { t: name, data } ) => name === topic && data ) ), undefined, { timeout: 15_000 } );
	const visitor = new Visitor();
	await visitor.view( '/about/' );
	await visitor.does( '/about/', 'seen-by-chromium' );
	await page.waitForFunction( () => JSON.stringify( window.seen ).includes( 'seen-by-chromium' ), undefined, { timeout: 15_000 } );
	assert.doesNotMatch( await page.evaluate( () => document.cookie ), /qahm_realtime_live/ );
	const [ cookie ] = ( await administrator.context.cookies( `${ SITE }/qahm-live/events` ) ).filter( ( { name } ) => /^qahm_realtime_live_[0-9a-f]{16}$/.test( name ) );
	assert.deepEqual( [ cookie.httpOnly, cookie.sameSite, cookie.path ], [ true, 'Strict', '/qahm-live/' ] );
	assert.deepEqual( ( await administrator.context.cookies( `${ SITE }/wp-admin/` ) ).filter( ( { name } ) => name.startsWith( 'qahm_realtime_live' ) ), [] );

	await goes();
	await page.waitForFunction( () => window.opened > 1, undefined, { timeout: 30_000 } );
	await comes();
	await visitor.does( '/about/', 'seen-again-by-chromium' );
	await page.waitForFunction( () => JSON.stringify( window.seen ).includes( 'seen-again-by-chromium' ), undefined, { timeout: 30_000 } );
} );
