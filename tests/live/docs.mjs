// The examples of docs/live.md, as they stand there.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REPOSITORY } from '../../demo/place.mjs';

const TEXT = readFileSync( join( REPOSITORY, 'docs/live.md' ), 'utf8' );
const BLOCKS = [ ...TEXT.matchAll( /^```(\w+)\n([\s\S]*?)\n```$/gm ) ].map( ( [ , language, code ] ) => ( { language, code } ) );

/** The one block in this language that has this text. */
export function example( language, having = '' ) {
	const found = BLOCKS.filter( ( block ) => block.language === language && block.code.includes( having ) );
	assert.equal( found.length, 1, `one example in ${ language } with “${ having }”` );
	return found[ 0 ].code;
}

/** Writes the files of the examples (their first lines name them) into a folder as their reader would have it. */
export function files() {
	const folder = mkdtempSync( join( tmpdir(), 'qahm-realtime-docs-' ) );
	mkdirSync( folder, { recursive: true } );
	symlinkSync( join( REPOSITORY, 'tests/live/node_modules' ), join( folder, 'node_modules' ) );
	for ( const { code } of BLOCKS ) {
		const [ , name ] = /^\/\/ (\w+\.mjs)\b/.exec( code ) ?? [];
		if ( name ) {
			writeFileSync( join( folder, name ), code );
		}
	}
	return { folder, remove: () => rmSync( folder, { recursive: true } ) };
}

const { folder, remove } = files();
/** The class that keeps states, of the documentation. */
export const { States } = await import( pathToFileURL( join( folder, 'states.mjs' ) ).href );
remove();
