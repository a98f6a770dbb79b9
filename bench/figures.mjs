// Figures as JSON lines, on standard output and in a file; bounds in their notes; a table at the end.
import { appendFileSync, writeFileSync } from 'node:fs';

/** What is promised: name → [ at most | at least, value ]. Ratios are of medians of rounds in one run. */
const BOUNDS = {
	record_per_apcu: [ '≤', 4 ],
	record_per_append: [ '≤', 1 / 8 ],
	counters_per_empty_call: [ '≤', 10 ],
	collect_per_empty: [ '≥', 0.85 ],
	engine_events_per_s: [ '≥', 200_000 ],
	engine_mixed_events_per_s: [ '≥', 150_000 ],
	engine_bytes_per_visitor: [ '≤', 400 ],
	live_bytes_200k_visitors: [ '≤', 128 * 2 ** 20 ],
	live_evicted_200k_visitors: [ '≤', 0 ],
	memory_1m_visitors_mb: [ '≤', 128 ],
	history_24h_query_ms: [ '≤', 50 ],
	tracker_inline_gzip_bytes: [ '≤', 1000 ],
	tracker_total_gzip_bytes: [ '≤', 6000 ],
	frontpage_added_ms: [ '≤', 0.3 ],
	frontpage_added_queries: [ '≤', 0 ],
	click_to_dom_ws_p50_ms: [ '≤', 60 ],
	click_to_dom_ws_p99_ms: [ '≤', 100 ],
	click_to_dom_sse_p50_ms: [ '≤', 60 ],
	click_to_dom_sse_p99_ms: [ '≤', 100 ],
	push_to_frame_p99_ms: [ '≤', 50 ],
	bytes_per_dashboard: [ '≤', 30 * 1024 ],
	collect_engine_per_php: [ '≥', 4 ],
	collect_engine_proxied_per_php: [ '≥', 2 ],
};

export const median = ( values ) => [ ...values ].sort( ( a, b ) => a - b )[ ( values.length - 1 ) >> 1 ];

const meets = ( [ sign, bound ], value ) => ( sign === '≤' ? value <= bound : value >= bound );
const short = ( value ) => ( Math.abs( value ) >= 100 ? value.toFixed( 0 ) : String( Number( value.toPrecision( 3 ) ) ) );

export class Figures {
	constructor( file ) {
		this.file = file;
		this.all = [];
		writeFileSync( file, '' );
	}

	add( name, value, unit, note = '' ) {
		const bound = BOUNDS[ name ];
		const verdict = bound ? `bound ${ bound[ 0 ] } ${ short( bound[ 1 ] ) }: ${ meets( bound, value ) ? 'met' : 'MISSED' }` : '';
		const line = JSON.stringify( { name, value: Number( value.toPrecision( 6 ) ), unit, note: [ verdict, note ].filter( Boolean ).join( '; ' ) } );
		console.log( line );
		appendFileSync( this.file, `${ line }\n` );
		this.all.push( { name, value, unit } );
	}

	/** The ratio of two figures that were measured in the same rounds, one pair each. */
	ratio( name, above, below, note = '' ) {
		const ratios = above.map( ( value, round ) => value / below[ round ] );
		const sorted = [ ...ratios ].sort( ( a, b ) => a - b );
		this.add( name, median( ratios ), '', `median of ${ ratios.length } rounds, ${ short( sorted[ 0 ] ) } to ${ short( sorted.at( -1 ) ) }${ note && `; ${ note }` }` );
	}

	/** Every figure with a bound; those that were not measured too. */
	summary() {
		const rows = Object.entries( BOUNDS ).map( ( [ name, bound ] ) => {
			const found = this.all.findLast( ( figure ) => figure.name === name );
			const state = found ? ( meets( bound, found.value ) ? 'met' : 'MISSED' ) : 'not measured';
			return [ name, found ? `${ short( found.value ) } ${ found.unit }`.trim() : '–', `${ bound[ 0 ] } ${ short( bound[ 1 ] ) }`, state ];
		} );
		const widths = [ 0, 1, 2 ].map( ( column ) => Math.max( ...rows.map( ( row ) => row[ column ].length ) ) );
		return rows.map( ( [ name, value, bound, state ] ) => [ name.padEnd( widths[ 0 ] ), value.padStart( widths[ 1 ] ), bound.padStart( widths[ 2 ] ), state ].join( '   ' ) ).join( '\n' );
	}
}
