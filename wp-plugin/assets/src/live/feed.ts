/** The streams of one filter. */

import { filterOf, nameOf, type Beat, type Filter, type Message, type Topic } from './message';
import { formatPosition } from './position';
import { Stream, type Taken } from './stream';

export class Feed {
	public readonly filter: Filter;
	private readonly streams = new Map< Topic, Stream >();
	/** The engine's epoch when it last said something. */
	private e = '';

	/** @param name Of the filter, '' for none. */
	public constructor( public readonly name: string ) {
		this.filter = filterOf( name );
	}

	public static of( filter: Filter ): Feed {
		return new Feed( nameOf( filter ) );
	}

	public stream( topic: Topic ): Stream {
		let stream = this.streams.get( topic );
		if ( stream === undefined ) {
			stream = new Stream( topic );
			this.streams.set( topic, stream );
		}
		return stream;
	}

	/** @return Null when the message is not for this feed. */
	public take( message: Message ): Taken | null {
		if ( message.f !== this.name ) {
			return null;
		}
		this.e = message.e;
		return this.stream( message.t ).take( message );
	}

	/** Where these topics are. Null when nothing is known that the engine, as it runs now, would know, too. */
	public position( topics: Iterable< Topic > ): string | null {
		const known = [ ...topics ].map( ( topic ) => this.stream( topic ) ).filter( ( { e, state } ) => e !== '' && e === this.e && state !== undefined );
		return formatPosition( this.e, known.map( ( { topic, s } ) => [ topic, s ] as const ) );
	}

	/** The topics of which the engine has sent more than came here. */
	public behind( { e, at }: Beat, topics: Iterable< Topic > ): Topic[] {
		return [ ...topics ].filter( ( topic ) => {
			const s = at[ topic ];
			return typeof s === 'number' && s > 0 && this.stream( topic ).isBehind( e, s );
		} );
	}
}
