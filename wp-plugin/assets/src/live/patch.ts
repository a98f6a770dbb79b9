/**
 * Applies the operations of a patch. What they do not touch is shared with the state before, so that a view can see by
 * comparing what has changed; the state before and the patch itself stay as they are.
 */

import type { Json, Operation, Topic } from './message';

type Container = Json[] | Record< string, Json >;

/** Events that the state of the feed has at most. */
export const EVENTS = 200;

/** The patch is not for this state: something is wrong, and only a whole state mends it. */
export class Unfit extends Error {}

/**
 * @param state Before.
 * @param ops   In order.
 * @param topic What the state is of.
 * @throws Unfit when an operation names what is not there. Nothing of the patch counts then.
 */
export function apply( state: Json, ops: readonly Operation[], topic: Topic ): Json {
	// Containers made here: they may be changed, all others are copied first.
	const made = new Set< Container >();
	const own = ( value: Json | undefined ): Container => {
		if ( typeof value !== 'object' || value === null ) {
			throw new Unfit( 'no container' );
		}
		if ( made.has( value as Container ) ) {
			return value as Container;
		}
		const copy = Array.isArray( value ) ? [ ...( value as Json[] ) ] : { ...( value as Record< string, Json > ) };
		made.add( copy );
		return copy;
	};

	let root = state;
	for ( const [ path, ...rest ] of ops ) {
		if ( topic === 'events' && path === 'events+' ) {
			const top = own( root );
			root = top;
			set( top, 'events', inFront( get( top, 'events' ), rest[ 0 ] ) );
			continue;
		}
		if ( path === '' ) {
			if ( rest[ 0 ] === undefined ) {
				throw new Unfit( 'nothing left' );
			}
			root = rest[ 0 ];
			continue;
		}
		const steps = path.split( '/' ).map( ( step ) => step.replace( /~1/g, '/' ).replace( /~0/g, '~' ) );
		const last = steps.pop() ?? '';
		let place = own( root );
		root = place;
		for ( const step of steps ) {
			const next = own( get( place, step ) );
			set( place, step, next );
			place = next;
		}
		if ( rest[ 0 ] === undefined ) {
			remove( place, last );
		} else {
			set( place, last, rest[ 0 ] );
		}
	}
	return root;
}

/** The feed: rows, oldest first, go in front one by one; what is too old falls off. */
function inFront( events: Json | undefined, rows: Json | undefined ): Json {
	if ( ! Array.isArray( events ) || ! Array.isArray( rows ) ) {
		throw new Unfit( 'no rows' );
	}
	return [ ...( rows as Json[] ) ].reverse().concat( events as Json[] ).slice( 0, EVENTS );
}

function get( place: Container, step: string ): Json | undefined {
	if ( Array.isArray( place ) ) {
		return place[ index( step ) ];
	}
	return has( place, step ) ? place[ step ] : undefined;
}

function set( place: Container, step: string, value: Json ): void {
	if ( ! Array.isArray( place ) ) {
		// Names come from visitors: one may be __proto__.
		Object.defineProperty( place, step, { value, writable: true, enumerable: true, configurable: true } );
		return;
	}
	const at = index( step );
	if ( at > place.length ) {
		throw new Unfit( 'beyond the end' );
	}
	place[ at ] = value;
}

function remove( place: Container, step: string ): void {
	if ( ! Array.isArray( place ) ) {
		if ( ! has( place, step ) ) {
			throw new Unfit( 'not there' );
		}
		delete place[ step ];
		return;
	}
	if ( index( step ) !== place.length - 1 ) {
		throw new Unfit( 'not the last' );
	}
	place.pop();
}

function index( step: string ): number {
	if ( ! /^(0|[1-9]\d{0,8})$/.test( step ) ) {
		throw new Unfit( 'no index' );
	}
	return Number( step );
}

function has( place: object, name: string ): boolean {
	return Object.prototype.hasOwnProperty.call( place, name );
}
