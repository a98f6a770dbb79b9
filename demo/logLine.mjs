// One line of an access log: Combined Log Format as nginx and Apache write it, the Common one (no referrer, no agent), and
// with the virtual host in front. What follows the agent is somebody's own addition and not looked at.
// Lines are hostile: visitors choose most of what is in them. Whatever comes in, an answer comes out, in linear time.
import { isIP } from 'node:net';

/** Longer lines are no log lines: servers refuse such requests. */
export const LINE_MAX = 32_768;

const MONTHS = [ 'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec' ];
const TIME = /\[(\d{1,2})\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? ([+-])(\d\d)(\d\d)\]/;
const ESCAPES = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' };

/**
 * @param {string} text The line, a character for each of its bytes (latin1): nothing is lost and nothing is invalid.
 * @return {object} { problem } or { address, host, time, method, target, status, referrer, agent }. `address`: an IP address, or the name that
 *                  Apache looked up for it; `host`: the virtual host, '' if not told; `time`: Unix ms; `target`: path and query; '' for what is "-".
 */
export function parseLine( text ) {
	if ( text.length > LINE_MAX ) {
		return { problem: 'too long' };
	}
	const stamp = TIME.exec( text );
	const time = stamp && timeOf( stamp );
	if ( time === null || Number.isNaN( time ) ) {
		return { problem: 'no time' };
	}
	const who = client( text.slice( 0, stamp.index ) );
	if ( ! who ) {
		return { problem: 'no address' };
	}
	const request = quoted( text, stamp.index + stamp[ 0 ].length );
	const numbers = request && /^ +(\d{3}) +(?:\d+|-)(?= |$)/.exec( text.slice( request.end, request.end + 64 ) );
	if ( ! numbers ) {
		return { problem: 'cut or no request' };
	}
	const asked = requestOf( request.value );
	if ( ! asked ) {
		return { problem: 'no HTTP request' };
	}
	const end = request.end + numbers[ 0 ].length;
	const [ referrer, agent ] = /^ *"/.test( text.slice( end, end + 8 ) ) ? pair( text, end ) : [ '', '' ];
	if ( agent === undefined ) {
		return { problem: 'cut' };
	}
	const { address, host } = who;
	return { address, host: host || asked.host, time, method: asked.method, target: asked.target, status: Number( numbers[ 1 ] ), referrer, agent };
}

/** Unix ms, NaN for a date there is not. */
function timeOf( [ , day, month, year, hours, minutes, seconds, sign, east, further ] ) {
	const index = MONTHS.indexOf( month );
	const time = Date.UTC( year, index, day, hours, minutes, seconds );
	const back = new Date( time );
	// 60: a leap second.
	if ( index < 0 || back.getUTCMonth() !== index && Number( day ) > 28 || hours > 23 || minutes > 59 || seconds > 60 || day < 1 || day > 31 ) {
		return NaN;
	}
	return time - ( sign === '+' ? 1 : -1 ) * ( east * 60 + Number( further ) ) * 60_000;
}

/** Address and virtual host, of what stands before the time. User names may have spaces: only the beginning is looked at. */
function client( text ) {
	const words = text.trim().split( / +/, 4 );
	// A list of what proxies forwarded has the visitor first.
	const list = words[ 0 ].endsWith( ',' );
	const ips = words.map( ( word ) => ip( word.replace( /,$/, '' ) ) );
	// "host address ident user" or "address ident user".
	const behind = ! list && ips[ 1 ] && words.length > 3;
	const address = behind ? ips[ 1 ] : ips[ 0 ] ?? ( isName( words[ 0 ] ) ? words[ 0 ].toLowerCase() : undefined );
	return address && { address, host: behind && isName( words[ 0 ] ) ? words[ 0 ].toLowerCase() : '' };
}

/** The address in a word, without brackets, port and zone. */
function ip( word ) {
	const [ , bracketed, bare ] = /^(?:\[([^\]]{2,64})\](?::\d{1,5})?|([^[\]]{2,64}))$/.exec( word ) ?? [];
	const address = ( bracketed ?? bare ?? '' ).replace( /%.*$/, '' );
	if ( isIP( address ) ) {
		return address;
	}
	const without = address.replace( /:\d{1,5}$/, '' );
	return isIP( without ) === 4 ? without : undefined;
}

const isName = ( word ) => /^(?!-$)[A-Za-z0-9._-]{1,253}(?::\d{1,5})?$/.test( word );

/** The text between the next two quotes, spaces before allowed; undefined if there is none. */
function quoted( text, from ) {
	let at = from;
	while ( text[ at ] === ' ' ) {
		at++;
	}
	if ( text[ at ] !== '"' ) {
		return undefined;
	}
	let end = at + 1;
	while ( end < text.length && text[ end ] !== '"' ) {
		end += text[ end ] === '\\' ? 2 : 1;
	}
	if ( end >= text.length ) {
		return undefined;
	}
	const value = text.slice( at + 1, end ).replace( /\\(?:x([0-9A-Fa-f]{2})|(.))/gs, ( _, code, letter ) => ( code ? String.fromCharCode( parseInt( code, 16 ) ) : ESCAPES[ letter ] ?? letter ) );
	return { value: value === '-' ? '' : value, end: end + 1 };
}

/** Referrer and agent; the agent undefined if the line ends within. */
function pair( text, from ) {
	const referrer = quoted( text, from );
	const agent = referrer && quoted( text, referrer.end );
	return [ referrer?.value, agent?.value ];
}

/** Method, path and query of "GET /path HTTP/1.1". Some clients write spaces into the path, and proxies whole addresses. */
function requestOf( line ) {
	const [ , method ] = /^([A-Z]{3,16}) /.exec( line ) ?? [];
	if ( ! method ) {
		return undefined;
	}
	const version = line.lastIndexOf( ' HTTP/' );
	const whole = line.slice( method.length + 1, version > method.length ? version : undefined ).trim();
	const [ prefix, host ] = /^https?:\/\/([^/?#]{1,255})/i.exec( whole ) ?? [ '', '' ];
	const target = whole.slice( prefix.length ).split( '#', 1 )[ 0 ];
	if ( ! /^[/?]/.test( target ) && ! ( prefix && target === '' ) ) {
		return undefined;
	}
	return { method, host: host.toLowerCase(), target: target.startsWith( '/' ) ? target : `/${ target }` };
}
