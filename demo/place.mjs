// Where a site's files go, and which user its servers run as.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, lstatSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { tmpdir, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = resolve( dirname( fileURLToPath( import.meta.url ) ), '..' );

const id = ( ...options ) => spawnSync( 'id', options, { encoding: 'utf8' } ).stdout.trim();

/** The user all servers run as: nothing runs as root, the engine would refuse to. */
export const USER = process.getuid() === 0
	? { name: 'www-data', uid: Number( id( '-u', 'www-data' ) ), gid: Number( id( '-g', 'www-data' ) ) }
	: { name: userInfo().username, uid: process.getuid(), gid: process.getgid() };

const digest = ( text ) => createHash( 'sha256' ).update( text ).digest( 'hex' ).slice( 0, 8 );

/** Can that user get into this directory? A root-only parent such as /root forbids it. */
export function reachable( path ) {
	while ( ! existsSync( path ) ) {
		path = dirname( path );
	}
	return spawnSync( 'test', [ '-x', path ], { uid: USER.uid, gid: USER.gid } ).status === 0;
}

/** Makes a directory of the given owner that nobody else may write; one that is there already must be just that. */
export function privateDir( path, mode = 0o700, { uid, gid } = USER ) {
	if ( ! existsSync( path ) ) {
		mkdirSync( path, { recursive: true, mode } );
		chownSync( path, uid, gid );
	}
	const found = lstatSync( path );
	if ( ! found.isDirectory() || found.uid !== uid || ( found.mode & 0o022 ) !== 0 ) {
		throw new Error( `${ path } is there, but it is not a directory that belongs to user ${ uid } alone` );
	}
	return path;
}

/** Holds everything made at run time: target/, or a directory in /var/tmp when the user cannot reach target/. */
export function stateDir() {
	const target = join( REPOSITORY, 'target' );
	if ( reachable( target ) ) {
		mkdirSync( target, { recursive: true } );
		return target;
	}
	const owner = { uid: process.getuid(), gid: process.getgid() };
	return privateDir( `/var/tmp/qahm-realtime-${ digest( REPOSITORY ) }`, 0o755, owner );
}

/** Where `make demo` has its site. */
export const demoDir = () => resolve( process.env.DEMO_DIR || join( stateDir(), 'demo' ) );

/**
 * Sockets and the ring of the site at `dir`. In memory, as on a real server (/run), and because
 * the path of a Unix socket may have 107 bytes only, which a repository's path can exceed.
 */
export function runDir( dir ) {
	const memory = '/dev/shm';
	const TMPFS = 0x01021994;
	const base = existsSync( memory ) && statfsSync( memory ).type === TMPFS ? memory : tmpdir();
	return join( base, `qahm-realtime-site-${ digest( resolve( dir ) ) }` );
}
