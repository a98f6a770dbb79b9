// The three servers of a site: their configuration files and command lines.
import { randomBytes } from 'node:crypto';
import { chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, USER } from './place.mjs';
import { runAsUser } from './process.mjs';
import { engineAddress, snippet } from './snippet.mjs';

export const MODULES_DIR = '/usr/lib/php/20220829'; // Debian 12's PHP 8.2
const MODULES = [ 'mysqlnd', 'mysqli', 'ctype', 'curl', 'dom', 'exif', 'fileinfo', 'gd', 'iconv', 'intl', 'mbstring', 'posix',
	'simplexml', 'sockets', 'tokenizer', 'xml', 'xmlreader', 'xmlwriter' ];

/** PHP as everybody gets it: no php.ini or conf.d of the system. */
export const PHP_ENVIRONMENT = { PHP_INI_SCAN_DIR: '' };

/**
 * Writes every configuration file of a site.
 *
 * @param {object} site { dir, run, port, url, defines: constants of wp-config.php, extension: path of the .so or undefined, settings: INI lines }
 */
export function configure( { dir, run, port, url, defines, extension, settings = {} } ) {
	for ( const part of [ 'conf', 'log', 'tmp' ] ) {
		if ( ! existsSync( join( dir, part ) ) ) {
			mkdirSync( join( dir, part ), { mode: 0o700 } );
			chownSync( join( dir, part ), USER.uid, USER.gid );
		}
	}
	const lines = Object.entries( settings ).map( ( [ name, value ] ) => `${ name } = ${ value }` );
	const values = {
		DIR: dir,
		RUN: run,
		PORT: port,
		URL: url,
		USER: USER.name,
		ENGINE: settings[ 'qahm_realtime.listen' ] ?? engineAddress( run ),
		LIVE: snippet( 'nginx', 'qahm_realtime_live' ).trimEnd().replace( /^(?=.)/gm, '\t\t' ),
		MODULES: [ `zend_extension = ${ MODULES_DIR }/opcache.so`, ...MODULES.map( modulePath ).filter( existsSync ).map( ( path ) => `extension = ${ path }` ) ].join( '\n' ),
		EXTENSION: extension ? [ `extension = ${ extension }`, ...lines ].join( '\n' ) : '',
		SALTS: salts( join( dir, 'conf/salts' ) ),
		DEFINES: Object.entries( defines ).map( ( [ name, value ] ) => `define( '${ name }', ${ JSON.stringify( value ).replaceAll( '$', '\\$' ) } );` ).join( '\n' ),
	};
	const files = { 'nginx.conf': 'conf', 'php-fpm.conf': 'conf', 'php.ini': 'conf', 'wp-config.php': 'wordpress' };
	for ( const [ name, folder ] of Object.entries( files ) ) {
		const text = readFileSync( join( REPOSITORY, `demo/conf/${ name }.in` ), 'utf8' );
		writeFileSync( join( dir, folder, name ), text.replace( /\{\{(\w+)\}\}/g, ( _, value ) => values[ value ] ) );
	}
	for ( const script of [ 'install.php', 'activate.php' ] ) {
		copyFileSync( join( REPOSITORY, 'demo', script ), join( dir, 'conf', script ) );
	}
}

const modulePath = ( name ) => join( MODULES_DIR, `${ name }.so` );

/** The salts of wp-config.php stay the same from one start to the next, so that nobody is logged out. */
function salts( file ) {
	if ( ! existsSync( file ) ) {
		const names = [ 'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT' ];
		writeFileSync( file, names.map( ( name ) => `define( '${ name }', '${ randomBytes( 32 ).toString( 'hex' ) }' );\n` ).join( '' ), { mode: 0o600 } );
	}
	return readFileSync( file, 'utf8' );
}

/** Small, on a socket only, and not afraid of losing the last second of a demo. */
export const mariadb = ( { dir, run } ) => [
	'--no-defaults', `--datadir=${ dir }/mariadb`, `--socket=${ run }/mariadb.sock`, `--pid-file=${ run }/mariadb.pid`, `--tmpdir=${ dir }/tmp`,
	'--skip-networking', '--skip-name-resolve', '--performance-schema=OFF', '--skip-log-bin',
	'--innodb-buffer-pool-size=64M', '--innodb-log-file-size=16M', '--innodb-flush-log-at-trx-commit=2',
];

export const fpm = ( { dir } ) => [ '--nodaemonize', '--fpm-config', `${ dir }/conf/php-fpm.conf`, '-c', `${ dir }/conf/php.ini` ];

export const nginx = ( { dir } ) => [ '-p', dir, '-c', `${ dir }/conf/nginx.conf`, '-e', `${ dir }/log/nginx-error.log` ];

/** Runs one of the scripts of conf/ on the site's WordPress. */
export const php = ( { dir }, script ) =>
	runAsUser( 'php8.2', [ '-c', `${ dir }/conf/php.ini`, `${ dir }/conf/${ script }`, `${ dir }/wordpress` ], { env: { ...process.env, ...PHP_ENVIRONMENT } } );
