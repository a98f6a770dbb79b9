// The configuration that the plugin's inline script has in every page.

/**
 * @param {string} html A page.
 * @return {object|undefined} { site, collector: a path, meta, title }; undefined if there is no tracker in it.
 */
export function trackerOf( html ) {
	const start = html.search( /\["[0-9a-f]{16}","/ );
	if ( start < 0 ) {
		return undefined;
	}
	const [ site, collector, , , meta = [] ] = JSON.parse( html.slice( start, endOfList( html, start ) ) );
	const title = /<title[^>]*>([^<]*)/.exec( html )?.[ 1 ] ?? '';
	return { site, collector, meta, title: decoded( title ).slice( 0, 160 ) };
}

/** Where the JSON list that begins at `start` ends. */
function endOfList( text, start ) {
	let depth = 0;
	let within = false;
	for ( let at = start; at < text.length; at++ ) {
		const c = text[ at ];
		if ( within ) {
			at += c === '\\' ? 1 : 0;
			within = c !== '"';
		} else if ( c === '"' ) {
			within = true;
		} else if ( c === '[' ) {
			depth++;
		} else if ( c === ']' && --depth === 0 ) {
			return at + 1;
		}
	}
	return text.length;
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', ndash: '–', rsquo: '’' };
const decoded = ( text ) => text.replace( /&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, ( all, decimal, hex, name ) => {
	const code = decimal ? Number( decimal ) : parseInt( hex, 16 );
	return name ? NAMED[ name ] ?? all : String.fromCodePoint( code <= 0x10ffff ? code : 0xfffd );
} ).trim();
