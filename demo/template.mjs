// The pristine site every other one is a copy of: WordPress with example content and its MariaDB, made once per version (10 s), copied in under one.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY, USER, privateDir, stateDir } from './place.mjs';
import { answers, endGroup, launch, runAsUser, stop, until } from './process.mjs';
import { configure, mariadb, php } from './servers.mjs';

const WORDPRESS = '/usr/share/wordpress';

/** Changes whenever anything the template is made from does. */
function key() {
	const made = createHash( 'sha256' );
	made.update( readFileSync( join( WORDPRESS, 'wp-includes/version.php' ) ) );
	made.update( spawnSync( 'mariadbd', [ '--version' ], { encoding: 'utf8' } ).stdout );
	made.update( USER.name );
	for ( const source of [ 'template.mjs', 'servers.mjs', 'install.php', 'conf/wp-config.php.in', 'conf/php.ini.in' ] ) {
		made.update( readFileSync( join( REPOSITORY, 'demo', source ) ) );
	}
	return made.digest( 'hex' ).slice( 0, 12 );
}

/** The directory of the template, made if need be: wordpress/ (without wp-config.php) and mariadb/. */
export async function template() {
	const state = stateDir();
	const ready = join( state, `site-template-${ key() }` );
	if ( existsSync( ready ) ) {
		return ready;
	}
	console.log( 'Making the template of the site (once)' );
	// Templates of other versions, and what a killed run left half made (named after its process).
	const old = ( name ) => name.startsWith( 'site-template-' ) && ! existsSync( `/proc/${ name.split( '.' )[ 1 ] }` );
	for ( const name of readdirSync( state ).filter( old ) ) {
		rmSync( join( state, name ), { recursive: true, force: true } );
	}
	const dir = privateDir( `${ ready }.${ process.pid }` );
	const run = privateDir( join( '/tmp', `qahm-realtime-template-${ process.pid }` ) );
	try {
		copyWordPress( join( dir, 'wordpress' ) );
		const config = { dir, run, port: 1, url: 'http://127.0.0.1', defines: {} };
		configure( config );
		const initial = join( dir, 'tmp/initial.sql' );
		writeFileSync( initial, [
			'CREATE DATABASE wordpress CHARACTER SET utf8mb4;',
			`CREATE USER '${ USER.name }'@'localhost' IDENTIFIED VIA unix_socket;`,
			`GRANT ALL ON *.* TO '${ USER.name }'@'localhost';`,
		].join( '\n' ) );
		// Forced: it would refuse a machine whose own name cannot be looked up, though no name matters here.
		runAsUser( 'mariadb-install-db', [ '--no-defaults', `--datadir=${ dir }/mariadb`, '--auth-root-authentication-method=socket', '--skip-test-db', '--skip-name-resolve', '--force' ] );
		const server = launch( 'mariadbd', 'mariadbd', [ ...mariadb( config ), `--init-file=${ initial }` ], { log: join( dir, 'log/mariadb.log' ) } );
		try {
			if ( ! await until( () => answers( join( run, 'mariadb.sock' ) ), 30_000 ) ) {
				throw new Error( `MariaDB did not start:\n${ readFileSync( join( dir, 'log/mariadb.log' ), 'utf8' ).slice( -2000 ) }` );
			}
			php( config, 'install.php' );
		} finally {
			await stop( server, 30_000 );
			endGroup( server );
		}
		for ( const part of [ 'conf', 'log', 'tmp', 'wordpress/wp-config.php' ] ) {
			rmSync( join( dir, part ), { recursive: true, force: true } );
		}
		renameSync( dir, ready );
	} finally {
		rmSync( dir, { recursive: true, force: true } );
		rmSync( run, { recursive: true, force: true } );
	}
	return ready;
}

/** Debian keeps parts of WordPress elsewhere behind links (JavaScript libraries, certificates): the copy has the files themselves. */
function copyWordPress( to ) {
	execFileSync( 'cp', [ '-rL', WORDPRESS, to ] );
	for ( const part of [ 'wp-config.php', '.htaccess', 'wp-content/plugins/akismet' ] ) {
		rmSync( join( to, part ), { recursive: true, force: true } );
	}
	// Thirty megabytes of languages; the plugin speaks English and French.
	const languages = join( to, 'wp-content/languages' );
	readdirSync( languages ).filter( ( name ) => ! name.includes( 'fr_FR' ) ).forEach( ( name ) => rmSync( join( languages, name ), { recursive: true } ) );
	execFileSync( 'chown', [ '-R', `${ USER.uid }:${ USER.gid }`, to ] );
}
