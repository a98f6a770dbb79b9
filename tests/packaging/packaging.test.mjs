// What `make install` and `make plugin-zip` give to people.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPOSITORY = resolve( fileURLToPath( import.meta.url ), '../../..' );
const root = mkdtempSync( join( tmpdir(), 'qahm-realtime-packaging-' ) );
after( () => rmSync( root, { recursive: true } ) );

const PHP_CONFIG = '/usr/bin/php-config8.2';
const run = ( program, ...args ) => execFileSync( program, args, { cwd: REPOSITORY, encoding: 'utf8', stdio: [ 'ignore', 'pipe', 'pipe' ] } );
const make = ( ...args ) => run( 'make', '--no-print-directory', 'BUILT=target/quick', `PHP_CONFIG=${ PHP_CONFIG }`, ...args );
const installed = () => run( 'find', root, '-type', 'f' ).split( '\n' ).filter( Boolean ).map( ( path ) => path.slice( root.length ) ).sort();

test( 'make install puts each file where its PHP and the system look for it, make uninstall takes all away', () => {
	const extensionDir = run( PHP_CONFIG, '--extension-dir' ).trim();
	make( 'install', `DESTDIR=${ root }` );
	assert.deepEqual( installed(), [
		'/etc/php/8.2/mods-available/qahm_realtime.ini',
		`${ extensionDir }/qahm_realtime.so`,
		'/usr/lib/tmpfiles.d/qahm-realtime.conf',
		'/usr/libexec/qahm-realtime/qahm-realtimed',
		'/usr/libexec/qahm-realtime/country.mmdb',
	].sort() );
	const php = run( 'php8.2', '-n', '-d', `extension=${ root }${ extensionDir }/qahm_realtime.so`, '-r', 'echo function_exists("qahm_realtime_status") ? "loaded" : "absent";' );
	assert.equal( php, 'loaded' );
	assert.match( run( join( root, 'usr/libexec/qahm-realtime/qahm-realtimed' ), '--version' ), /\d+\.\d+\.\d+/ );
	assert.match( readFileSync( join( root, 'usr/lib/tmpfiles.d/qahm-realtime.conf' ), 'utf8' ), /^d \/run\/qahm-realtime 1733 root root -$/m );

	make( 'uninstall', `DESTDIR=${ root }` );
	assert.deepEqual( installed(), [] );
} );

test( 'the archive of the plugin holds what WordPress needs and nothing else, and is the same each time', () => {
	const [ first, second ] = [ join( root, 'first.zip' ), join( root, 'second.zip' ) ];
	run( 'packaging/plugin-zip', first );
	run( 'packaging/plugin-zip', second );
	assert.ok( readFileSync( first ).equals( readFileSync( second ) ) );

	const names = run( 'unzip', '-Z1', first ).split( '\n' ).filter( Boolean );
	for ( const needed of [ 'qahm-realtime.php', 'collect.php', 'live.php', 'readme.txt', 'assets/build/tracker.js', 'languages/qahm-realtime-fr_FR.mo' ] ) {
		assert.ok( names.includes( `qahm-realtime/${ needed }` ), `${ needed } is missing` );
	}
	assert.deepEqual( names.filter( ( name ) => ! name.startsWith( 'qahm-realtime/' ) || /node_modules|\/tests\/|package.*\.json$|\.mjs$|\/\.|\.so$/.test( name ) ), [] );

	run( 'unzip', '-q', first, '-d', root );
	const types = run( 'find', join( root, 'qahm-realtime' ), '-type', 'f', '-perm', '/111' );
	assert.equal( types, '', 'nothing in it is a program' );
	assert.ok( existsSync( join( root, 'qahm-realtime/languages' ) ) && statSync( first ).size < 1_000_000 );
} );
