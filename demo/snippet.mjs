// The live channel's part of a web server's configuration, as the plugin prints it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, USER } from './place.mjs';

/** Where the engine of a site listens when nothing is set: `run` is the site's directory of sockets. */
export const engineAddress = ( run ) => `unix:${ run }/realtime/${ USER.uid }/live.sock`;

/** The engine's address in the words of each server. */
const WORDS = {
	nginx: ( address ) => address,
	apache: ( address ) => ( address.startsWith( 'unix:' ) ? `${ address }|http://localhost` : `http://${ address }` ),
	caddy: ( address ) => address.replace( /^unix:/, 'unix/' ),
};

/**
 * @param {string} server  nginx, apache or caddy.
 * @param {string} address As the engine says it: unix:/path or host:port.
 * @param {string} prefix  The site's path of the channel.
 */
export function snippet( server, address, prefix = '/qahm-live/' ) {
	const text = readFileSync( join( REPOSITORY, `wp-plugin/snippets/${ server }.txt` ), 'utf8' );
	const values = { address: WORDS[ server ]( address ), prefix };
	return text.replace( /\{\{(\w+)\}\}/g, ( _, name ) => values[ name ] );
}
