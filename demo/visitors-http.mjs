// Requests of visitors to the demo: connections are kept, headers are sent byte for byte as a log has them.
import http from 'node:http';
import https from 'node:https';

/** What PHP's workers can answer at once is far below; the rest waits here. */
const CONNECTIONS = 24;
const PATIENCE = 30_000;
const BODY_MAX = 4 << 20;

export class Web {
	/** @param {string} home The site's address. */
	constructor( home ) {
		this.home = new URL( home );
		this.client = this.home.protocol === 'https:' ? https : http;
		this.agent = new this.client.Agent( { keepAlive: true, maxSockets: CONNECTIONS } );
	}

	get( path, headers ) {
		return this.request( { method: 'GET', path: asPath( path ), headers } );
	}

	post( path, headers, body ) {
		return this.request( { method: 'POST', path: asPath( path ), headers: { 'Content-Type': 'text/plain;charset=UTF-8', ...headers }, body } );
	}

	close() {
		this.agent.destroy();
	}

	/** Status, headers, text and the ms until the first byte. Once more, when a kept connection turns out to be closed. */
	async request( options, again = true ) {
		try {
			return await this.once( options );
		} catch ( error ) {
			if ( again && error.reused ) {
				return this.request( options, false );
			}
			throw error;
		}
	}

	once( { method, path, headers, body } ) {
		const { hostname, port, host } = this.home;
		return new Promise( ( done, failed ) => {
			const began = performance.now();
			const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength( body ) };
			const request = this.client.request( { method, hostname, port, path, agent: this.agent, timeout: PATIENCE, headers: { Host: host, ...clean( headers ), ...length } } );
			const fail = ( error ) => failed( Object.assign( error, { reused: request.reusedSocket && error.code === 'ECONNRESET' } ) );
			request.on( 'timeout', () => request.destroy( new Error( `no answer within ${ PATIENCE / 1000 } s` ) ) );
			request.on( 'error', fail );
			request.on( 'response', ( answer ) => {
				const first = performance.now() - began;
				const chunks = [];
				let size = 0;
				answer.on( 'data', ( chunk ) => ( size += chunk.length ) < BODY_MAX && chunks.push( chunk ) );
				answer.on( 'error', fail );
				answer.on( 'end', () => done( { status: answer.statusCode, headers: answer.headers, text: Buffer.concat( chunks ).toString(), first } ) );
			} );
			request.end( body );
		} );
	}
}

/** Only what a request line may have; the rest as browsers would write it. */
const asPath = ( path ) => path.replace( /[^\x21-\x7e]/g, ( c ) => ( c.charCodeAt( 0 ) < 256 ? `%${ c.charCodeAt( 0 ).toString( 16 ).padStart( 2, '0' ) }` : encodeURIComponent( c ) ) );

/** Headers without the empty ones, and without what would end a line. */
const clean = ( headers ) => Object.fromEntries( Object.entries( headers ).filter( ( [ , value ] ) => value ).map( ( [ name, value ] ) => [ name, value.replace( /[^\x20-\x7e\x80-\xff]/g, ' ' ).trim() ] ) );
