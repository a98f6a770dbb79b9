// The format of server-sent events, however it is cut.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client } from './source.mjs';

const { EventStream } = client;
const bytes = ( text ) => new TextEncoder().encode( text );

/** The events of a text that comes in pieces of this many bytes. */
function read( text, size = Infinity ) {
	const events = [];
	const stream = new EventStream( ( event ) => events.push( event ) );
	const all = bytes( text );
	for ( let at = 0; at < all.length; at += size ) {
		stream.push( all.slice( at, at + size ) );
	}
	return { events, retry: stream.retry };
}

const TEXT = [
	`: ${ ' '.repeat( 2048 ) }\n`,
	'retry: 1500\n\n',
	'event: hello\ndata: {"e":"é😀"}\n\n',
	'id: 1.live:2\r\nevent: put\r\ndata: one\r\ndata:two\r\ndata\r\n\r\n',
	'event: lost\n\n',
	'data:  space kept\r\r',
	':comment\n:\nunknown: field\nid\ndata: no id\n\n',
	'retry: soon\nid: nul\0l\ndata: x\n\n',
	'data: not ended\n',
].join( '' );

const EXPECTED = [
	{ type: 'hello', data: '{"e":"é😀"}', id: '' },
	{ type: 'put', data: 'one\ntwo\n', id: '1.live:2' },
	{ type: 'message', data: ' space kept', id: '1.live:2' },
	{ type: 'message', data: 'no id', id: '' },
	{ type: 'message', data: 'x', id: '' },
];

test( 'events are read from pieces of every size, byte by byte too', () => {
	for ( const size of [ Infinity, 1, 2, 3, 5, 7, 64, 1000 ] ) {
		assert.deepEqual( read( TEXT, size ), { events: EXPECTED, retry: 1500 }, `${ size } bytes` );
	}
} );

test( 'a line ends in CR, LF or both, also where a piece ends between them', () => {
	for ( const end of [ '\r', '\n', '\r\n' ] ) {
		for ( const size of [ 1, 2, 3, 4 ] ) {
			const text = [ 'event: a', 'data: 1', 'data: 2', '', 'data: 3', '', '' ].join( end );
			assert.deepEqual( read( text, size ).events.map( ( { type, data } ) => [ type, data ] ), [ [ 'a', '1\n2' ], [ 'message', '3' ] ], JSON.stringify( [ end, size ] ) );
		}
	}
} );

test( 'a mark at the beginning is not part of it', () => {
	assert.deepEqual( read( '\ufeffdata: 1\n\n', 1 ).events, [ { type: 'message', data: '1', id: '' } ] );
} );
