// What a dashboard makes of its states: their fingerprint, and the rows of the feed, each once.
import { createHash } from 'node:crypto';
import { markOf } from './site.mjs';

/** The same text for equal values, whatever the order of their members. */
export const canonical = ( value ) => JSON.stringify( value, ( _, part ) => ( part && typeof part === 'object' && ! Array.isArray( part )
	? Object.fromEntries( Object.entries( part ).sort( ( [ a ], [ b ] ) => ( a < b ? -1 : 1 ) ) ) : part ) );

/** WHOLE=1 keeps the states, too, so that a failure shows where they differ. */
export function fingerprint( value ) {
	const text = canonical( value );
	return { hash: createHash( 'sha1' ).update( text ).digest( 'hex' ), ...( process.env.WHOLE ? { text } : {} ) };
}

/** The feed as somebody reads it who never forgets. */
export class Feed {
	#last;

	/** @param rows Oldest first; some may have come before. @return Those that are new: { row: id, mark, hole: something between is missing }. */
	read( rows ) {
		return rows.filter( ( { id } ) => this.#last === undefined || id > this.#last ).map( ( row ) => {
			const hole = this.#last !== undefined && row.id !== this.#last + 1;
			this.#last = row.id;
			return { row: row.id, mark: markOf( row ), hole };
		} );
	}
}
