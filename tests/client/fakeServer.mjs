// A server that answers as a test says: a stand-in for the engine's HTTP side, live.php and WordPress.
import { createServer } from 'node:http';

export class FakeServer {
	requests = [];

	/** @param answer Called with request, response and the body as text. */
	static async start( answer ) {
		const server = new FakeServer();
		server.answer = answer;
		server.http = createServer( async ( request, response ) => {
			let body = '';
			for await ( const piece of request ) {
				body += piece;
			}
			server.requests.push( { method: request.method, url: request.url, headers: request.headers, body } );
			server.answer( request, response, body );
		} );
		await new Promise( ( done ) => server.http.listen( 0, '127.0.0.1', done ) );
		server.url = `http://127.0.0.1:${ server.http.address().port }`;
		return server;
	}

	async stop() {
		this.http.closeAllConnections();
		await new Promise( ( done ) => this.http.close( done ) );
	}
}

export const json = ( response, status, body, headers = {} ) => response.writeHead( status, { 'Content-Type': 'application/json', ...headers } ).end( JSON.stringify( body ) );

/** A sink that notes what it is told, and waits for it. */
export function noting() {
	const heard = [];
	const waiting = new Set();
	const note = ( what ) => ( value ) => {
		heard.push( [ what, value ] );
		waiting.forEach( ( look ) => look() );
	};
	const sink = Object.fromEntries( [ 'open', 'message', 'beat', 'counters', 'latency', 'closed' ].map( ( what ) => [ what, note( what ) ] ) );
	/** The first that was told under this name, now or later. */
	const until = ( what, nth = 0 ) => new Promise( ( done ) => {
		const look = () => {
			const found = heard.filter( ( [ kind ] ) => kind === what )[ nth ];
			if ( found ) {
				waiting.delete( look );
				done( found[ 1 ] );
			}
		};
		waiting.add( look );
		look();
	} );
	return { sink, heard, until, kinds: () => heard.map( ( [ what ] ) => what ).filter( ( what ) => what !== 'latency' ) };
}
