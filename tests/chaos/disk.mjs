// A small disk for the engine's data that can be full, and read-only.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, openSync, closeSync, rmSync, rmdirSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { USER, privateDir } from '../../demo/place.mjs';
import { runAsUser } from '../../demo/process.mjs';

const MEGABYTES = 4;

const mountTmpfs = ( path ) => spawnSync( 'mount', [ '-t', 'tmpfs', '-o', `size=${ MEGABYTES }m,mode=0700,uid=${ USER.uid },gid=${ USER.gid }`, 'tmpfs', path ] ).status === 0;

/** Whether this process may mount: not in most containers, even as root. */
function mayMount() {
	if ( process.env.QAHM_CHAOS_NO_MOUNT ) {
		return false;
	}
	const path = mkdtempSync( join( tmpdir(), 'qahm-realtime-mount-' ) );
	const mounted = mountTmpfs( path );
	if ( mounted ) {
		execFileSync( 'umount', [ path ] );
	}
	rmdirSync( path );
	return mounted;
}

/** A tmpfs of 4 MB. */
class Tmpfs {
	static how = `a tmpfs of ${ MEGABYTES } MB`;
	static full = /events are not stored: the disk of the data directory is full; they wait in the ring/;
	static unstartable = /database: the disk of the data directory is full/;

	constructor( chaotic ) {
		this.path = privateDir( `${ chaotic.site.dir }-disk` );
		if ( ! mountTmpfs( this.path ) ) {
			throw new Error( `${ this.path } cannot be mounted` );
		}
		this.ballast = join( this.path, 'ballast' );
		this.settings = { 'qahm_realtime.data_dir': this.path };
	}

	/** Leaves no byte free. */
	fill() {
		const file = openSync( this.ballast, 'a' );
		try {
			for ( const piece of [ 65536, 4096 ].map( ( size ) => Buffer.alloc( size ) ) ) {
				try {
					for ( ;; ) {
						writeSync( file, piece );
					}
				} catch ( error ) {
					if ( error.code !== 'ENOSPC' ) {
						throw error;
					}
				}
			}
		} finally {
			closeSync( file );
		}
	}

	/** Frees what `fill` took, and more: a bigger disk. */
	free() {
		unlinkSync( this.ballast );
		execFileSync( 'mount', [ '-o', 'remount,size=512m', this.path ] );
	}

	/** Remounts it read-only; false while somebody has a file open for writing. */
	lock() {
		return spawnSync( 'mount', [ '-o', 'remount,ro', this.path ] ).status === 0;
	}

	unlock() {
		execFileSync( 'mount', [ '-o', 'remount,rw', this.path ] );
	}

	remove() {
		execFileSync( 'umount', [ this.path ] );
		rmdirSync( this.path );
	}
}

/** Without the right to mount: a limit of the engine on the size of its files, at which every write fails. */
class Limit {
	static how = 'a limit on the size of files, since nothing may be mounted here';
	static full = /events are not stored: the disk of the data directory (is full|fails).*; they wait in the ring/;
	static unstartable = /database: the disk of the data directory (is full|fails)/;

	constructor( chaotic ) {
		this.chaotic = chaotic;
		this.path = privateDir( `${ chaotic.site.dir }-disk` );
		this.limit = join( this.path, 'limit' );
		writeFileSync( this.limit, 'unlimited' );
		const engine = join( this.path, 'limited' );
		writeFileSync( engine, `#!/bin/bash\ntrap '' XFSZ\nulimit -S -f "$(cat ${ this.limit })"\nexec ${ chaotic.site.engine } "$@"\n` );
		chmodSync( engine, 0o755 );
		this.settings = { 'qahm_realtime.data_dir': privateDir( join( this.path, 'data' ) ), 'qahm_realtime.engine': engine };
	}

	async set( limit ) {
		writeFileSync( this.limit, limit );
		const engine = await this.chaotic.engine();
		if ( engine ) {
			// As its user: who is root in a container may not always do this to others.
			runAsUser( 'prlimit', [ '--pid', String( engine ), `--fsize=${ limit }:` ] );
		}
	}

	fill() {
		return this.set( '0' );
	}

	free() {
		return this.set( 'unlimited' );
	}

	lock() {
		chmodSync( this.chaotic.data, 0o500 );
		return true;
	}

	unlock() {
		chmodSync( this.chaotic.data, 0o700 );
	}

	remove() {
		rmSync( this.path, { recursive: true, force: true } );
	}
}

export const Disk = mayMount() ? Tmpfs : Limit;
