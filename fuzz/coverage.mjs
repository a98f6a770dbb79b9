// Which ways through some modules a piece of JavaScript took, as V8 counts them.
import { Session } from 'node:inspector';

export class Coverage {
	/** @param {string[]} modules Ends of the modules' addresses that count. */
	constructor( modules ) {
		this.modules = modules;
		this.session = new Session();
		this.session.connect();
		this.ask( 'Profiler.enable' );
		this.ask( 'Profiler.startPreciseCoverage', { callCount: true, detailed: true } );
	}

	/**
	 * @return {string[]} One way through each function that ran since the last time this was asked: its blocks, and how
	 *                    often each ran, to a power of two. Blocks alone would not do: V8 joins those that ran equally often.
	 */
	take() {
		const scripts = this.ask( 'Profiler.takePreciseCoverage' ).result;
		return scripts.filter( ( { url } ) => this.modules.some( ( end ) => url.endsWith( end ) ) )
			.flatMap( ( { url, functions } ) => functions
				.filter( ( { ranges } ) => ranges[ 0 ].count > 0 )
				.map( ( { ranges } ) => `${ url } ${ ranges.map( ( { startOffset, endOffset, count } ) => `${ startOffset }-${ endOffset }:${ Math.ceil( Math.log2( count + 1 ) ) }` ).join() }` ) );
	}

	ask( method, parameters = {} ) {
		let answer;
		// The session is in this thread: it answers before the call is over.
		this.session.post( method, parameters, ( error, result ) => {
			answer = { error, result };
		} );
		if ( answer.error ) {
			throw new Error( `${ method }: ${ answer.error.message }` );
		}
		return answer.result;
	}
}
