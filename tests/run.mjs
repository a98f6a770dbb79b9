// make test: every test of the project, stage by stage, and one line at the end with the sum.
// STAGES="browser wordpress" (or arguments) runs only those. Each stage's whole output is in artifacts/logs/.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Site } from '../demo/site.mjs';
import { REPOSITORY, USER, reachable, runDir, stateDir } from '../demo/place.mjs';
import { endGroup } from '../demo/process.mjs';
import { privateCopy } from './checkout.mjs';
import { counted } from './counted.mjs';

const MINUTE = 60_000;
const PROFILE = [ '--profile', 'quick' ];
const nextest = spawnSync( 'cargo', [ 'nextest', '--version' ] ).status === 0;
// Without nextest the tests of a file share a process: then one at a time, for some of them start copies of themselves.
const cargoTest = ( ...args ) => ( nextest
	? [ 'cargo', 'nextest', 'run', '--no-fail-fast', '--no-tests=pass', '--status-level=none', '--failure-output=final', '--cargo-profile', 'quick', ...args ]
	: [ 'cargo', 'test', '--no-fail-fast', ...PROFILE, ...args, '--', '--test-threads=1' ] );
const phpunit = ( suite ) => [ 'phpunit', '--configuration', 'tests/wordpress/phpunit.xml', '--testsuite', suite, '--do-not-cache-result' ];
const nodeTest = ( folder ) => [ 'node', '--import', './tests/limit.mjs', '--test', '--test-concurrency=1', ...readdirSync( join( REPOSITORY, folder ) ).filter( ( name ) => name.endsWith( '.test.mjs' ) ).map( ( name ) => join( folder, name ) ) ];
/** In order. `tests`: it must report how many passed; the others count as one. `site`: needs a WordPress. `root`: stays root. `when`: only if true. */
const STAGES = [
	{ name: 'format', command: [ 'cargo', 'fmt', '--all', '--check' ], limit: MINUTE },
	{ name: 'php-syntax', command: [ 'bash', '-c', "find demo php wp-plugin tests -name node_modules -prune -o -name '*.php' -print0 | xargs -0 -n1 php8.2 -l" ], limit: MINUTE },
	{ name: 'runner', command: nodeTest( 'tests/runner' ), limit: MINUTE, tests: true },
	{ name: 'lint', command: [ 'cargo', 'clippy', ...PROFILE, '--workspace', '--all-targets', '--', '-D', 'warnings' ], limit: 15 * MINUTE },
	{ name: 'lint-chaos', command: [ 'cargo', 'clippy', '--profile', 'chaos', '-p', 'qahm-chaos', '-p', 'qahm-ring', '-p', 'qahm-realtimed', '--features', 'qahm-chaos/chaos,qahm-ring/chaos,qahm-realtimed/chaos', '--all-targets', '--', '-D', 'warnings' ], limit: 15 * MINUTE },
	{ name: 'build', command: [ 'cargo', 'build', ...PROFILE, '--workspace' ], limit: 15 * MINUTE },
	{ name: 'rust', command: cargoTest( '--workspace' ), limit: 15 * MINUTE, tests: true },
	// What only root can prepare: directories and rings of other users.
	{ name: 'rust-as-root', command: cargoTest( ...( nextest ? [ '--workspace', '-E', 'package(qahm-ring) + package(qahm-runtime)' ] : [ '-p', 'qahm-ring', '-p', 'qahm-runtime' ] ) ), limit: 10 * MINUTE, tests: true, root: true, when: process.getuid() === 0 },
	{ name: 'ring-chaos', command: cargoTest( '-p', 'qahm-ring', '--features', 'chaos' ), limit: 10 * MINUTE, tests: true },
	// The model that the engine's numbers are compared with, on scenarios that were computed by hand.
	{ name: 'reference', command: [ 'python3', '-m', 'unittest', 'discover', '--start-directory', 'tests/reference' ], limit: 5 * MINUTE },
	{ name: 'extension', command: [ 'tests/phpt/run' ], limit: 5 * MINUTE, tests: true },
	{ name: 'plugin', command: phpunit( 'unit' ), limit: 5 * MINUTE, tests: true },
	{ name: 'client', command: nodeTest( 'tests/client' ), limit: 5 * MINUTE, tests: true },
	{ name: 'packaging', command: nodeTest( 'tests/packaging' ), limit: 5 * MINUTE, tests: true },
	{ name: 'demo', command: nodeTest( 'tests/demo' ), limit: 5 * MINUTE, tests: true },
	{ name: 'wordpress', command: phpunit( 'http' ), limit: 10 * MINUTE, tests: true, site: true },
	{ name: 'browser', command: nodeTest( 'tests/browser' ), limit: 10 * MINUTE, tests: true, site: true },
	{ name: 'live', command: nodeTest( 'tests/live' ).filter( ( file ) => ! file.endsWith( '/same.test.mjs' ) ), limit: 15 * MINUTE, tests: true, site: true },
	// On a site of its own: visitors of other tests who leave meanwhile push rows out of its feed.
	{ name: 'same', command: nodeTest( 'tests/live' ).filter( ( part ) => ! part.endsWith( '.test.mjs' ) || part.endsWith( '/same.test.mjs' ) ), limit: 10 * MINUTE, tests: true, site: true },
	{ name: 'chaos', command: [ 'tests/chaos/run' ], limit: 15 * MINUTE, tests: true, when: existsSync( join( REPOSITORY, 'tests/chaos/run' ) ) },
];

if ( ! reachable( REPOSITORY ) ) {
	process.exit( privateCopy() );
}
process.chdir( REPOSITORY );
const LOGS = join( REPOSITORY, 'artifacts/logs' );
mkdirSync( LOGS, { recursive: true } );

let site;
let running;
const leave = async ( code ) => {
	if ( running ) {
		endGroup( running );
	}
	await site?.remove();
	process.exit( code );
};
process.on( 'SIGINT', () => leave( 130 ) );
process.on( 'SIGTERM', () => leave( 143 ) );

/** Runs one stage in a process group of its own, of which nothing is left afterwards. */
function run( { name, command: [ program, ...args ], limit }, env ) {
	const log = join( LOGS, `${ name }.log` );
	const output = openSync( log, 'w' );
	const child = spawn( program, args, { detached: true, stdio: [ 'ignore', output, output ], env: { ...process.env, ...env } } );
	closeSync( output );
	running = child;
	return new Promise( ( done ) => {
		let late = false;
		const timer = setTimeout( () => {
			late = true;
			endGroup( child );
		}, limit );
		const ended = ( code ) => {
			clearTimeout( timer );
			endGroup( child );
			running = undefined;
			done( { code, late, log, text: readFileSync( log, 'utf8' ) } );
		};
		child.on( 'error', () => ended( 127 ) );
		child.on( 'exit', ended );
	} );
}

/** Rust's tests run as the site's user: what they test refuses to work for root. */
const dropRoot = process.getuid() === 0
	? { [ `CARGO_TARGET_${ process.arch === 'arm64' ? 'AARCH64' : 'X86_64' }_UNKNOWN_LINUX_GNU_RUNNER` ]: `setpriv --reuid ${ USER.uid } --regid ${ USER.gid } --clear-groups --` }
	: {};

/** A fresh site for one stage; sites of runs that were killed are removed first. */
async function startSite() {
	for ( const name of readdirSync( stateDir() ).filter( ( entry ) => /^test-site-\d+/.test( entry ) ) ) {
		if ( ! existsSync( `/proc/${ name.split( '-' )[ 2 ] }` ) ) {
			await new Site( join( stateDir(), name ) ).remove();
		}
	}
	site = new Site( join( stateDir(), `test-site-${ process.pid }` ) );
	await site.start( { defines: { QAHM_REALTIME_UPDATE_INTERVAL: 1 } } );
	return {
		QAHM_TEST_URL: site.url,
		QAHM_TEST_WP_DIR: site.wordpress,
		QAHM_TEST_USER: site.user,
		QAHM_TEST_PASSWORD: site.password,
		QAHM_TEST_DIR: site.dir,
		QAHM_TEST_RUN_DIR: runDir( site.dir ),
		QAHM_TEST_UNIX_USER: USER.name,
	};
}

/** What PHP complained about in the plugin's files while a stage ran. WordPress 6.1's own deprecations on PHP 8.2 are not ours. */
function complaints() {
	const lines = [ 'debug.log', 'php-error.log', 'php-fpm.log' ].map( ( name ) => join( site.dir, 'log', name ) ).filter( existsSync )
		.flatMap( ( file ) => readFileSync( file, 'utf8' ).split( '\n' ) );
	return lines.filter( ( line ) => /plugins\/qahm-realtime|qahm_realtime|exited on signal|PHP Fatal/.test( line ) );
}

const wanted = process.argv.slice( 2 );
const unknown = wanted.filter( ( name ) => ! STAGES.some( ( stage ) => stage.name === name ) );
if ( unknown.length ) {
	console.error( `No stage ${ unknown.join( ', ' ) }. Stages: ${ STAGES.map( ( stage ) => stage.name ).join( ' ' ) }` );
	process.exit( 2 );
}

let passed = 0;
for ( const stage of STAGES.filter( ( { name, when = true } ) => ( wanted.length ? wanted.includes( name ) : when ) ) ) {
	const began = Date.now();
	let env = stage.root ? {} : dropRoot;
	if ( stage.site ) {
		env = await startSite().catch( async ( error ) => {
			console.error( error.message );
			await leave( 1 );
		} );
	}
	const { code, late, log, text } = await run( stage, env );
	const seconds = ( ( Date.now() - began ) / 1000 ).toFixed( 1 );
	const result = stage.tests ? counted( text ) : { passed: code === 0 ? 1 : 0, failed: 0 };
	const logged = stage.site ? complaints() : [];
	const problem = late ? `took more than ${ stage.limit / MINUTE } minutes`
		: code !== 0 ? `failed (${ code })`
		: result.passed === 0 ? 'ran no test'
		: logged.length ? 'passed, but PHP complained'
		: null;
	if ( problem ) {
		console.log( `✘ ${ stage.name } ${ problem } after ${ seconds } s. The end of ${ log }:\n` );
		console.log( [ ...text.trimEnd().split( '\n' ).slice( -60 ), ...logged.slice( 0, 20 ) ].join( '\n' ) );
		console.log( `\n${ passed + result.passed } passed, ${ Math.max( 1, result.failed ) } failed` );
		await leave( 1 );
	}
	passed += result.passed;
	console.log( `✔ ${ stage.name }: ${ stage.tests ? `${ result.passed } passed` : 'clean' } (${ seconds } s)` );
	await site?.remove();
	site = undefined;
}
console.log( `\n${ passed } passed, 0 failed` );
