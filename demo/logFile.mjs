// The lines of a file, plain or gzipped, as they come: a log may be larger than memory.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LINE_MAX } from './logLine.mjs';

/** One character more tells the reader that the line was too long; the rest of it is not kept. */
const KEPT = LINE_MAX + 1;

/**
 * The lines without their ends, a character for each byte. Empty ones too.
 *
 * @param {string}   path   A file; /dev/stdin does as well.
 * @param {Function} broken Told why, if a compressed file ends early or turns into something else: what came before it counts.
 */
export async function* linesOf( path, broken = () => {} ) {
	let line = '';
	let any = false;
	try {
		for await ( const chunk of unpacked( createReadStream( path, { highWaterMark: 1 << 18 } ) ) ) {
			const parts = chunk.toString( 'latin1' ).split( '\n' );
			for ( let index = 0; index < parts.length; index++ ) {
				line = line.length < KEPT ? ( line + parts[ index ] ).slice( 0, KEPT ) : line;
				if ( index < parts.length - 1 ) {
					yield line.endsWith( '\r' ) ? line.slice( 0, -1 ) : line;
					line = '';
				}
			}
			any = true;
		}
	} catch ( error ) {
		if ( ! any || ! String( error.code ).startsWith( 'Z_' ) ) {
			throw error;
		}
		broken( error.message );
	}
	if ( line ) {
		yield line;
	}
}

/** What the file says, by its first bytes rather than its name: rotated logs have many. */
async function* unpacked( stream ) {
	const chunks = stream[ Symbol.asyncIterator ]();
	const { value: first } = await chunks.next();
	const all = ( async function* () {
		if ( first ) {
			yield first;
			yield* { [ Symbol.asyncIterator ]: () => chunks };
		}
	} )();
	if ( first?.[ 0 ] === 0x1f && first[ 1 ] === 0x8b ) {
		const packed = Readable.from( all );
		const gunzip = createGunzip();
		packed.on( 'error', ( error ) => gunzip.destroy( error ) );
		yield* packed.pipe( gunzip );
	} else {
		yield* all;
	}
}
