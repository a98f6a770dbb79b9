// An access log whose numbers are known is replayed against a real site; the engine must answer those numbers.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { REPOSITORY, privateDir, stateDir } from '../../demo/place.mjs';
import { runAsUser, until } from '../../demo/process.mjs';
import { PHP_ENVIRONMENT } from '../../demo/servers.mjs';
import { Site } from '../../demo/site.mjs';
import { Pages } from '../../demo/visitors-pages.mjs';
import { trackerOf } from '../../demo/visitors-tracker.mjs';
import { sampleLog } from './logSample.mjs';

const dir = join( stateDir(), `test-site-${ process.pid }-log` );
const site = new Site( dir );
const sample = sampleLog( 40 );
let id;

before( async () => {
	await site.start();
	id = trackerOf( await ( await fetch( site.url ) ).text() ).site;
	writeFileSync( join( privateDir( dir ), 'access.log' ), sample.text );
	writeFileSync( join( dir, 'access.log.2' ), sample.gzip() );
} );
after( () => site.remove() );

/** Runs the replay; returns its code and what it said. */
const replay = ( env ) => spawnSync( process.execPath, [ join( REPOSITORY, 'demo/visitors.mjs' ) ], { env: { ...process.env, DEMO_DIR: dir, ...env }, encoding: 'utf8', cwd: dir, timeout: 120_000 } );

/** What the engine answers to a question: over the control socket, as PHP asks it. */
function ask( what, arguments_ = {} ) {
	const code = 'echo qahm_realtime_ask( $argv[1], $argv[2], 2000 );';
	const answer = JSON.parse( runAsUser( 'php8.2', [ '-c', join( dir, 'conf/php.ini' ), '-r', code, id, JSON.stringify( { what, ...arguments_ } ) ], { env: { ...process.env, ...PHP_ENVIRONMENT } } ) );
	assert.equal( answer.ok, true, JSON.stringify( answer ) );
	return answer[ what ];
}

const visitorsOf = ( rows ) => Object.fromEntries( rows.filter( ( { visitors } ) => visitors > 0 ).map( ( { name, visitors } ) => [ name, visitors ] ) );

test( 'the engine answers the numbers of the log', async () => {
	const { status, stdout, stderr } = replay( { LOG: 'access.log.2', SPEED: 'max' } );
	assert.equal( status, 0, stdout + stderr );
	assert.ok( stdout.includes( `${ sample.lines } lines: ${ sample.views } pages viewed and ${ sample.bots + sample.missing } other requests` ), stdout );
	assert.ok( stdout.includes( `${ sample.skipped + sample.broken } skipped:` ), stdout );
	assert.equal( [ ...stdout.matchAll( /^  broken: .*: (\d+)$/gm ) ].reduce( ( sum, [ , times ] ) => sum + Number( times ), 0 ), sample.broken );
	assert.match( stdout, /^The log's own site: example\.org$/m );
	assert.ok( [ ...stdout.matchAll( /^  (\d{3}) (.*): \d+$/gm ) ].every( ( [ , code, reason ] ) => code === '204' && reason === 'accepted' ), stdout );

	// Of the last half hour, not of today: midnight may come in between.
	const viewed = () => ask( 'pages', { limit: 500 } ).pages.reduce( ( sum, { views } ) => sum + views, 0 );
	assert.ok( await until( () => viewed() >= sample.views, 10_000 ), 'all views arrive' );
	assert.equal( viewed(), sample.views );
	assert.equal( ask( 'live' ).visitors_30m, sample.visitors );

	assert.deepEqual( visitorsOf( ask( 'sources', { limit: 100 } ).channels ), sample.by.channel );
	assert.deepEqual( visitorsOf( ask( 'devices', { limit: 100 } ).devices ), sample.by.device );
	const hosts = visitorsOf( ask( 'sources', { limit: 100 } ).hosts );
	assert.equal( hosts[ 'blog.example.net' ], sample.by.channel.referral );
	assert.equal( hosts[ '127.0.0.1' ], undefined, 'the log\'s own site is no source' );

	const { pages } = ask( 'pages', { limit: 500 } );
	const views = Object.fromEntries( pages.map( ( page ) => [ page.path, page.views ] ) );
	const wanted = {};
	const demo = await Pages.of( { home: new URL( site.url ), get: async ( path ) => ( { text: await ( await fetch( new URL( path, site.url ) ) ).text() } ) } );
	for ( const [ path, times ] of Object.entries( sample.by.path ) ) {
		const page = demo.for( path ).replace( /(?<=.)\/$/, '' );
		wanted[ page ] = ( wanted[ page ] ?? 0 ) + times;
	}
	assert.deepEqual( views, wanted );
	assert.ok( wanted[ '/about' ] >= sample.by.path[ '/about/' ] );

	const missing = ask( 'errors', { limit: 100 } ).groups.filter( ( { kind } ) => kind === '404' );
	assert.equal( missing.reduce( ( sum, { count } ) => sum + count, 0 ), sample.missing );
} );

test( 'at a speed the visitors come one after the other, and an interrupted replay lets everybody leave', async () => {
	const child = spawn( process.execPath, [ join( REPOSITORY, 'demo/visitors.mjs' ) ], { env: { ...process.env, DEMO_DIR: dir, LOG: join( dir, 'access.log' ), SPEED: '60' } } );
	let said = '';
	child.stdout.on( 'data', ( text ) => ( said += text ) );
	const ended = new Promise( ( done ) => child.on( 'exit', done ) );
	assert.ok( await until( () => / [1-9]\d* pages, .* here/.test( said ), 20_000 ), said );
	child.kill( 'SIGINT' );
	assert.equal( await ended, 0, said );
	const [ , views ] = /lines: (\d+) pages viewed/.exec( said );
	assert.ok( Number( views ) > 0 && Number( views ) < sample.views, said );
	assert.ok( await until( () => ask( 'live' ).active === 0, 20_000 ), 'nobody is left on the site' );
} );

test( 'a damaged archive counts as far as it goes; what cannot be replayed is told', () => {
	writeFileSync( join( dir, 'cut.gz' ), sampleLog( 2 ).gzip().subarray( 0, -200 ) );
	const cut = replay( { LOG: 'cut.gz', SPEED: 'max' } );
	assert.equal( cut.status, 0, cut.stderr );
	assert.match( cut.stdout, /the file is damaged: unexpected end of file: 1/ );
	for ( const [ env, why ] of [ [ { LOG: 'nothing.log' }, /cannot be read/ ], [ { LOG: 'access.log', SPEED: 'fast' }, /SPEED is a number/ ], [ { LOG: dir }, /EISDIR/ ] ] ) {
		const { status, stderr } = replay( env );
		assert.equal( status, 1 );
		assert.match( stderr, why );
	}
} );
