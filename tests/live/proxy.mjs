// A web server in front of the engine, with the plugin's snippet and nothing of the system's configuration. Loopback, a port of its own.
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { USER } from '../../demo/place.mjs';
import { freePort, launch, endGroup, stop, until } from '../../demo/process.mjs';
import { snippet } from '../../demo/snippet.mjs';

/** Per server: its whole configuration around the snippet, and how it is started with it. */
const SERVERS = {
	nginx: {
		command: 'nginx',
		args: ( dir ) => [ '-p', dir, '-c', join( dir, 'configuration' ), '-e', join( dir, 'error.log' ) ],
		configuration: ( { dir, port, live } ) => `
			daemon off;
			worker_processes 1;
			pid ${ dir }/pid;
			error_log ${ dir }/error.log warn;
			events { worker_connections 2048; }
			http {
				access_log off;
				client_body_temp_path ${ dir }/body;
				proxy_temp_path ${ dir }/proxy;
				fastcgi_temp_path ${ dir }/fastcgi;
				scgi_temp_path ${ dir }/scgi;
				uwsgi_temp_path ${ dir }/uwsgi;
				server {
					listen 127.0.0.1:${ port };
					location / { return 200 "the site"; }
					${ live }
				}
			}`,
	},
	apache: {
		command: 'apache2',
		args: ( dir ) => [ '-DFOREGROUND', '-d', dir, '-f', join( dir, 'configuration' ) ],
		configuration: ( { dir, port, live } ) => `
			${ [ 'mpm_event', 'authz_core', 'env', 'headers', 'proxy', 'proxy_http', 'deflate', 'filter' ].map( ( name ) => `LoadModule ${ name }_module /usr/lib/apache2/modules/mod_${ name }.so` ).join( '\n' ) }
			ServerRoot ${ dir }
			DefaultRuntimeDir ${ dir }
			PidFile ${ dir }/pid
			ErrorLog ${ dir }/error.log
			ServerName 127.0.0.1
			Listen 127.0.0.1:${ port }
			DocumentRoot ${ dir }/root
			AddOutputFilterByType DEFLATE text/event-stream application/json
			<VirtualHost 127.0.0.1:${ port }>
				${ live }
			</VirtualHost>`,
	},
	caddy: {
		command: 'caddy',
		args: ( dir ) => [ 'run', '--config', join( dir, 'configuration' ), '--adapter', 'caddyfile' ],
		configuration: ( { dir, port, live } ) => `
			{
				admin off
				auto_https off
				storage file_system ${ dir }/storage
			}
			http://127.0.0.1:${ port }, http://:${ port } {
				bind 127.0.0.1
				encode gzip
				${ live }
				respond "the site"
			}`,
	},
};

export const KINDS = Object.keys( SERVERS );

export class Proxy {
	/**
	 * @param {string} kind    nginx, apache or caddy.
	 * @param {object} options { address: of the engine, prefix, change: ( snippet ) => snippet, owner: { uid, gid } other than the site's }
	 */
	static async start( kind, { address, prefix = '/qahm-live/', change = ( text ) => text, owner = USER } ) {
		const { command, args, configuration } = SERVERS[ kind ];
		const dir = mkdtempSync( join( tmpdir(), `qahm-realtime-${ kind }-` ) );
		mkdirSync( join( dir, 'root' ) );
		const port = await freePort();
		writeFileSync( join( dir, 'configuration' ), configuration( { dir, port, live: change( snippet( kind, address, prefix ) ) } ) );
		[ dir, join( dir, 'root' ), join( dir, 'configuration' ) ].forEach( ( path ) => chownSync( path, owner.uid, owner.gid ) );
		const log = join( dir, 'output.log' );
		const proxy = new Proxy();
		Object.assign( proxy, { dir, port, kind, process: launch( kind, command, args( dir ), { log, env: { HOME: dir }, owner } ) } );
		if ( ! await until( () => listens( port ), 15_000 ) ) {
			const said = [ log, join( dir, 'error.log' ) ].map( read ).join( '' );
			await proxy.stop();
			throw new Error( `${ kind } did not start:\n${ said }` );
		}
		return proxy;
	}

	async stop() {
		await stop( this.process, 1000 ); // Apache waits ten seconds for streams to end.
		endGroup( this.process );
		rmSync( this.dir, { recursive: true, force: true } );
	}
}

const read = ( file ) => {
	try {
		return readFileSync( file, 'utf8' );
	} catch {
		return '';
	}
};

const listens = ( port ) => new Promise( ( done ) => {
	const socket = connect( port, '127.0.0.1', () => done( true ) ).on( 'error', () => done( false ) ).on( 'connect', () => socket.destroy() );
} );
