import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { kindOf } from '../../demo/logKind.mjs';
import { parseLine } from '../../demo/logLine.mjs';

/**
 * Asserts that a line of a log is read as a reason, or as fields of the right kind within their bounds.
 *
 * @return {boolean} Whether it was read.
 */
export function soundLine( line ) {
	const found = parseLine( line );
	if ( 'problem' in found ) {
		assert.ok( found.problem.length > 0 );
		return false;
	}
	assert.ok( isIP( found.address ) || /^[a-z0-9._:-]+$/.test( found.address ), found.address );
	assert.ok( Number.isFinite( found.time ) );
	assert.ok( found.status >= 0 && found.status <= 999 );
	assert.match( found.target, /^\// );
	assert.match( found.method, /^[A-Z]{3,16}$/ );
	assert.ok( [ found.host, found.referrer, found.agent ].every( ( text ) => typeof text === 'string' ) );
	assert.ok( [ 'page', 'request', 'skip' ].includes( kindOf( found ).what ) );
	return true;
}
