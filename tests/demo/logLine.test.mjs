// Lines of access logs: those of real servers, and a property test with many thousand random and damaged ones.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { LINE_MAX, parseLine } from '../../demo/logLine.mjs';
import { Clock } from '../../demo/logEntries.mjs';
import { kindOf } from '../../demo/logKind.mjs';
import { Random } from './random.mjs';
import { soundLine } from './soundLine.mjs';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const TAIL = `"GET /a/?b=1 HTTP/1.1" 200 512 "https://www.example.org/" "${ AGENT }"`;
const whole = { address: '203.0.113.7', host: '', time: Date.UTC( 2026, 2, 4, 9, 6, 7 ), method: 'GET', target: '/a/?b=1', status: 200, referrer: 'https://www.example.org/', agent: AGENT };

test( 'lines of nginx and Apache', () => {
	const is = ( line, differs ) => assert.deepEqual( parseLine( line ), { ...whole, ...differs }, line );
	is( `203.0.113.7 - - [04/Mar/2026:10:06:07 +0100] ${ TAIL }`, {} );
	is( `203.0.113.7 - frank [04/Mar/2026:09:06:07 +0000] ${ TAIL } "192.0.2.1" 0.012`, {} );
	is( `203.0.113.7 - Jane M Doe [04/Mar/2026:03:36:07.123 -0530] ${ TAIL }`, {} );
	is( `www.example.org:443 203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] ${ TAIL }`, { host: 'www.example.org:443' } );
	is( `2001:db8::7 - - [04/Mar/2026:09:06:07 +0000] ${ TAIL }`, { address: '2001:db8::7' } );
	is( `[2001:db8::7]:5123 - - [04/Mar/2026:09:06:07 +0000] ${ TAIL }`, { address: '2001:db8::7' } );
	is( `fe80::1%eth0 - - [04/Mar/2026:09:06:07 +0000] ${ TAIL }`, { address: 'fe80::1' } );
	is( `203.0.113.7, 192.0.2.3 - - [04/Mar/2026:09:06:07 +0000] ${ TAIL }`, {} );
	is( `Host-7.example.net - - [04/Mar/2026:09:06:07 +0000] ${ TAIL }`, { address: 'host-7.example.net' } );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "GET /a/?b=1 HTTP/1.0" 200 -', { referrer: '', agent: '' } );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "GET /a/?b=1 HTTP/1.0" 200 5 "-" "-"', { referrer: '', agent: '' } );
	is( `203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "GET https://example.org/a/?b=1#c HTTP/1.1" 200 5 "-" "a \\"b\\" \\x41\\\\"`, { host: 'example.org', referrer: '', agent: 'a "b" A\\' } );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "GET /a b HTTP/1.1" 404 5 "-" "-"', { target: '/a b', status: 404, referrer: '', agent: '' } );
} );

test( 'what is no line says why', () => {
	const is = ( line, problem ) => assert.deepEqual( parseLine( line ), { problem }, line );
	is( '', 'no time' );
	is( `203.0.113.7 - - [04/Mär/2026:09:06:07 +0000] ${ TAIL }`, 'no time' );
	is( `203.0.113.7 - - [31/Feb/2026:09:06:07 +0000] ${ TAIL }`, 'no time' );
	is( `203.0.113.7 - - [04/Mar/2026:25:06:07 +0000] ${ TAIL }`, 'no time' );
	is( ` [04/Mar/2026:09:06:07 +0000] ${ TAIL }`, 'no address' );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "GET / HT', 'cut or no request' );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "GET / HTTP/1.1" 200', 'cut or no request' );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "GET / HTTP/1.1" 200 5 "https://exa', 'cut' );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "\\x16\\x03\\x01" 400 5 "-" "-"', 'no HTTP request' );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "-" 408 0 "-" "-"', 'no HTTP request' );
	is( '203.0.113.7 - - [04/Mar/2026:09:06:07 +0000] "CONNECT a:443 HTTP/1.1" 405 5 "-" "-"', 'no HTTP request' );
	is( 'x'.repeat( LINE_MAX + 1 ), 'too long' );
} );

test( 'what a line is replayed as', () => {
	const kind = ( differs ) => {
		const { what, reason } = kindOf( { ...whole, ...differs } );
		return reason ?? what;
	};
	assert.equal( kind( {} ), 'page' );
	assert.equal( kind( { status: 304 } ), 'page' );
	assert.equal( kind( { target: '/style.css?ver=1' } ), 'static files' );
	assert.equal( kind( { target: '/wp-admin/' } ), 'administration, REST, feeds' );
	assert.equal( kind( { target: '/news/feed/' } ), 'administration, REST, feeds' );
	assert.equal( kind( { method: 'POST' } ), 'not GET' );
	assert.equal( kind( { status: 301 } ), 'redirects' );
	assert.equal( kind( { status: 403 } ), 'other statuses' );
	assert.equal( kind( { status: 404, target: '/gone.png' } ), 'request' );
	assert.equal( kind( { status: 502 } ), 'request' );
	assert.equal( kind( { agent: 'Mozilla/5.0 (compatible; Examplebot/2.1)' } ), 'request' );
	assert.equal( kind( { agent: '' } ), 'request' );
} );

test( 'the clock of a log: nearly in order, silent for long, with a line of a wrong date, two logs in one', () => {
	const minutes = ( ...times ) => {
		const clock = new Clock();
		return times.map( ( time ) => clock.take( time * 60_000 ).at / 60_000 );
	};
	assert.deepEqual( minutes( 100, 101, 100, 102, 101, 103 ), [ 0, 1, 1, 2, 2, 3 ] );
	assert.deepEqual( minutes( 0, 1, 600, 601 ), [ 0, 1, 16, 17 ] );
	assert.deepEqual( minutes( 1000, -9e6, 1001, 9e6, 1002 ), [ 0, 0, 15, 30, 30 ] );
	assert.deepEqual( minutes( 1000, 1010, 500, 505 ), [ 0, 10, 10, 15 ] );
} );

test( 'what fuzzing found worth keeping is read or refused', () => {
	const kept = new URL( '../../fuzz/corpus/log_line/', import.meta.url );
	const lines = readdirSync( kept ).map( ( name ) => readFileSync( new URL( name, kept ), 'latin1' ) );
	assert.ok( lines.filter( soundLine ).length > 0, 'none of them is a line' );
	assert.ok( lines.length > 10 );
} );

test( 'property: 30 thousand lines of random bytes and 30 thousand damaged ones are read or refused, never more', () => {
	const random = new Random( 7 );
	const ALPHABET = '[]"\\ :/-+.%?#x0019GETHP\n\0\x7f\x80\xff';
	const noise = ( length ) => Array.from( { length }, () => ( random.below( 3 ) ? ALPHABET[ random.below( ALPHABET.length ) ] : String.fromCharCode( random.below( 256 ) ) ) ).join( '' );
	const good = `203.0.113.7 - - [04/Mar/2026:10:06:07 +0100] ${ TAIL }`;
	let read = 0;
	for ( let n = 0; n < 30_000; n++ ) {
		soundLine( noise( random.below( 200 ) ) );
		let line = good;
		for ( let damage = random.below( 4 ); damage >= 0; damage-- ) {
			const [ from, length ] = [ random.below( line.length + 1 ), random.below( 12 ) ];
			line = line.slice( 0, from ) + noise( random.below( 12 ) ) + line.slice( from + length );
		}
		read += soundLine( line );
	}
	assert.ok( read > 1_000, `damage must not spoil every line, or nothing was tried: ${ read }` );
} );

test( 'property: what a server writes comes back as it was', () => {
	const random = new Random( 8 );
	const escaped = ( text ) => text.replace( /[\\"\0-\x1f\x7f-\xff]/g, ( c ) => ( random.below( 2 ) && /["\\]/.test( c ) ? `\\${ c }` : `\\x${ c.charCodeAt( 0 ).toString( 16 ).padStart( 2, '0' ) }` ) );
	const text = () => Array.from( { length: 1 + random.below( 40 ) }, () => String.fromCharCode( random.below( 256 ) ) ).join( '' );
	for ( let n = 0; n < 5_000; n++ ) {
		const [ referrer, agent, status ] = [ `x${ text() }`, `x${ text() }`, 100 + random.below( 500 ) ];
		const line = `2001:db8::${ n.toString( 16 ) } - - [04/Mar/2026:10:06:07 +0100] "GET /${ n } HTTP/1.1" ${ status } 1 "${ escaped( referrer ) }" "${ escaped( agent ) }"`;
		assert.deepEqual( parseLine( line ), { ...whole, address: `2001:db8::${ n.toString( 16 ) }`, target: `/${ n }`, status, referrer, agent }, line );
	}
} );

test( 'property: the worst lines take no longer than others of their length', () => {
	// Nested repetition in a pattern would take longer than the age of the world.
	for ( const piece of [ '"', '\\', '[', ' ', 'a ', ': ', '[04/Mar/2026:10:06:07 ', 'GET ', ' HTTP/', '\\x' ] ) {
		soundLine( piece.repeat( LINE_MAX / piece.length ) );
		soundLine( `203.0.113.7 - - [04/Mar/2026:10:06:07 +0100] "GET /${ piece.repeat( 15_000 / piece.length ) }` );
		soundLine( `203.0.113.7 - - [04/Mar/2026:10:06:07 +0100] "GET / HTTP/1.1" 200 1 "${ piece.repeat( 15_000 / piece.length ) }"` );
	}
} );
