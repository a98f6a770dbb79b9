// Patches: what they do to a state, and what they must not do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from './source.mjs';
import { Random, difference } from './reference.mjs';

const { EVENTS, Unfit, apply } = client;

test( 'members and elements are set, added and removed', () => {
	const before = { active: 1, pages: [ { path: '/', active: 1 } ], usual: null };
	const ops = [ [ 'active', 2 ], [ 'pages/0/active', 3 ], [ 'pages/1', { path: '/a', active: 0 } ], [ 'usual' ], [ 'trend', null ] ];
	assert.deepEqual( apply( before, ops, 'live' ), { active: 2, pages: [ { path: '/', active: 3 }, { path: '/a', active: 0 } ], trend: null } );
	assert.deepEqual( before, { active: 1, pages: [ { path: '/', active: 1 } ], usual: null }, 'the state before stays' );
	assert.deepEqual( apply( { list: [ 1, 2, 3 ] }, [ [ 'list/2' ], [ 'list/1' ] ], 'live' ), { list: [ 1 ] } );
	assert.deepEqual( apply( before, [ [ '', { other: true } ], [ 'more', 1 ] ], 'live' ), { other: true, more: 1 } );
} );

test( 'names have slashes and tildes, are empty, or mean something to the language', () => {
	const ops = [ [ 'a~1b', 1 ], [ 'a~0b', 2 ], [ '~01', 3 ], [ 'deep/', 4 ], [ '__proto__', { polluted: true } ], [ 'constructor', 5 ] ];
	const after = apply( { deep: {} }, ops, 'live' );
	assert.deepEqual( Object.entries( after ), [ [ 'deep', { '': 4 } ], [ 'a/b', 1 ], [ 'a~b', 2 ], [ '~1', 3 ], [ '__proto__', { polluted: true } ], [ 'constructor', 5 ] ] );
	assert.equal( Object.getPrototypeOf( after ), Object.prototype );
	assert.equal( {}.polluted, undefined );
	assert.deepEqual( Object.keys( apply( after, [ [ '__proto__/polluted', false ], [ '__proto__' ] ], 'live' ) ), [ 'deep', 'a/b', 'a~b', '~1', 'constructor' ] );
} );

test( 'what does not fit is refused whole', () => {
	const state = { list: [ 1, 2 ], member: { a: 1 }, number: 7 };
	for ( const op of [ [ 'list/3', 0 ], [ 'list/x', 0 ], [ 'list/01', 0 ], [ 'list/-1', 0 ], [ 'list/0' ], [ 'list/2' ], [ 'nothing' ], [ 'nothing/a', 1 ], [ 'number/a', 1 ], [ 'toString/a', 1 ], [ '' ], [ 'events+', [ 1 ] ] ] ) {
		const topic = op[ 0 ] === 'events+' ? 'events' : 'live';
		assert.throws( () => apply( state, [ [ 'number', 8 ], op ], topic ), Unfit, JSON.stringify( op ) );
		assert.deepEqual( state, { list: [ 1, 2 ], member: { a: 1 }, number: 7 } );
	}
} );

test( 'events go in front one by one, and the oldest fall off', () => {
	const row = ( id ) => ( { id } );
	const state = { first: 1, last: 2, missed: false, events: [ row( 2 ), row( 1 ) ] };
	const after = apply( state, [ [ 'events+', [ row( 3 ), row( 4 ) ] ], [ 'last', 4 ] ], 'events' );
	assert.deepEqual( after, { first: 1, last: 4, missed: false, events: [ 4, 3, 2, 1 ].map( row ) } );
	const many = apply( after, [ [ 'events+', Array.from( { length: EVENTS + 5 }, ( _, index ) => row( index + 5 ) ) ] ], 'events' );
	assert.equal( many.events.length, EVENTS );
	assert.deepEqual( [ many.events[ 0 ], many.events.at( -1 ) ], [ row( EVENTS + 9 ), row( 10 ) ] );
	assert.deepEqual( apply( {}, [ [ 'events+', 1 ] ], 'live' ), { 'events+': 1 }, 'a name like any other elsewhere' );
} );

test( 'what a patch does not touch stays the same object', () => {
	const before = { pages: [ { a: 1 }, { b: 2 } ], minutes: [ 1 ] };
	const given = { c: { d: 3 } };
	const after = apply( before, [ [ 'pages/0', given ], [ 'pages/0/c/d', 4 ] ], 'live' );
	assert.equal( after.minutes, before.minutes );
	assert.equal( after.pages[ 1 ], before.pages[ 1 ] );
	assert.deepEqual( after.pages[ 0 ], { c: { d: 4 } } );
	assert.deepEqual( given, { c: { d: 3 } }, 'the patch itself stays' );
} );

test( 'any two states: the difference leads from one to the other', () => {
	for ( let seed = 1; seed <= 2000; seed++ ) {
		const random = new Random( seed );
		const before = random.json( 4 );
		const after = random.int( 3 ) ? random.changed( before ) : random.json( 4 );
		const copy = structuredClone( before );
		const ops = JSON.parse( JSON.stringify( difference( before, after ) ) );
		assert.deepEqual( apply( before, ops, 'live' ), after, `seed ${ seed }` );
		assert.deepEqual( before, copy, `seed ${ seed }: the state before stays` );
	}
} );
