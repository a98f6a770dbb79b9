/** What the numbers of now compare with, in words: nothing is said by colour or by an arrow alone. */

import { fill, type Format } from './format';
import type { Live, Texts, Trend, Usual } from './types';

/** The arrow is for the eye, the word for the ear; the value is for both. */
export interface TrendParts {
	readonly arrow: string;
	readonly word: string;
	readonly value: string;
}

export function trendParts( trend: Trend | null, format: Format, text: Texts ): TrendParts {
	if ( trend === null ) {
		return { arrow: '', word: '', value: '' };
	}
	if ( trend.direction === 'same' ) {
		return { arrow: '=', word: '', value: text.steady };
	}
	const up = trend.direction === 'up';
	const value = trend.percent === null ? format.difference( Math.round( trend.now - trend.before ) ) : format.percent( trend.percent );
	return { arrow: up ? '\u25b2' : '\u25bc', word: up ? text.rising : text.falling, value: fill( text.inFive, value ) };
}

export function usualText( usual: Usual | null, format: Format, text: Texts ): string {
	if ( usual === null ) {
		return '';
	}
	const { low, high, days } = usual;
	if ( low === null || high === null ) {
		return days === null ? '' : text.usualIn[ Math.max( 1, Math.min( days, text.usualIn.length ) ) - 1 ] ?? '';
	}
	// Whole visitors: those numbers are "as usual" that lie between the two.
	const [ from, to ] = [ Math.ceil( low ), Math.max( Math.ceil( low ), Math.floor( high ) ) ];
	const range = from === to ? format.number( from ) : `${ format.number( from ) }\u2013${ format.number( to ) }`;
	const state = text.states[ usual.state ?? '' ] ?? '';
	const much = usual.percent === null || usual.state === 'as usual' ? state : fill( text.percent, state, format.percent( usual.percent ) );
	return fill( text.usual, range, much );
}

export function recordText( record: NonNullable<Live[ 'record' ]> | null, format: Format, text: Texts ): string {
	return record === null ? '' : fill( text.record, format.number( record.value ), format.date( record.date ) );
}
