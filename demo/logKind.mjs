// What a line of a log means for a replay: a page somebody looked at, an answer that WordPress gives without anybody looking, or nothing.

const STATIC = /\.(?:css|m?js|map|json|xml|xsl|txt|ico|svg|png|jpe?g|gif|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|m4[av]|og[gv]|webm|mov|pdf|zip|gz|rar|7z|docx?|xlsx?|pptx?|csv)$/i;
// Not pages: the administration, logging in, machines' entrances, feeds.
const INTERNAL = /\/(?:wp-admin|wp-login\.php|wp-cron\.php|wp-json|xmlrpc\.php|wp-comments-post\.php|wp-trackback\.php|wp-signup\.php|wp-activate\.php)(?:\/|$)|\/(?:feed|embed|trackback)\/?$/i;
// The names of most of those that say they are no people; which of them count is the engine's decision, not made here.
const BOT = /bot\b|bot[/_-]|crawl|spider|slurp|scan|monitor|preview|fetch|curl|wget|python|java\/|go-http|okhttp|axios|libwww|http-?client|headless|facebookexternal|whatsapp|wordpress\/|^$/i;

/**
 * @param {object} line As parseLine() gives it.
 * @return {object} { what: 'page' } somebody looks at it · { what: 'request' } it is asked for and nobody sees it (not found, failed, or for a bot)
 *                  · { what: 'skip', reason }
 */
export function kindOf( { method, target, status, agent } ) {
	const path = target.split( '?', 1 )[ 0 ];
	if ( method !== 'GET' ) {
		return skip( `not GET` );
	}
	if ( INTERNAL.test( path ) || /[?&]rest_route=|[?&]doing_wp_cron/.test( target ) ) {
		return skip( 'administration, REST, feeds' );
	}
	if ( status === 404 || status >= 500 ) {
		return { what: 'request' };
	}
	if ( STATIC.test( path ) ) {
		return skip( 'static files' );
	}
	if ( ! ( status >= 200 && status < 300 ) && status !== 304 ) {
		return skip( status >= 300 && status < 400 ? 'redirects' : `other statuses` );
	}
	return { what: BOT.test( agent ) ? 'request' : 'page' };
}

const skip = ( reason ) => ( { what: 'skip', reason } );

/** Of a static file that was delivered: its referrer is a page of the same site. */
export const isAsset = ( { method, target, status } ) => method === 'GET' && status === 200 && STATIC.test( target.split( '?', 1 )[ 0 ] );
