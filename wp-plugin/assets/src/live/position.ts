/** Where a dashboard is: "<epoch>.<topic>:<number>,…". The engine answers with what came after. */

import { isTopic, type Topic } from './message';

export function formatPosition( e: string, at: Iterable< readonly [ Topic, number ] > ): string | null {
	const places = [ ...at ].map( ( [ topic, s ] ) => `${ topic }:${ s }` );
	return e === '' || places.length === 0 ? null : `${ e }.${ places.join( ',' ) }`;
}

export function parsePosition( position: string ): { e: string; at: Map< Topic, number > } | null {
	const [ , e, places ] = /^([0-9a-f]{1,16})\.(.*)$/.exec( position ) ?? [];
	if ( e === undefined || places === undefined ) {
		return null;
	}
	const at = new Map< Topic, number >();
	for ( const place of places.split( ',' ) ) {
		const [ topic, s ] = place.split( ':' );
		if ( isTopic( topic ) && /^\d+$/.test( s ?? '' ) ) {
			at.set( topic, Number( s ) );
		}
	}
	return { e, at };
}
