// The plugin's own client in a page of the admin area, as a dashboard of one's own has it.
import assert from 'node:assert/strict';
import { ID, PLUGIN, SITE, ask } from './site.mjs';

/** Somebody in the site's admin area: their cookies. */
export async function loggedIn( login, password = login ) {
	const form = await ask( `${ SITE }/wp-login.php`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: 'wordpress_test_cookie=WP%20Cookie%20check' },
		body: new URLSearchParams( { log: login, pwd: password, testcookie: '1' } ).toString(),
	} );
	assert.equal( form.status, 302 );
	return form.headers[ 'set-cookie' ].map( ( one ) => one.split( ';' )[ 0 ] ).join( '; ' );
}

/** The administrator's cookies, when they are logged in. */
let session;

/** What a widget that does not say it means. */
const USUAL = { prefix: '/qahm-live/', site: ID };

/** What WordPress prints for the widget of the administrator, for connect(); the address of the client's module as `script`. */
async function configuration( cookies ) {
	const { body } = await ask( `${ SITE }/wp-admin/index.php`, { headers: { Cookie: cookies } } );
	const [ , printed ] = /id="qahm_realtime"[^>]*\bdata-config="([^"]*)"/.exec( body );
	const text = printed.replace( /&(quot|amp|#0?39);/g, ( _, name ) => ( { quot: '"', amp: '&' } )[ name ] ?? "'" );
	return { ...USUAL, ...JSON.parse( text ), script: `${ PLUGIN }/assets/build/live.js` };
}

/**
 * A page of the admin area that is not the dashboard: nothing else of the plugin runs in it.
 *
 * @param {object}   context Of the browser: a profile that remembers nothing, as at the first visit of somebody.
 * @param {Function} prepare Called with the page before it goes anywhere.
 * @return {Promise<{ page, config }>} `config` is for connect().
 */
export async function clientPage( context, prepare = () => {} ) {
	// Once: of two who log in at the same moment WordPress remembers one.
	session ??= loggedIn( process.env.QAHM_TEST_USER, process.env.QAHM_TEST_PASSWORD );
	const cookies = await session;
	const config = await configuration( cookies );
	await context.addCookies( cookies.split( '; ' ).map( ( one ) => ( { url: SITE, name: one.split( '=' )[ 0 ], value: one.slice( one.indexOf( '=' ) + 1 ) } ) ) );
	const page = await context.newPage();
	await prepare( page );
	await page.goto( `${ SITE }/wp-admin/profile.php` );
	return { page, config };
}
