// The demo's pages, and which of them stands for a page of somebody else's log.
import { createHash } from 'node:crypto';

const MOST = 500;
/** A query that names a page belongs to the log's own WordPress; one that names a campaign goes along. */
const CAMPAIGN = /^utm_(?:source|medium|campaign)=/;

export class Pages {
	constructor( paths ) {
		this.paths = [ ...new Set( paths ) ].sort();
		this.known = new Map( this.paths.map( ( path ) => [ bare( path ), path ] ) );
	}

	/** Asks the site for its sitemap. Nobody in particular asks: that is never counted as anybody. */
	static async of( web ) {
		const paths = [ web.home.pathname ];
		const headers = {};
		const locations = async ( path ) => [ ...( await web.get( path, headers ) ).text.matchAll( /<loc>([^<]+)<\/loc>/g ) ].map( ( [ , url ] ) => new URL( url.replaceAll( '&amp;', '&' ) ) );
		for ( const map of ( await locations( `${ web.home.pathname }wp-sitemap.xml` ) ).slice( 0, 20 ) ) {
			paths.push( ...( await locations( map.pathname + map.search ) ).map( ( url ) => url.pathname ) );
		}
		return new Pages( paths.slice( 0, MOST ) );
	}

	/** The page of the demo for a path and query of a log: the same one where the demo has it or it is a search, else always the same other one. */
	for( target ) {
		const [ path, query = '' ] = target.split( '?', 2 );
		const given = query.split( '&' );
		const search = given.find( ( argument ) => /^s=./.test( argument ) );
		const stable = () => this.paths[ createHash( 'sha1' ).update( bare( path ), 'latin1' ).digest().readUInt32LE() % this.paths.length ];
		const found = search ? this.paths[ 0 ] : this.known.get( bare( path ) ) ?? stable();
		const kept = [ search, ...given.filter( ( argument ) => CAMPAIGN.test( argument ) ) ].filter( Boolean );
		return kept.length ? `${ found }?${ kept.join( '&' ) }` : found;
	}
}

const bare = ( path ) => path.replace( /\/+$/, '' ) || '/';
