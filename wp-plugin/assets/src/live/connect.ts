/** Puts the parts together. */

import { Client } from './client';
import { Ladder } from './ladder';
import { Line } from './line';
import { Member } from './member';
import { Memory } from './memory';
import { TOPICS, isTopic, type Filter, type Topic } from './message';
import { Events } from './events';
import { Polling, type PollingConfig } from './polling';
import { request } from './request';
import type { Rung } from './rung';
import type { Status } from './status';
import { Token } from './token';
import { WebSocketRung, type Loader } from './websocket';

/** What the page knows. WordPress prints it. */
export interface Config extends PollingConfig {
	/** Path that the web server hands to the engine, with a slash at its end. Null when it does not: then there is only polling. */
	readonly prefix: string | null;
	/** Id of the site. */
	readonly site: string;
	/** `live` unless said otherwise. */
	readonly topics?: readonly Topic[];
	readonly filter?: Filter;
	/** REST route that hears which way works, where there is one: Site Health tells it. */
	readonly rungs?: string;
	/** Address of live-socket.js, where it does not lie beside this script. */
	readonly socket?: string;
}

/** Tabs with another version of this file may be open: they do not understand each other. */
const VERSION = 1;

/** Address of this script: of the classic script that is running, or of the module. */
const OWN: string = ( typeof document === 'undefined' ? null : ( document.currentScript as HTMLScriptElement | null )?.src ) || import.meta.url || '';

export function connect( config: Config ): Client {
	const token = new Token( config );
	const memory = new Memory( config.site );
	const polling = new Polling( config, token );
	const rungs: Rung[] = [ polling ];
	if ( config.prefix !== null && config.prefix !== undefined ) {
		rungs.unshift( new WebSocketRung( config.prefix, token, loader( config.socket ) ), new Events( config.prefix, token ) );
	}
	const report = ( { rung, latency, reasons }: Status ): void => {
		if ( config.rungs !== undefined && rung !== null && memory.tells( rung, reasons ) ) {
			const headers = { 'X-WP-Nonce': token.pass(), 'Content-Type': 'application/json' };
			request( config.rungs, { method: 'POST', headers, body: JSON.stringify( { rung, latency, reasons } ) } ).catch( () => undefined );
		}
	};
	const topics = ( config.topics ?? TOPICS.slice( 0, 1 ) ).filter( isTopic );
	return new Client(
		topics,
		config.filter ?? {},
		( listener ) =>
			new Member(
				`qahm-realtime-${ VERSION }-${ config.site }`,
				( feed, wanted, heard, pushes ) =>
					pushes
						? new Line( feed, wanted, heard, token, ( wish, climber ) => new Ladder( rungs, wish, climber, token, memory ), report )
						: new Line( feed, wanted, heard, token, ( wish, climber ) => new Ladder( [ polling ], wish, climber, token, null ) ), // Which says nothing of the ways.
				listener
			)
	);
}

/** Loads socket.io-client when it is needed. A load that failed is tried again the next time. */
function loader( address: string | undefined ): Loader {
	let loaded: ReturnType< Loader > | null = null;
	return () => {
		loaded ??= load( address ).catch( ( error ) => {
			loaded = null;
			throw error;
		} );
		return loaded;
	};
}

async function load( address: string | undefined ): ReturnType< Loader > {
	const own = new URL( OWN, location.href );
	// With the version of the plugin that this script carries, so that both are renewed together.
	const url = new URL( address ?? `live-socket.js${ own.search }`, own );
	return ( await import( url.href ) ) as Awaited< ReturnType< Loader > >;
}
