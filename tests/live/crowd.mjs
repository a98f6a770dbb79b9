// Many dashboards in one process: Socket.IO spoken by hand, for a client library of each would be the load that is measured.
import WebSocket from 'ws';

/** A loopback address of one's own for each number below 250,000: whoever comes from one is nobody else. */
export const addressOf = ( number ) => `127.${ 10 + Math.floor( number / 62_500 ) }.${ Math.floor( number / 250 ) % 250 }.${ 1 + number % 250 }`;

/** One connection. `to`: http address of a web server, or path of the engine's own socket; `address`: where it comes from. */
export class Dashboard {
	/** How many came, and their bytes. */
	messages = 0;
	bytes = 0;
	/** What it heard instead of being let in, in words, and how often. */
	refusals = [];
	refused = 0;

	constructor( { to, token, topics = [ 'live' ], headers = {}, resume, address, heard = () => {} } ) {
		Object.assign( this, { to, token, topics, headers, resume, address, heard } );
	}

	/** Resolves with the first put; rejects when it is refused. */
	open() {
		const path = '/qahm-live/socket.io/?EIO=4&transport=websocket';
		const url = this.to.startsWith( '/' ) ? `ws+unix://${ this.to }:${ path }` : this.to.replace( /^http/, 'ws' ) + path;
		return new Promise( ( done, failed ) => {
			this.socket = new WebSocket( url, { headers: this.headers, localAddress: this.address, perMessageDeflate: false, handshakeTimeout: 30_000 } );
			this.socket.on( 'message', ( data, isBinary ) => {
				this.bytes += data.length;
				const text = isBinary ? '' : data.toString();
				if ( text[ 0 ] === '0' ) {
					this.socket.send( `40${ JSON.stringify( { token: this.token, topics: this.topics, resume: this.resume } ) }` );
				} else if ( text === '2' ) {
					this.socket.send( '3' );
				} else if ( text.startsWith( '44' ) ) {
					failed( new Error( text ) );
				} else if ( text.startsWith( '42[' ) ) {
					const [ name, message ] = JSON.parse( text.slice( 2 ) );
					this.messages++;
					this.heard( name, message, this );
					if ( name.endsWith( ':put' ) ) {
						done( message );
					}
				}
			} );
			this.socket.on( 'unexpected-response', ( _, { statusCode, headers } ) => {
				failed( Object.assign( new Error( `answered with ${ statusCode }` ), { status: statusCode, after: Number( headers[ 'retry-after' ] ) } ) );
				this.socket.terminate();
			} );
			this.socket.on( 'error', failed );
			this.socket.on( 'close', () => failed( new Error( 'closed' ) ) );
		} );
	}

	/** Opens, as often as it takes, as a client does: with growing pauses, each of its own length. */
	async insist( tries = 20 ) {
		for ( let n = 0; ; n++ ) {
			try {
				return await this.open();
			} catch ( error ) {
				if ( n >= tries ) {
					throw error;
				}
				this.refused++;
				this.refusals.push( `${ error.message }${ error.after > 0 ? ', come back later' : '' }` );
				const pause = Math.min( 5000, 500 * 1.5 ** n ) + ( error.after > 0 ? error.after * 1000 : 0 );
				await new Promise( ( done ) => setTimeout( done, pause * ( 0.5 + Math.random() ) ) );
			}
		}
	}

	/** Comes back after a loss, as socket.io-client does when nothing else is said: after half a second to one and a half. */
	async comeBack() {
		await new Promise( ( done ) => setTimeout( done, 500 + Math.random() * 1000 ) );
		await this.insist();
	}

	close() {
		this.socket?.terminate();
	}
}
