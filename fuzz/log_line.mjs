#!/usr/bin/env node
// The target of the lines of access logs. The parser is JavaScript, so libFuzzer cannot lead it; V8 tells what each input
// reached, and what reached something new is changed further. It takes those options of libFuzzer that fuzz/run gives.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { soundLine } from '../tests/demo/soundLine.mjs';
import { Coverage } from './coverage.mjs';

const SLOW_MS = 1000;

const options = new Map();
const folders = [];
for ( const argument of process.argv.slice( 2 ) ) {
	const [ , name, value ] = /^-(\w+)=(.*)$/.exec( argument ) ?? [];
	name ? options.set( name, value ) : folders.push( argument );
}
const [ keep, ...others ] = folders;
const most = Number( options.get( 'max_len' ) ?? 4200 );
const seeds = folders.filter( existsSync ).flatMap( ( folder ) => readdirSync( folder ).map( ( name ) => readFileSync( join( folder, name ), 'latin1' ) ) );
const words = options.has( 'dict' )
	? [ ...readFileSync( options.get( 'dict' ), 'latin1' ).matchAll( /^"(.*)"$/gm ) ].map( ( [ , word ] ) => word.replace( /\\x(..)/g, ( _, code ) => String.fromCharCode( parseInt( code, 16 ) ) ).replace( /\\(.)/g, '$1' ) )
	: [];
const coverage = new Coverage( [ '/demo/logLine.mjs', '/demo/logKind.mjs' ] );
const reached = new Set();
const corpus = [];

/** Runs one input; one that breaks the target is written down and ends the run. */
function play( text ) {
	const began = performance.now();
	try {
		soundLine( text );
		if ( performance.now() - began > SLOW_MS ) {
			throw new Error( `took ${ performance.now() - began } ms` );
		}
	} catch ( error ) {
		const file = `${ options.get( 'artifact_prefix' ) ?? '' }crash-${ createHash( 'sha1' ).update( text, 'latin1' ).digest( 'hex' ) }`;
		writeFileSync( file, text, 'latin1' );
		console.error( `${ error.stack }\n${ file }` );
		process.exit( 1 );
	}
}

/** Plays an input, and keeps it if it goes a way that none did before. */
function learn( text ) {
	play( text );
	const before = reached.size;
	coverage.take().forEach( ( way ) => reached.add( way ) );
	if ( reached.size > before ) {
		corpus.push( text );
	}
	return reached.size > before;
}

const below = ( limit ) => Math.floor( Math.random() * limit );
const at = ( text ) => below( text.length + 1 );
const CHANGES = [
	( text ) => text.slice( 0, at( text ) ),
	( text ) => cut( text, '' ),
	( text ) => cut( text, randomBytes( 1 + below( 4 ) ).toString( 'latin1' ) ),
	( text ) => cut( text, words.length ? words[ below( words.length ) ] : ' ' ),
	( text ) => cut( text, String( below( 100_000 ) ) ),
	( text ) => cut( text, text.slice( at( text ), at( text ) ).repeat( below( 4 ) ) ),
	( text ) => text.slice( 0, at( text ) ) + corpus[ below( corpus.length ) ].slice( below( 40 ) ),
];

/** With a piece of it replaced. */
function cut( text, piece ) {
	const from = at( text );
	return text.slice( 0, from ) + piece + text.slice( from + below( 8 ) );
}

function changed( text ) {
	for ( let times = below( 4 ); times >= 0; times-- ) {
		text = CHANGES[ below( CHANGES.length ) ]( text );
	}
	return text.slice( 0, most );
}

const save = ( text ) => writeFileSync( join( keep, createHash( 'sha1' ).update( text, 'latin1' ).digest( 'hex' ) ), text, 'latin1' );

if ( options.get( 'set_cover_merge' ) === '1' ) {
	// What adds most is written first.
	const left = new Map( others.filter( existsSync ).flatMap( ( folder ) => readdirSync( folder ).map( ( name ) => {
		const text = readFileSync( join( folder, name ), 'latin1' );
		play( text );
		return [ text, coverage.take() ];
	} ) ) );
	while ( left.size ) {
		const adds = ( ways ) => ways.filter( ( way ) => ! reached.has( way ) ).length;
		const [ text, ways ] = [ ...left ].reduce( ( best, next ) => ( adds( next[ 1 ] ) > adds( best[ 1 ] ) ? next : best ) );
		if ( ! adds( ways ) ) {
			break;
		}
		save( text );
		ways.forEach( ( way ) => reached.add( way ) );
		left.delete( text );
	}
	process.exit( 0 );
}

[ '', ...seeds ].forEach( learn );
const end = Date.now() + Number( options.get( 'max_total_time' ) ?? 60 ) * 1000;
let played = 0;
while ( Date.now() < end ) {
	const text = changed( corpus[ below( corpus.length ) ] );
	if ( learn( text ) ) {
		save( text );
	}
	played++;
}
console.log( `cov: ${ reached.size }\nstat::number_of_executed_units: ${ played }` );
