// What the extension's functions cost a page, beside what else PHP could do in their place.
import { execFileSync } from 'node:child_process';
import { chownSync, copyFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, USER, privateDir, stateDir } from '../demo/place.mjs';
import { runAsUser } from '../demo/process.mjs';
import { MODULES_DIR } from '../demo/servers.mjs';
import { median } from './figures.mjs';

const ROUNDS = 101;

/** Builds the extension with an empty function; answers its path. */
function emptyExtension() {
	const build = join( stateDir(), 'bench-empty' );
	cpSync( join( REPOSITORY, 'bench/empty' ), build, { recursive: true } );
	execFileSync( 'sh', [ '-c', '[ -f Makefile ] || { phpize8.2 && ./configure --with-php-config=/usr/bin/php-config8.2; } && make -s' ], { cwd: build, stdio: [ 'ignore', 'ignore', 'pipe' ] } );
	return join( build, 'modules/bench_empty.so' );
}

export async function calls( { figures, site, id } ) {
	const place = privateDir( join( site.dir, 'bench' ) );
	const script = join( place, 'calls.php' );
	copyFileSync( join( REPOSITORY, 'bench/calls.php' ), script );
	const empty = join( place, 'bench_empty.so' );
	copyFileSync( emptyExtension(), empty );
	[ script, empty ].forEach( ( file ) => chownSync( file, USER.uid, USER.gid ) );

	const ini = {
		zend_extension: join( MODULES_DIR, 'opcache.so' ),
		'opcache.enable_cli': 1,
		'apc.enable_cli': 1,
		'qahm_realtime.cli': 1,
		'qahm_realtime.engine_mode': 'external',
		'qahm_realtime.runtime_dir': join( site.run, 'realtime' ),
	};
	const extensions = [ join( MODULES_DIR, 'apcu.so' ), empty, join( site.dir, 'bin/qahm_realtime.so' ) ];
	const options = [ ...Object.entries( ini ).map( ( [ name, value ] ) => `${ name }=${ value }` ), ...extensions.map( ( path ) => `extension=${ path }` ) ];
	const rounds = JSON.parse( runAsUser( 'php8.2', [ '-n', ...options.flatMap( ( option ) => [ '-d', option ] ), script, id, join( place, 'hits.log' ), String( ROUNDS ) ], { timeout: 120_000 } ) );

	const how = `called as a plugin does; median of ${ ROUNDS } rounds, without the loop around the call`;
	const notes = {
		record_ns: 'qahm_realtime_record with 6 fields, a record of about 200 bytes',
		apcu_inc_ns: "apcu_inc( 'counter' )",
		file_append_ns: 'file_put_contents of 200 bytes with FILE_APPEND | LOCK_EX on the disk: what collectors that buffer in files do',
		counters_read_ns: 'qahm_realtime_counters: ten numbers as an array',
		empty_call_ns: 'a function of an extension of its own that takes a string and answers null',
	};
	for ( const [ name, note ] of Object.entries( notes ) ) {
		figures.add( name, median( rounds[ name ] ), 'ns', `${ note }; ${ how }` );
	}
	figures.ratio( 'record_per_apcu', rounds.record_ns, rounds.apcu_inc_ns );
	figures.ratio( 'record_per_append', rounds.record_ns, rounds.file_append_ns );
	figures.ratio( 'counters_per_empty_call', rounds.counters_read_ns, rounds.empty_call_ns );
}
