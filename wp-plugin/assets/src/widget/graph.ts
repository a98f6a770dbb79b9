/** The two paths of the graph, in a box of 300 × 60. */

const WIDTH = 300;
const HEIGHT = 60;
const TOP = 4; // room for the stroke

/** The line through all values, oldest at the left. */
export function line( values: readonly number[] ): string {
	const highest = Math.max( 1, ...values );
	const step = WIDTH / Math.max( 1, values.length - 1 );
	return values
		.map( ( value, index ) => {
			const y = HEIGHT - ( value / highest ) * ( HEIGHT - TOP );
			return `${ index === 0 ? 'M' : 'L' }${ round( index * step ) } ${ round( y ) }`;
		} )
		.join( '' );
}

/** The surface below the line. */
export function area( values: readonly number[] ): string {
	return values.length === 0 ? '' : `${ line( values ) }L${ WIDTH } ${ HEIGHT }L0 ${ HEIGHT }Z`;
}

function round( value: number ): number {
	return Math.round( value * 10 ) / 10;
}
