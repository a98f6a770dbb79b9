// A WordPress of one's own to which bad things happen, and the questions that tell how it bears them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Site } from '../../demo/site.mjs';
import { REPOSITORY, USER, stateDir } from '../../demo/place.mjs';
import { alive, launch, runAsUser, stop, until } from '../../demo/process.mjs';
import { PHP_ENVIRONMENT, fpm } from '../../demo/servers.mjs';
import { trackerOf } from '../../demo/visitors-tracker.mjs';

/** Where cargo puts what it builds. */
export const TARGET = process.env.CARGO_TARGET_DIR || join( REPOSITORY, 'target' );
const PROBE = 'chaos-probe.php';
/** How long anything may take to become well again; the engine's longest pause between two starts is part of it. */
const PATIENCE = 60_000;

/** Asks the engine's control socket, as its user: nobody else gets an answer. */
const ASK = `
	const [ path, request ] = process.argv.slice( 1 );
	const head = Buffer.alloc( 4 );
	head.writeUInt32LE( Buffer.byteLength( request ) );
	let answer = Buffer.alloc( 0 );
	require( 'net' ).connect( path ).on( 'data', ( data ) => { answer = Buffer.concat( [ answer, data ] ); } )
		.on( 'end', () => process.stdout.write( answer.subarray( 4 ) ) )
		.end( Buffer.concat( [ head, Buffer.from( request ) ] ) );`;

export class Chaotic {
	/** @param {string} name Of the site; it is private to this process. */
	constructor( name ) {
		this.site = new Site( join( stateDir(), `test-site-${ process.pid }-${ name }` ) );
		this.dataBase = join( this.site.dir, 'data' );
	}

	/** Starts it, with INI settings of the extension. */
	async start( settings = {} ) {
		await this.site.start( { settings } );
		this.probe();
		await this.meet();
		return this;
	}

	/** Where the engine puts its files, and PHP its ring. */
	get data() {
		return join( this.dataBase, String( USER.uid ) );
	}

	get runtime() {
		return join( this.site.run, 'realtime', String( USER.uid ) );
	}

	/** A script of the site that tells what PHP knows. */
	probe() {
		writeFileSync( join( this.site.wordpress, PROBE ), `<?php
			header( 'Content-Type: application/json' );
			echo json_encode( array( 'status' => qahm_realtime_status(), 'counters' => qahm_realtime_counters( $_GET['site'] ?? '' ) ) );
		` );
	}

	/** Learns the site's id and collector from a page, as a browser does. */
	async meet() {
		const html = await ( await fetch( this.site.url ) ).text();
		const { site, collector } = trackerOf( html ) ?? assert.fail( 'no tracker in the page' );
		this.id = site;
		this.collector = new URL( collector, this.site.url );
	}

	/** What PHP knows: { status, counters }; undefined while it does not answer. */
	async told() {
		try {
			return await ( await fetch( `${ this.site.url }/${ PROBE }?site=${ this.id }`, { signal: AbortSignal.timeout( 5_000 ) } ) ).json();
		} catch {
			return undefined;
		}
	}

	/** The status as a new process has it: of the ring that has the name now, where a worker may look at an older one. */
	freshStatus() {
		return JSON.parse( runAsUser( 'php8.2', [ '-c', join( this.site.dir, 'conf/php.ini' ), '-r', 'echo json_encode( qahm_realtime_status() );' ], { env: { ...process.env, ...PHP_ENVIRONMENT } } ) );
	}

	/** Everything the status says in words. */
	async words() {
		const { status } = await this.told() ?? {};
		return status ? [ ...Object.values( status.messages ), ...status.notes ].join( '\n' ) : '';
	}

	/** What the engine itself says. */
	engineSays( request = { op: 'status' } ) {
		try {
			return JSON.parse( runAsUser( process.execPath, [ '-e', ASK, join( this.runtime, 'control.sock' ), JSON.stringify( request ) ], { stdio: [ 'ignore', 'pipe', 'pipe' ] } ) );
		} catch {
			return undefined;
		}
	}

	/** Waits for a condition; fails with what is known if it never comes. */
	async until( what, condition ) {
		if ( ! await until( condition, PATIENCE ) ) {
			assert.fail( `never: ${ what instanceof Function ? what() : what }\n${ JSON.stringify( await this.told(), null, '\t' ) }\n${ JSON.stringify( this.engineSays() ) }\n${ this.log( 'php-error' ).slice( -2000 ) }` );
		}
	}

	/** Waits until the status says something, in PHP and, if it runs, in the engine's own answer. */
	async says( pattern, { engine = false } = {} ) {
		await this.until( `the status says ${ pattern }`, async () => pattern.test( await this.words() ) );
		if ( engine ) {
			await this.until( `the engine says ${ pattern }`, () => pattern.test( ( this.engineSays()?.engine.notes ?? [] ).join( '\n' ) ) );
		}
	}

	/** Waits until the engine runs and the numbers move: a new visitor is counted. Does not restart anything. */
	async recovers( load ) {
		// As a browser does it: the page, whose request tells a new engine of the site, and then the beacon.
		const visit = async () => await load.page() && await load.beacon();
		await this.until( 'the engine runs', async () => {
			await visit();
			return ( await this.told() )?.status.state === 'running';
		} );
		const before = ( await this.told() ).counters?.views_today ?? 0;
		await this.until( 'a new visitor is counted', async () => {
			await visit();
			return ( await this.told() )?.counters?.views_today > before;
		} );
		return load;
	}

	/** Everything that was accepted is stored, once; nothing is stored that was not sent. Returns how many views are. */
	async settles( load ) {
		let missing;
		const stored = () => {
			missing = this.missing( load );
			return missing.length === 0;
		};
		await this.until( () => `${ missing.length } that were accepted are stored: ${ missing.slice( 0, 20 ) }`, async () => ( await this.told() )?.status.used === 0 && stored() );
		return this.once( load );
	}

	/** What was accepted and is not stored: the times of the answers. */
	missing( load ) {
		const stored = this.stored();
		return [ ...load.accepted ].filter( ( [ view ] ) => ! stored.has( view ) ).map( ( [ , time ] ) => time );
	}

	/** Nothing is stored twice, nothing that was not sent. */
	once( load ) {
		const stored = this.stored();
		const twice = [ ...stored ].filter( ( [ , times ] ) => times > 1 );
		assert.deepEqual( twice, [], 'counted twice' );
		assert.deepEqual( [ ...stored.keys() ].filter( ( view ) => ! load.sent.has( view ) ), [], 'invented' );
		return stored.size;
	}

	/** Stored views and how often each is there. */
	stored() {
		const views = new Map();
		const lines = existsSync( join( this.data, 'realtime.db' ) ) ? execFileSync( join( TARGET, 'chaos/views' ), [ this.dataBase ], { encoding: 'utf8', maxBuffer: 1 << 28 } ) : '';
		lines.split( '\n' ).filter( Boolean ).forEach( ( view ) => views.set( view, ( views.get( view ) ?? 0 ) + 1 ) );
		return views;
	}

	/** The engine's process; undefined when none runs. */
	async engine() {
		const { status } = await this.told() ?? {};
		const pid = status?.state === 'running' ? status.engine_pid : 0;
		return pid && existsSync( `/proc/${ pid }` ) ? pid : undefined;
	}

	/** Kills the engine, and waits for its end. */
	async killEngine() {
		const pid = await this.engine();
		assert.ok( pid, 'an engine to kill' );
		process.kill( pid, 'SIGKILL' );
		await this.gone( pid );
	}

	async gone( pid ) {
		await this.until( 'the engine is dead', () => ! existsSync( `/proc/${ pid }` ) || /^State:\s+Z/m.test( readFileSync( `/proc/${ pid }/status`, 'utf8' ) ) );
	}

	log( name ) {
		const file = join( this.site.dir, `log/${ name }.log` );
		return existsSync( file ) ? readFileSync( file, 'utf8' ) : '';
	}

	get fpm() {
		return this.site.processes.find( ( { name } ) => name === 'php-fpm' );
	}

	/** What php-fpm does when its configuration is reloaded: every worker ends, the master begins anew. */
	async reloadPhp() {
		const starts = () => this.log( 'php-fpm' ).split( 'ready to handle connections' ).length;
		const before = starts();
		process.kill( this.fpm.pid, 'SIGUSR2' );
		await this.until( 'php-fpm is back', () => starts() > before );
	}

	async stopPhp() {
		await stop( this.fpm );
		assert.ok( ! alive( this.fpm ) );
	}

	startPhp() {
		const server = launch( 'php-fpm', 'php-fpm8.2', fpm( this.site ), { log: join( this.site.dir, 'log/php-fpm.log' ), env: PHP_ENVIRONMENT } );
		this.site.processes = this.site.processes.map( ( known ) => ( known.name === 'php-fpm' ? server : known ) );
		this.site.remember();
	}

	/** No warning, no crash: in no log, by nobody. */
	assertQuiet() {
		const lines = [ 'php-error', 'php-fpm', 'debug' ].flatMap( ( name ) => this.log( name ).split( '\n' ) );
		// WordPress 6.1's own deprecations on PHP 8.2 are not ours. A reload ends workers by signals 3, 9 and 15.
		const bad = lines.filter( ( line ) => /qahm_realtime|plugins\/qahm-realtime|PHP (Warning|Notice|Fatal|Parse)|signal (4|6|7|11)\b|SIG(ILL|ABRT|BUS|SEGV)/.test( line ) && ! /wp-includes/.test( line ) );
		assert.deepEqual( bad, [] );
	}

	async end() {
		await this.site.remove();
	}
}
