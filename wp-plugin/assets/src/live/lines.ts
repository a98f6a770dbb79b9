/** The leader's connections: one for each filter that is in use. */

import { Feed } from './feed';
import type { Line } from './line';
import type { Ack, Command, Topic } from './message';

/** What somebody follows; with a feed, if it is somebody of this tab. */
export interface Wanted {
	readonly filter: string;
	readonly topics: readonly Topic[];
	readonly feed?: Feed;
}

export class Lines {
	/** By name of the filter. */
	private readonly lines = new Map< string, Line >();

	public constructor( private readonly open: ( feed: Feed, topics: readonly Topic[] ) => Line ) {}

	/** Opens and closes connections until they are those that are wanted. */
	public settle( wanted: readonly Wanted[] ): void {
		const topics = new Map< string, Set< Topic > >();
		const feeds = new Map< string, Feed >();
		for ( const one of wanted ) {
			const all = topics.get( one.filter ) ?? new Set();
			one.topics.forEach( ( topic ) => all.add( topic ) );
			topics.set( one.filter, all );
			if ( one.feed !== undefined ) {
				feeds.set( one.filter, one.feed );
			}
		}
		const idle = [ ...this.lines.keys() ].filter( ( filter ) => ! topics.has( filter ) );
		for ( const [ filter, all ] of topics ) {
			// Another filter goes over the connection that has none to follow any more.
			const from = this.lines.has( filter ) ? filter : idle.pop();
			const line = from === undefined ? undefined : this.lines.get( from );
			const feed = feeds.get( filter ) ?? ( from === filter ? line?.feed : undefined ) ?? new Feed( filter );
			if ( line === undefined || from === undefined ) {
				this.lines.set( filter, this.open( feed, [ ...all ] ) );
			} else {
				this.lines.delete( from );
				this.lines.set( filter, line );
				line.follow( feed, [ ...all ] );
			}
		}
		for ( const filter of idle ) {
			const line = this.lines.get( filter );
			if ( topics.size === 0 ) {
				line?.pause();
			} else {
				line?.close();
				this.lines.delete( filter );
			}
		}
	}

	public get( filter: string ): Line | undefined {
		return this.lines.get( filter );
	}

	/** A command goes over any connection; over the filter's own, if there is one. */
	public do( filter: string, command: Command ): Promise< Ack > {
		const line = this.lines.get( filter ) ?? [ ...this.lines.values() ][ 0 ];
		return line?.do( command ) ?? Promise.resolve( { ok: false, code: 'offline' } );
	}

	public close(): void {
		this.lines.forEach( ( line ) => line.close() );
		this.lines.clear();
	}
}
