/** What travels between the engine and a dashboard. The same JSON on every rung. */

export const TOPICS = [ 'live', 'events', 'visitors', 'performance', 'alerts' ] as const;
export type Topic = ( typeof TOPICS )[ number ];

export type Json = null | boolean | number | string | readonly Json[] | { readonly [ name: string ]: Json };

/** Who is looked at, e.g. { country: 'FR', device: 'mobile' }; empty: everybody. */
export type Filter = Readonly< Record< string, string > >;

/** [ path, value ] sets, [ path ] removes; see patch.ts. */
export type Operation = readonly [ path: string, value?: Json ];

/** A stream is one topic of one filter: its state has an epoch (a start of the engine) and a number that grows. */
interface Numbered {
	readonly t: Topic;
	/** Name of the filter, '' for none. */
	readonly f: string;
	readonly e: string;
	readonly s: number;
}

/** The whole state. */
export interface Put extends Numbered {
	readonly data: Json;
}

/** What changed since number `b`. */
export interface Patch extends Numbered {
	readonly b: number;
	readonly ops: readonly Operation[];
}

export type Message = Put | Patch;

/** Every 30 s: which numbers the streams of this connection are at. */
export interface Beat {
	readonly e: string;
	/** Unix seconds. */
	readonly time: number;
	readonly at: Readonly< Partial< Record< Topic, number > > >;
}

/** The first thing on a connection. */
export interface Hello {
	readonly connection: string;
	readonly e: string;
	/** Unix seconds at which the connection ends, unless its token is renewed. */
	readonly expires?: number;
	/** The engine's clock, Unix seconds. */
	readonly time?: number;
	/** Milliseconds after which the first beat comes, by itself. */
	readonly beat?: number;
}

/** What became of a command. */
export interface Ack {
	readonly ok: boolean;
	readonly code?: string;
	readonly message?: string;
	readonly expires?: number;
	readonly time?: number;
}

export type Command =
	| { readonly do: 'follow'; readonly topics: readonly Topic[]; readonly filter?: Filter; readonly resume?: string }
	| { readonly do: 'pause' }
	| { readonly do: 'resume'; readonly position?: string }
	| { readonly do: 'token'; readonly token: string }
	| { readonly do: 'acknowledge'; readonly alert: string };

/** A message as it should be, null for anything else: what comes over a network is looked at before it is used. */
export function toMessage( value: unknown ): Message | null {
	if ( ! isObject( value ) || ! isTopic( value[ 't' ] ) || typeof value[ 'e' ] !== 'string' || typeof value[ 's' ] !== 'number' ) {
		return null;
	}
	const numbered = { t: value[ 't' ], f: typeof value[ 'f' ] === 'string' ? nameOf( filterOf( value[ 'f' ] ) ) : '', e: value[ 'e' ], s: value[ 's' ] };
	if ( Array.isArray( value[ 'ops' ] ) && typeof value[ 'b' ] === 'number' ) {
		return { ...numbered, b: value[ 'b' ], ops: value[ 'ops' ] as Operation[] };
	}
	return value[ 'data' ] === undefined ? null : { ...numbered, data: value[ 'data' ] as Json };
}

export function toBeat( value: unknown ): Beat | null {
	return isObject( value ) && typeof value[ 'e' ] === 'string' && isObject( value[ 'at' ] )
		? { e: value[ 'e' ], time: Number( value[ 'time' ] ) || 0, at: value[ 'at' ] as Beat[ 'at' ] }
		: null;
}

/** Whether the engine says itself, in a beat or an answer, that its figures do not move on. */
export function isStale( value: unknown ): boolean {
	return isObject( value ) && value[ 'stale' ] === true;
}

export function toHello( value: unknown ): Hello | null {
	return isObject( value ) && typeof value[ 'e' ] === 'string' ? { ...value, e: value[ 'e' ], connection: String( value[ 'connection' ] ?? '' ) } : null;
}

export function toAck( value: unknown ): Ack {
	return isObject( value ) && typeof value[ 'ok' ] === 'boolean' ? ( value as unknown as Ack ) : { ok: false, code: 'malformed' };
}

export function isTopic( value: unknown ): value is Topic {
	return ( TOPICS as readonly unknown[] ).includes( value );
}

export function isObject( value: unknown ): value is Record< string, unknown > {
	return typeof value === 'object' && value !== null && ! Array.isArray( value );
}

/** The name of a filter: its members in alphabetical order, percent-encoded as this language does it. */
export function nameOf( filter: Filter ): string {
	return Object.keys( filter )
		.sort()
		.map( ( member ) => `${ encodeURIComponent( member ) }=${ encodeURIComponent( normal( member, String( filter[ member ] ) ) ) }` )
		.join( '&' );
}

/** The filter of a name. */
export function filterOf( name: string ): Filter {
	return Object.fromEntries( new URLSearchParams( name.replace( /\+/g, '%2B' ) ) );
}

/** As the engine writes it, so that a filter has one name. */
function normal( member: string, value: string ): string {
	if ( member === 'country' ) {
		return value === 'unknown' ? '' : value.toUpperCase();
	}
	return member === 'source' ? value.toLowerCase() : value;
}
