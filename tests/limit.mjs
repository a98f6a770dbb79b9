// Loaded before each file of Node's tests: a test that hangs says its name before the stage is ended. Node's own
// --test-timeout is about whole files, and names the file only.
import { afterEach, beforeEach } from 'node:test';

/** Far more than any test takes, on a machine that does other things as well; in ms. */
const LIMIT = Number( process.env.QAHM_TEST_LIMIT ?? 180_000 );
const timers = new Map();
const rest = ( { name } ) => {
	clearTimeout( timers.get( name ) );
	timers.delete( name );
};

beforeEach( ( t ) => {
	rest( t );
	// It keeps nothing alive; what hangs may have nothing that does, and then Node itself ends and names it.
	timers.set( t.name, setTimeout( () => {
		console.error( `✖ "${ t.name }" has taken more than ${ LIMIT / 1000 } s` );
		process.exit( 1 );
	}, LIMIT ).unref() );
} );
afterEach( rest );
