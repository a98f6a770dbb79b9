/** The leader's connections: one for each filter that is in use. Few of them are pushed to, the rest ask. */

import { Feed } from './feed';
import type { Line } from './line';
import type { Ack, Command, Topic } from './message';

/** What somebody follows; with a feed, if it is somebody of this tab. */
export interface Wanted {
	readonly filter: string;
	readonly topics: readonly Topic[];
	readonly feed?: Feed;
}

/** Connections of a browser that the engine holds open: it has 6,000 for everybody. */
const PUSHED = 4;

export class Lines {
	/** By name of the filter. */
	private readonly lines = new Map< string, Line >();

	private readonly pushed = new Set< Line >();

	/** @param make Opens a connection; `pushes`: whether it may be one that the engine holds open. */
	public constructor( private readonly make: ( feed: Feed, topics: readonly Topic[], pushes: boolean ) => Line ) {}

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
		// Those that are pushed to at the end, where they are taken from.
		const idle = [ ...this.lines ].filter( ( [ filter ] ) => ! topics.has( filter ) ).sort( ( [ , one ], [ , other ] ) => Number( this.pushed.has( one ) ) - Number( this.pushed.has( other ) ) ).map( ( [ filter ] ) => filter );
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
				this.shut( line );
				this.lines.delete( filter );
			}
		}
		for ( const [ filter, line ] of this.lines ) {
			if ( topics.has( filter ) && ! this.pushed.has( line ) && this.pushed.size < PUSHED ) {
				this.shut( line );
				this.lines.set( filter, this.open( line.feed, [ ...( topics.get( filter ) ?? [] ) ] ) ); // Another has made room.
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
		this.lines.forEach( ( line ) => this.shut( line ) );
		this.lines.clear();
	}

	private open( feed: Feed, topics: readonly Topic[] ): Line {
		const pushes = this.pushed.size < PUSHED;
		const line = this.make( feed, topics, pushes );
		if ( pushes ) {
			this.pushed.add( line );
		}
		return line;
	}

	private shut( line: Line | undefined ): void {
		if ( line !== undefined ) {
			line.close();
			this.pushed.delete( line );
		}
	}
}
