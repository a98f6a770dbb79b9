// The site of the tests: its WordPress, its engine, its tokens, its visitors.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { alive, runAsUser, runningFile, until } from '../../demo/process.mjs';
import { PHP_ENVIRONMENT } from '../../demo/servers.mjs';
import { engineAddress } from '../../demo/snippet.mjs';

const { QAHM_TEST_URL, QAHM_TEST_DIR, QAHM_TEST_RUN_DIR, QAHM_TEST_WP_DIR } = process.env;
if ( ! QAHM_TEST_URL ) {
	throw new Error( 'These tests need a site: make test STAGES=live' );
}
export const SITE = QAHM_TEST_URL;
export const HOST = new URL( SITE ).host;
export const DIR = QAHM_TEST_DIR;
export const RUN = QAHM_TEST_RUN_DIR;
export const ADDRESS = engineAddress( RUN );
export const SOCKET = ADDRESS.replace( 'unix:', '' );
export const PLUGIN = `${ SITE }/wp-content/plugins/qahm-realtime`;
/** Whatever can be followed. */
export const TOPICS = [ 'live', 'events', 'visitors', 'performance', 'alerts' ];

const page = await ( await fetch( SITE ) ).text();
/** The site's id, as its pages have it. */
export const ID = /\["([0-9a-f]{16})","/.exec( page )[ 1 ];

/** Runs PHP as the site's user: with WordPress, unless `alone`. */
export function php( code, { alone = false, settings = [] } = {} ) {
	const file = join( DIR, 'tmp', `${ randomBytes( 6 ).toString( 'hex' ) }.php` );
	const wordpress = `$_SERVER['HTTP_HOST'] = ${ JSON.stringify( HOST ) }; $_SERVER['REQUEST_URI'] = '/'; require ${ JSON.stringify( `${ QAHM_TEST_WP_DIR }/wp-load.php` ) };`;
	writeFileSync( file, `<?php ${ alone ? '' : wordpress } ${ code }`, { mode: 0o644 } );
	try {
		const options = [ 'qahm_realtime.cli=1', ...settings ].flatMap( ( setting ) => [ '-d', setting ] );
		return runAsUser( 'php8.2', [ '-c', join( DIR, 'conf/php.ini' ), ...options, file ], { env: { ...process.env, ...PHP_ENVIRONMENT } } );
	} finally {
		rmSync( file );
	}
}

/** Tokens as WordPress would give them, all by one PHP: for each { site, user, origin, life } of the list, what is absent as usual. */
export const mintAll = ( wanted ) => JSON.parse( php( `echo json_encode( array( ${ wanted.map( ( { site = ID, user = 1, origin = SITE, life = 600 } ) =>
	`qahm_realtime_token_mint( '${ site }', ${ user }, '${ origin }', ${ life } )` ) } ) );`, { alone: true } ) );
export const mint = ( wanted = {} ) => mintAll( [ wanted ] )[ 0 ];

/** Has WordPress run this code before plugins; returns the undoing. */
export function inside( name, code ) {
	const folder = join( QAHM_TEST_WP_DIR, 'wp-content/mu-plugins' );
	const file = join( folder, `qahm-realtime-live-${ name }.php` );
	mkdirSync( folder, { recursive: true, mode: 0o755 } );
	writeFileSync( file, `<?php\n${ code }`, { mode: 0o644 } );
	return () => rmSync( file, { force: true } );
}

/** 'user:application password' of the administrator, and the undoing of what that needs. */
export function applicationPassword() {
	const undo = inside( 'passwords', "add_filter( 'wp_is_application_passwords_available', '__return_true' );" );
	const password = php( "echo WP_Application_Passwords::create_new_application_password( 1, array( 'name' => uniqid() ) )[0];" );
	return { login: `admin:${ password }`, undo };
}

/** The engine's process. */
export const engine = () => runningFile( join( DIR, 'bin/qahm-realtimed' ) ).find( alive );

/** Kills the engine; the next beacon has it started again. */
export async function killEngine() {
	const running = engine();
	process.kill( running.pid, 'SIGKILL' );
	await until( () => ! alive( running ), 5000 );
}

/**
 * A request, with whatever headers (fetch would not have a Host of its own).
 *
 * @return {Promise<{ status, headers, body }>}
 */
export function ask( url, { method = 'GET', headers = {}, body, socketPath } = {} ) {
	return new Promise( ( done, failed ) => {
		const asked = request( url, { method, headers, socketPath, agent: false, timeout: 30_000 }, ( answer ) => {
			const parts = [];
			answer.on( 'data', ( part ) => parts.push( part ) );
			answer.on( 'end', () => done( { status: answer.statusCode, headers: answer.headers, body: Buffer.concat( parts ).toString() } ) );
			answer.on( 'error', failed );
		} );
		asked.on( 'timeout', () => asked.destroy( new Error( `${ url } did not answer` ) ) );
		asked.on( 'error', failed );
		asked.end( body );
	} );
}

/** Waits until it holds; says what was expected otherwise. */
export async function eventually( condition, expected, milliseconds = 15_000 ) {
	assert.ok( await until( condition, milliseconds ), typeof expected === 'function' ? expected() : expected );
}

/** Starts the engine if it is not there, and waits until the channel answers. */
export async function ready() {
	await new Visitor().view( '/about/' );
	await eventually( async () => ( await ask( `${ SITE }/qahm-live/probe?nonce=ready` ) ).status === 200, 'the channel answers through nginx' );
}

/** Somebody on the site; what they do comes from their own address. */
export class Visitor {
	static #number = 0;
	#sequence = 0;
	#view = randomBytes( 8 ).toString( 'hex' );

	constructor( collector = `${ PLUGIN }/collect.php` ) {
		this.collector = collector;
		const number = Visitor.#number++;
		this.address = `81.2.${ number >> 8 & 255 }.${ number & 255 }`;
	}

	async tell( path, ...events ) {
		const answer = await ask( this.collector, {
			method: 'POST',
			headers: {
				Host: HOST,
				'Content-Type': 'text/plain;charset=UTF-8',
				'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
				'X-Forwarded-For': this.address,
			},
			body: JSON.stringify( { v: 1, s: ID, i: this.#view, n: this.#sequence++, u: path, w: 0, e: events } ),
		} );
		return answer;
	}

	/** Looks at a page. */
	view( path ) {
		this.#view = randomBytes( 8 ).toString( 'hex' );
		this.#sequence = 0;
		return this.tell( path, [ 'v', 1, 'https://www.example.org/', `Page ${ path }` ] );
	}

	/** An event of the site's own that can be found again: what it carries is kept as it is, while names are counted and only so many are. */
	does( path, mark ) {
		return this.tell( path, [ 'g', 'live-test', JSON.stringify( { mark } ) ] );
	}
}

/** What an event was marked with; undefined for those of others. */
export const markOf = ( { properties } ) => ( properties ? JSON.parse( properties ).mark : undefined );
