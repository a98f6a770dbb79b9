// The connections of a browser: one for each filter, of which few are held open.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { client } from './source.mjs';

const { Lines } = client;

let lines;
let open;
beforeEach( () => {
	open = [];
	lines = new Lines( ( feed, topics, pushes ) => {
		const line = {
			feed,
			topics,
			pushes,
			follow: ( next, wanted ) => Object.assign( line, { feed: next, topics: wanted } ),
			pause: () => undefined,
			close: () => open.splice( open.indexOf( line ), 1 ),
		};
		open.push( line );
		return line;
	} );
} );

const countries = ( ...names ) => names.map( ( name ) => ( { filter: `country=${ name }`, topics: [ 'live' ] } ) );
/** Names of the filters, those that are polled in small letters. */
const seen = () => open.map( ( { feed, pushes } ) => {
	const name = feed.name.slice( -2 );
	return pushes ? name : name.toLowerCase();
} ).sort();

test( 'four filters are pushed, further ones are polled', () => {
	lines.settle( countries( 'AA', 'BB', 'CC', 'DD', 'EE', 'FF' ) );
	assert.deepEqual( seen(), [ 'AA', 'BB', 'CC', 'DD', 'ee', 'ff' ] );
	lines.settle( countries( 'AA', 'BB', 'CC', 'DD', 'EE', 'FF' ) );
	assert.equal( open.length, 6 );
} );

test( 'when one of the four goes, one that is polled takes its place and goes on from its state', () => {
	lines.settle( countries( 'AA', 'BB', 'CC', 'DD', 'EE', 'FF' ) );
	const { feed } = lines.get( 'country=EE' );
	lines.settle( countries( 'AA', 'CC', 'DD', 'EE', 'FF' ) );
	assert.deepEqual( seen(), [ 'AA', 'CC', 'DD', 'EE', 'ff' ] );
	assert.equal( lines.get( 'country=EE' ).feed, feed );
} );

test( 'a new filter takes over the connection that is pushed, not the one that asks', () => {
	lines.settle( countries( 'AA', 'BB', 'CC', 'DD', 'EE' ) );
	lines.settle( countries( 'AA', 'BB', 'CC', 'GG' ) );
	assert.deepEqual( seen(), [ 'AA', 'BB', 'CC', 'GG' ] );
} );

test( 'what is closed makes room', () => {
	lines.settle( countries( 'AA', 'BB', 'CC', 'DD' ) );
	lines.close();
	assert.equal( open.length, 0 );
	lines.settle( countries( 'EE' ) );
	assert.deepEqual( seen(), [ 'EE' ] );
} );
