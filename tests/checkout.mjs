// When root has the repository where no other user can get in (/root), the tests run in a copy of it:
// tests run as an unprivileged user, and what they start must read what was built.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, stateDir } from '../demo/place.mjs';

/** Kept from one run to the next, so that the second is quick. */
const KEPT = [ 'target', 'artifacts' ];

/** Brings the copy up to date and runs the tests there. Returns their exit code. */
export function privateCopy() {
	const copy = join( stateDir(), 'checkout' );
	console.log( `Only root can read ${ REPOSITORY }: the tests run in ${ copy }` );
	mkdirSync( copy, { recursive: true } );
	readdirSync( copy ).filter( ( name ) => ! KEPT.includes( name ) ).forEach( ( name ) => rmSync( join( copy, name ), { recursive: true } ) );
	const pipeline = 'git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- --ignore-failed-read | tar -x --no-same-owner -C "$0"';
	execFileSync( 'bash', [ '-o', 'pipefail', '-c', pipeline, copy ], { cwd: REPOSITORY, stdio: 'inherit' } );
	const { status } = spawnSync( 'bash', [ '-c', 'demo/setup && exec node tests/run.mjs "$@"', 'run', ...process.argv.slice( 2 ) ], {
		cwd: copy,
		stdio: [ 'ignore', 'inherit', 'inherit' ],
	} );
	return status ?? 1;
}
