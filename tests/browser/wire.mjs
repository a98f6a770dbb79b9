// The network between a browser and the site: everything passes here, so that what a page says while it goes is seen, too.
// It notes the beacons and what the collector answered, and adds to pages what a test needs in them.
import { createServer, request } from 'node:http';
import { SITE } from './browser.mjs';

/** Milliseconds that something is waited for. */
const PATIENCE = 15_000;

/** Refused because of its content, or not sent at all. */
const isBeacon = ( { method, url } ) => method === 'POST' && /collect(\.php|$)/.test( url );

export class Wire {
	/** Beacons in the order of their coming: { view, sequence, url, events, body, status, reason }. */
	beacons = [];
	/** Paths (regular expression) that are refused, as by a content blocker. */
	blocked = null;
	/** What is put at the end of a page, by path; headers beside it with `headers`. */
	inserts = new Map();
	/** Whole answers by path: { type, body, headers }. */
	answers = new Map();
	/** Addresses of other hosts, answered here: host => { type, body }. */
	hosts = new Map();
	/** Looks at what changes in a page's HTML: ( html ) => html. */
	rewrite = ( html ) => html;
	/** Paths that were asked for. */
	asked = [];

	#server;
	#waiting = new Set();

	static async open() {
		const wire = new Wire();
		wire.#server = createServer( ( incoming, outgoing ) => wire.#pass( incoming, outgoing ) );
		wire.#server.on( 'connect', ( _, socket ) => socket.destroy() ); // no https in here
		await new Promise( ( done ) => wire.#server.listen( 0, '127.0.0.1', done ) );
		return wire;
	}

	/** What a browser context needs to use it. */
	get proxy() {
		return { server: `http://127.0.0.1:${ this.#server.address().port }` };
	}

	close() {
		this.#server.closeAllConnections();
		return new Promise( ( done ) => this.#server.close( done ) );
	}

	async #pass( incoming, outgoing ) {
		const target = new URL( incoming.url );
		const chunks = [];
		for await ( const chunk of incoming ) {
			chunks.push( chunk );
		}
		const body = Buffer.concat( chunks );
		this.asked.push( target.pathname );
		this.#look();
		if ( this.blocked?.test( target.pathname ) ) {
			outgoing.writeHead( 403 );
			outgoing.end();
			return;
		}
		const own = this.hosts.get( target.host ) ?? ( target.origin === SITE ? this.answers.get( target.pathname ) : undefined );
		if ( own ) {
			outgoing.writeHead( 200, { 'Content-Type': own.type ?? 'text/html', ...own.headers } );
			outgoing.end( own.body );
			return;
		}
		if ( target.origin !== SITE ) {
			outgoing.writeHead( 200, { 'Content-Type': 'text/html' } );
			outgoing.end( `<title>${ target.host }</title>` );
			return;
		}
		const { 'accept-encoding': _, 'proxy-connection': __, ...headers } = incoming.headers;
		const onward = request( { host: target.hostname, port: target.port, path: target.pathname + target.search, method: incoming.method, headers }, async ( answer ) => {
			const parts = [];
			for await ( const part of answer ) {
				parts.push( part );
			}
			let content = Buffer.concat( parts );
			const answerHeaders = { ...answer.headers };
			if ( /text\/html/.test( answer.headers[ 'content-type' ] ) && ! target.pathname.includes( 'wp-admin' ) ) {
				const html = content.toString();
				content = Buffer.from( this.rewrite( html.replace( '</body>', () => `${ this.inserts.get( target.pathname ) ?? '' }</body>` ) ) );
				delete answerHeaders[ 'transfer-encoding' ];
				answerHeaders[ 'content-length' ] = content.length;
			}
			if ( isBeacon( { method: incoming.method, url: target.pathname } ) ) {
				this.#note( body.toString(), answer );
			}
			outgoing.writeHead( answer.statusCode, answerHeaders );
			outgoing.end( content );
		} );
		onward.on( 'error', () => outgoing.destroy() );
		onward.end( body );
	}

	#note( body, { statusCode: status, headers } ) {
		const { i: view, n: sequence, u: url, e: events, ...rest } = JSON.parse( body );
		this.beacons.push( { view, sequence, url, events, rest, body, status, reason: headers[ 'x-qahm-realtime' ] } );
		this.#look();
	}

	#look() {
		this.#waiting.forEach( ( look ) => look() );
	}

	/** All views so far, in the order of their beginning: { id, url, events } with each event once. */
	get views() {
		const views = new Map();
		for ( const { view, sequence, url, events } of this.beacons ) {
			if ( ! views.has( view ) ) {
				views.set( view, { id: view, url, events: [] } );
			}
			events.forEach( ( event, n ) => {
				views.get( view ).events[ sequence + n ] = event;
			} );
		}
		return [ ...views.values() ];
	}

	/** All events of a kind, of all views. */
	events( kind ) {
		return this.views.flatMap( ( { events } ) => events ).filter( ( event ) => event?.[ 0 ] === kind );
	}

	/** Waits until the condition gives something true, looking again at each request and each beacon. */
	until( condition, what = condition.toString(), patience = PATIENCE ) {
		return new Promise( ( found, failed ) => {
			const end = ( settle, value ) => {
				clearTimeout( timer );
				this.#waiting.delete( look );
				settle( value );
			};
			const look = () => {
				try {
					const value = condition();
					if ( value ) {
						end( found, value );
					}
				} catch ( error ) {
					end( failed, error );
				}
			};
			const timer = setTimeout( () => {
				const seen = this.beacons.map( ( { status, reason, body } ) => `${ status } ${ reason } ${ body }` ).join( '\n' );
				end( failed, new Error( `Not seen: ${ what }. Beacons:\n${ seen }` ) );
			}, patience );
			this.#waiting.add( look );
			look();
		} );
	}

	/** Waits until an event like this one came: elements that are undefined may be anything, functions decide. */
	event( ...like ) {
		const matches = ( event ) => event && like.every( ( part, n ) => part === undefined || ( typeof part === 'function' ? part( event[ n ] ) : part === event[ n ] ) );
		return this.until( () => this.views.flatMap( ( { events } ) => events ).find( matches ), `event ${ JSON.stringify( like ) }` );
	}
}
