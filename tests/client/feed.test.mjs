// States move on only from the number that a patch was made for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from './source.mjs';

const { Backoff, Feed, filterOf, formatPosition, nameOf, parsePosition, toMessage } = client;
const E = '00000000000000e1';
const put = ( s, data, e = E ) => ( { t: 'live', f: '', e, s, data } );
const patch = ( b, s, ops, e = E ) => ( { t: 'live', f: '', e, b, s, ops } );

test( 'a patch applies on its base, an older one changes nothing, a later one tells of a gap', () => {
	const feed = new Feed( '' );
	assert.equal( feed.take( patch( 1, 2, [ [ 'a', 2 ] ] ) ), 'gap', 'nothing known yet' );
	assert.equal( feed.take( put( 5, { a: 5 } ) ), 'new' );
	assert.equal( feed.take( patch( 5, 6, [ [ 'a', 6 ] ] ) ), 'new' );
	assert.equal( feed.take( patch( 5, 6, [ [ 'a', 0 ] ] ) ), 'old' );
	assert.equal( feed.take( put( 5, { a: 0 } ) ), 'old' );
	assert.equal( feed.take( patch( 7, 8, [ [ 'a', 8 ] ] ) ), 'gap' );
	assert.deepEqual( feed.stream( 'live' ).state, { a: 6 } );
	assert.equal( feed.position( [ 'live', 'events' ] ), `${ E }.live:6` );
	assert.equal( feed.take( patch( 6, 9, [ [ 'a', 9 ] ] ) ), 'new', 'what was missed came after all' );
} );

test( 'a new epoch begins with a put, even of a lower number', () => {
	const feed = new Feed( '' );
	feed.take( put( 500, { a: 1 } ) );
	assert.equal( feed.take( patch( 500, 501, [ [ 'a', 2 ] ], '00000000000000e2' ) ), 'gap' );
	assert.equal( feed.position( [ 'live' ] ), null, 'the engine that runs now knows nothing of it' );
	assert.equal( feed.take( put( 3, { a: 3 }, '00000000000000e2' ) ), 'new' );
	assert.deepEqual( feed.stream( 'live' ).state, { a: 3 } );
} );

test( 'a patch that does not fit leaves the state to look at, and the next must come whole', () => {
	const feed = new Feed( '' );
	feed.take( put( 1, { a: 1 } ) );
	assert.equal( feed.take( patch( 1, 2, [ [ 'a', 2 ], [ 'b/c', 1 ] ] ) ), 'gap' );
	assert.deepEqual( feed.stream( 'live' ).state, { a: 1 } );
	assert.equal( feed.position( [ 'live' ] ), null );
	assert.equal( feed.take( put( 2, { a: 2 } ) ), 'new' );
} );

test( 'a beat ahead of what came here tells of a silent loss', () => {
	const feed = new Feed( '' );
	feed.take( put( 7, {} ) );
	assert.deepEqual( feed.behind( { e: E, time: 0, at: { live: 7 } }, [ 'live' ] ), [] );
	assert.deepEqual( feed.behind( { e: E, time: 0, at: { live: 8 } }, [ 'live' ] ), [ 'live' ] );
	assert.deepEqual( feed.behind( { e: E, time: 0, at: { live: 7, events: 3 } }, [ 'live', 'events' ] ), [ 'events' ] );
	assert.deepEqual( feed.behind( { e: '00000000000000e2', time: 0, at: { live: 1 } }, [ 'live' ] ), [ 'live' ] );
	assert.deepEqual( feed.behind( { e: E, time: 0, at: { events: 9 } }, [ 'live' ] ), [], 'not followed' );
} );

test( 'a filter has one name, whatever the order and the case', () => {
	assert.equal( nameOf( {} ), '' );
	assert.equal( nameOf( { device: 'mobile', country: 'fr' } ), 'country=FR&device=mobile' );
	assert.equal( nameOf( { country: 'unknown' } ), 'country=' );
	const filter = { page: '/a b/ü+&=?', source: 'news.example' };
	assert.deepEqual( filterOf( nameOf( filter ) ), filter );
	const feed = Feed.of( { page: "/it's" } );
	assert.equal( feed.take( toMessage( { t: 'live', f: 'page=%2Fit%27s', e: E, s: 1, data: {} } ) ), 'new', 'the engine may encode more than we do' );
	assert.equal( feed.take( put( 2, {} ) ), null, 'of another filter' );
} );

test( 'positions', () => {
	assert.equal( formatPosition( E, [ [ 'live', 1 ], [ 'events', 20 ] ] ), `${ E }.live:1,events:20` );
	assert.equal( formatPosition( E, [] ), null );
	assert.deepEqual( parsePosition( `${ E }.live:1,events:20,other:3,visitors:x` ), { e: E, at: new Map( [ [ 'live', 1 ], [ 'events', 20 ] ] ) } );
	assert.equal( parsePosition( 'nonsense' ), null );
} );

test( 'anything that is no message is none', () => {
	for ( const value of [ null, 1, 'x', [], {}, { t: 'live' }, { t: 'other', e: E, s: 1, data: 1 }, { t: 'live', e: E, s: '1', data: 1 }, { t: 'live', e: E, s: 1 }, { t: 'live', e: E, s: 1, ops: [] } ] ) {
		assert.equal( toMessage( value ), null, JSON.stringify( value ) );
	}
} );

test( 'waits grow from 1 s to 30 s, half more or less, and never beyond', () => {
	for ( const [ random, first ] of [ [ 0, 500 ], [ 0.5, 1000 ], [ 1, 1500 ] ] ) {
		const backoff = new Backoff( undefined, undefined, () => random );
		const waits = Array.from( { length: 12 }, () => backoff.next() );
		assert.equal( waits[ 0 ], first );
		assert.equal( waits[ 1 ], 2 * first );
		assert.equal( waits.at( -1 ), Math.min( 30_000, 30 * first ) );
		assert.ok( waits.every( ( wait ) => wait >= 500 && wait <= 30_000 ) );
		backoff.reset();
		assert.equal( backoff.next(), first );
		assert.equal( backoff.within( 5000 ), 5000 * random );
	}
} );
