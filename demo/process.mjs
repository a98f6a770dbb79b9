// Servers: started detached as the site's user, remembered by pid and start time, stopped with all they started.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, fchownSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, createServer } from 'node:net';
import { USER } from './place.mjs';

/** Starts a server in a session (and process group) of its own, so that it outlives this script and can be stopped as a whole. */
export function launch( name, command, args, { log, env = {}, owner = USER } ) {
	const output = openSync( log, 'a', 0o600 );
	fchownSync( output, owner.uid, owner.gid );
	const child = spawn( command, args, {
		uid: owner.uid,
		gid: owner.gid,
		cwd: '/',
		detached: true,
		stdio: [ 'ignore', output, output ],
		env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...env },
	} );
	closeSync( output );
	child.on( 'error', ( error ) => console.error( `${ name }: ${ error.message }` ) );
	child.unref();
	return { name, pid: child.pid, start: startTime( child.pid ) };
}

/** Runs a command as the site's user to its end. */
export function runAsUser( command, args, options = {} ) {
	const result = spawnSync( command, args, { uid: USER.uid, gid: USER.gid, cwd: '/', encoding: 'utf8', ...options } );
	if ( result.status !== 0 ) {
		throw new Error( `${ command } ${ args[ 0 ] } failed:\n${ result.error?.message ?? '' }${ result.stdout }${ result.stderr }` );
	}
	return result.stdout;
}

/** Clock ticks after boot at which the process began: with the pid, an identity that no later process can have. Null: gone (or a zombie). */
function startTime( pid ) {
	try {
		const stat = readFileSync( `/proc/${ pid }/stat`, 'utf8' );
		const fields = stat.slice( stat.lastIndexOf( ')' ) + 2 ).split( ' ' );
		return fields[ 0 ] === 'Z' || fields[ 0 ] === 'X' ? null : fields[ 19 ];
	} catch {
		return null;
	}
}

export const alive = ( { pid, start } ) => start !== null && startTime( pid ) === start;

/** Processes that run this file (the engine is started by PHP, so nobody told us its pid). */
export function runningFile( path ) {
	return readdirSync( '/proc' ).filter( ( name ) => /^\d+$/.test( name ) ).flatMap( ( pid ) => {
		try {
			// A file replaced by a newer build shows as "… (deleted)".
			const running = readlinkSync( `/proc/${ pid }/exe` ).replace( / \(deleted\)$/, '' ) === path;
			return running ? [ { name: path, pid: Number( pid ), start: startTime( pid ) } ] : [];
		} catch {
			return [];
		}
	} );
}

/** SIGTERM, and SIGKILL to what remains of its group after the given time. True if it went by itself. */
export async function stop( identity, milliseconds = 10_000 ) {
	if ( alive( identity ) ) {
		process.kill( identity.pid, 'SIGTERM' );
	}
	const gone = await until( () => ! alive( identity ), milliseconds );
	if ( ! gone ) {
		process.kill( identity.pid, 'SIGKILL' );
	}
	return gone;
}

/** Ends whatever a stopped server left in its process group. The group's id cannot be taken by others while a member lives. */
export function endGroup( { pid } ) {
	const group = readdirSync( '/proc' ).filter( ( name ) => /^\d+$/.test( name ) && groupOf( name ) === pid );
	group.forEach( ( member ) => process.kill( Number( member ), 'SIGKILL' ) );
}

function groupOf( pid ) {
	try {
		const stat = readFileSync( `/proc/${ pid }/stat`, 'utf8' );
		return Number( stat.slice( stat.lastIndexOf( ')' ) + 2 ).split( ' ' )[ 2 ] );
	} catch {
		return null;
	}
}

/** Waits until the condition holds; false if the time ran out. */
export async function until( condition, milliseconds ) {
	const end = Date.now() + milliseconds;
	for ( ;; ) {
		if ( await condition() ) {
			return true;
		}
		if ( Date.now() > end ) {
			return false;
		}
		await pause( 25 );
	}
}

/** Does somebody listen on this Unix socket? A file alone may be of a server that was killed, or not listen yet. */
export const answers = ( path ) => new Promise( ( done ) => {
	const socket = connect( path, () => done( true ) ).on( 'error', () => done( false ) ).on( 'connect', () => socket.destroy() );
} );

/** The wished loopback port if it is free, else any free one. */
export function freePort( wished = 0 ) {
	return new Promise( ( resolve, reject ) => {
		const probe = createServer();
		probe.once( 'error', ( error ) => ( wished ? resolve( freePort() ) : reject( error ) ) );
		probe.listen( { port: wished, host: '127.0.0.1' }, () => {
			const { port } = probe.address();
			probe.close( () => resolve( port ) );
		} );
	} );
}
