// An access log made up, of documentation addresses, and what it must come out as: counted here while it is written,
// by nothing that the replay itself uses.
import { gzipSync } from 'node:zlib';
import { Random } from './random.mjs';

const AGENTS = {
	desktop: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
	mobile: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
	tablet: 'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
};
const SOURCES = {
	direct: '-',
	search: 'https://www.google.com/',
	social: 'https://www.facebook.com/',
	referral: 'https://blog.example.net/links/',
	internal: 'https://www.example.org/elsewhere/',
};
const BOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
/** Pages: the demo has the first two, the others only the log. */
const PATHS = [ '/', '/about/', '/shop/', '/shop/lamp/', '/2026/03/a-report/', '/caf%C3%A9/', '/?p=1234' ];
const BEGAN = Date.UTC( 2026, 2, 29, 0, 30 );
const MONTHS = [ 'Jan', 'Feb', 'Mar' ];

/**
 * @param {number} visitors How many.
 * @return {object} { text, gzip(): the same in two members, as appended archives have it; lines, views, visitors, broken, bots, missing: 404s;
 *                    by: { channel, device, path } → how many visitors (path: views) }
 */
export function sampleLog( visitors ) {
	const random = new Random( 42 );
	const expected = { views: 0, visitors, broken: 0, bots: 0, missing: 0, skipped: 0, by: { channel: {}, device: {}, path: {} } };
	const rows = [];
	const add = ( what, key, more = 1 ) => ( expected.by[ what ][ key ] = ( expected.by[ what ][ key ] ?? 0 ) + more );
	const write = ( at, address, request, status, referrer, agent ) => rows.push( { at, line: `${ address } - - [${ stamp( at, random.below( 2 ) ) }] "${ request }" ${ status } ${ random.below( 90_000 ) } "${ referrer }" "${ agent }"` } );

	for ( let index = 0; index < visitors; index++ ) {
		const address = index % 3 === 2 ? `2001:db8:${ index.toString( 16 ) }::1` : `${ index % 3 ? '198.51.100' : '203.0.113' }.${ index % 250 + 1 }`;
		const [ device, channel ] = [ random.pick( Object.keys( AGENTS ) ), random.pick( Object.keys( SOURCES ) ) ];
		add( 'device', device );
		add( 'channel', channel );
		let at = BEGAN + random.below( 600 ) * 1000;
		let referrer = SOURCES[ channel ];
		for ( let page = 1 + random.below( 4 ); page > 0; page-- ) {
			const path = random.pick( PATHS );
			write( at, address, `GET ${ path } HTTP/1.1`, random.below( 9 ) ? 200 : 304, referrer, AGENTS[ device ] );
			add( 'path', path );
			expected.views++;
			referrer = `https://www.example.org${ path }`;
			write( at, address, 'GET /wp-content/themes/a/style.css?ver=1 HTTP/1.1', 200, referrer, AGENTS[ device ] );
			expected.skipped++;
			at += ( 5 + random.below( 80 ) ) * 1000;
		}
	}
	const noise = [
		[ 'POST /wp-login.php HTTP/1.1', 200 ], [ 'GET /wp-admin/ HTTP/1.1', 200 ], [ 'GET /old HTTP/1.1', 301 ], [ 'HEAD / HTTP/1.1', 200 ], [ 'GET /feed/ HTTP/1.1', 200 ],
		[ 'GET /forbidden/ HTTP/1.1', 403 ],
	];
	for ( let index = 0; index < 60; index++ ) {
		const [ request, status ] = random.pick( noise );
		write( BEGAN + random.below( 900 ) * 1000, '192.0.2.1', request, status, '-', AGENTS.desktop );
		expected.skipped++;
	}
	for ( let index = 0; index < 12; index++ ) {
		write( BEGAN + random.below( 900 ) * 1000, '192.0.2.2', 'GET /about/ HTTP/1.1', 200, '-', BOT );
		write( BEGAN + random.below( 900 ) * 1000, '192.0.2.3', `GET /missing-${ index % 3 }/ HTTP/1.1`, 404, '-', AGENTS.desktop );
		expected.bots++;
		expected.missing++;
	}
	const lines = rows.sort( ( a, b ) => a.at - b.at ).map( ( { line } ) => line );
	const damaged = [
		'', 'no log line at all', '\x00\xff\xfe"[', `${ lines[ 0 ].slice( 0, 60 ) }`, lines[ 1 ].replace( 'Mar', 'Xyz' ), lines[ 2 ].replace( /"(?:GET|POST|HEAD) [^"]*"/, '"\\x16\\x03\\x01"' ),
		`${ lines[ 3 ] }${ ' more'.repeat( 20_000 ) }`, lines[ 4 ].replace( /" "[^"]*"$/, '" "Mozilla/5.0 (cut' ),
	];
	damaged.forEach( ( line, index ) => lines.splice( 7 * index, 0, line ) );
	// The empty one is no line.
	expected.broken = damaged.length - 1;
	const text = Buffer.from( `${ lines.join( '\r\n' ) }\n`, 'latin1' );
	const half = text.length >> 1;
	return { ...expected, lines: lines.length - 1, text, gzip: () => Buffer.concat( [ gzipSync( text.subarray( 0, half ) ), gzipSync( text.subarray( half ) ) ] ) };
}

/** 29/Mar/2026:01:30:00 +0100 or the same moment elsewhere. */
function stamp( at, east ) {
	const local = new Date( at + east * 3_600_000 );
	const two = ( number ) => String( number ).padStart( 2, '0' );
	return `${ two( local.getUTCDate() ) }/${ MONTHS[ local.getUTCMonth() ] }/${ local.getUTCFullYear() }:${ two( local.getUTCHours() ) }:${ two( local.getUTCMinutes() ) }:${ two( local.getUTCSeconds() ) } +0${ east }00`;
}
