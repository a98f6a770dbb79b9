// A log as what is to be done: each line's time, kind and visitor, and when that visitor looks at the next page.
import { createHash } from 'node:crypto';
import { linesOf } from './logFile.mjs';
import { kindOf } from './logKind.mjs';
import { parseLine } from './logLine.mjs';

/** Log time (ms) and lines that are read ahead. Who looks at no page for so long has left before. */
export const AHEAD = 5 * 60_000;
const MOST = 50_000;
/** Log time (ms): a longer silence is shortened to this, and a line that is older than that begins another log that was appended. */
export const SILENCE = 15 * 60_000;

/** Reads a log again and again from its beginning, for whoever only wants a look: broken lines left out. */
export async function* readable( path ) {
	for await ( const text of linesOf( path ) ) {
		const line = parseLine( text );
		if ( ! line.problem ) {
			yield line;
		}
	}
}

/**
 * The lines that are replayed, in the order of the log.
 *
 * @param {string} path    The log.
 * @param {object} counted { line(): each line read, skip( reason ): those that are not replayed, with why, jump(): another time begins }
 * @return {AsyncGenerator} { at: ms since the first line, what, visitor, next: ms of log time until the visitor's next page if that is within AHEAD, … of the line }
 */
export async function* entriesOf( path, counted ) {
	const waiting = [];
	/** The last page of each visitor among those that wait. */
	const latest = new Map();
	let taken = 0;
	const take = () => {
		const entry = waiting[ taken++ ];
		if ( latest.get( entry.visitor ) === entry ) {
			latest.delete( entry.visitor );
		}
		if ( taken > MOST ) {
			waiting.splice( 0, taken );
			taken = 0;
		}
		return entry;
	};
	for await ( const entry of replayed( path, counted ) ) {
		if ( entry.what === 'page' ) {
			const before = latest.get( entry.visitor );
			if ( before && entry.at - before.at <= AHEAD ) {
				before.next = entry.at - before.at;
			}
			latest.set( entry.visitor, entry );
		}
		waiting.push( entry );
		while ( entry.at - waiting[ taken ].at > AHEAD || waiting.length - taken > MOST ) {
			yield take();
		}
	}
	while ( taken < waiting.length ) {
		yield take();
	}
}

async function* replayed( path, counted ) {
	const clock = new Clock();
	for await ( const text of linesOf( path, ( reason ) => counted.skip( `the file is damaged: ${ reason }` ) ) ) {
		if ( text.trim() === '' ) {
			continue;
		}
		counted.line();
		const line = parseLine( text );
		const { what, reason } = line.problem ? { reason: `broken: ${ line.problem }` } : kindOf( line );
		if ( ! what || what === 'skip' ) {
			counted.skip( reason );
			continue;
		}
		const { at, jump } = clock.take( line.time );
		if ( jump ) {
			counted.jump();
		}
		const digest = createHash( 'sha1' ).update( `${ line.address }\n${ line.agent }`, 'latin1' ).digest( 'base64url' ).slice( 0, 14 );
		yield { ...line, at, what, visitor: digest };
	}
}

/** Goes on with the lines. A line of a wrong date costs no more than a silence; lines are written when requests end, so they may be slightly out of order. */
export class Clock {
	at = 0;

	take( time ) {
		this.latest ??= time;
		const passed = time - this.latest;
		const jump = Math.abs( passed ) > SILENCE;
		this.at += Math.max( 0, Math.min( passed, SILENCE ) );
		this.latest = jump ? time : Math.max( time, this.latest );
		return { at: this.at, jump };
	}
}
