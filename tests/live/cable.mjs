// What lies between a browser and the web server, and can be cut: whatever is open then is lost, and what comes later passes.
import { connect, createServer } from 'node:net';

export class Cable {
	#ends = new Set();

	/** @param port Where it leads to, on loopback. */
	static async lay( port ) {
		const cable = new Cable();
		cable.server = createServer( ( near ) => cable.#join( near, connect( port, '127.0.0.1' ) ) );
		await new Promise( ( done ) => cable.server.listen( 0, '127.0.0.1', done ) );
		cable.port = cable.server.address().port;
		return cable;
	}

	#join( near, far ) {
		for ( const [ end, other ] of [ [ near, far ], [ far, near ] ] ) {
			this.#ends.add( end );
			end.setNoDelay();
			end.pipe( other );
			end.on( 'error', () => {} );
			end.on( 'close', () => {
				this.#ends.delete( end );
				other.destroy();
			} );
		}
	}

	cut() {
		this.#ends.forEach( ( end ) => end.destroy() );
	}

	async remove() {
		this.cut();
		await new Promise( ( done ) => this.server.close( done ) );
	}
}
