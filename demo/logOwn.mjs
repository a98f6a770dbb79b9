// Which hosts in a log are the logged site itself. Logs rarely say, but referrers do: static files are asked for by the site's own pages.
import { isAsset } from './logKind.mjs';

/** Lines looked at. */
const SAMPLE = 20_000;
/** A site that embeds pictures of yours may not become yours. */
const SHARE = 0.4;
/** … and neither do those whom somebody mistook for a proxy. A server of many sites has many. */
const VIRTUAL_SHARE = 0.02;

/** Host and port of an address, lower case without www.; '' for none. */
export function hostOf( address ) {
	const [ , host = '' ] = /^https?:\/\/(?:[^/?#@]*@)?([^/?#]{1,255})/i.exec( address ) ?? [];
	return host.toLowerCase().replace( /^www\./, '' ).replace( /:(?:80|443)$/, '' );
}

/**
 * @param {AsyncIterable} lines As parseLine() gives them; read no further than a sample.
 * @return {Set<string>} Hosts as hostOf() says them.
 */
export async function ownHosts( lines ) {
	const [ assets, virtual ] = [ new Map(), new Map() ];
	const add = ( map, host ) => map.set( host, ( map.get( host ) ?? 0 ) + 1 );
	const most = ( map, least ) => [ ...map ].filter( ( [ , times ] ) => times >= least ).map( ( [ host ] ) => host );
	let [ looked, counted ] = [ 0, 0 ];
	for await ( const line of lines ) {
		if ( line.host ) {
			add( virtual, hostOf( `http://${ line.host }` ) );
		}
		const host = isAsset( line ) && hostOf( line.referrer );
		if ( host ) {
			add( assets, host );
			counted++;
		}
		if ( ++looked >= SAMPLE ) {
			break;
		}
	}
	return new Set( [ ...most( virtual, looked * VIRTUAL_SHARE ), ...most( assets, counted * SHARE ) ] );
}
