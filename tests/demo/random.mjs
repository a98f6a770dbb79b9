/** Random, and the same in every run (SplitMix32). */
export class Random {
	constructor( seed ) {
		this.state = seed;
	}

	below( limit ) {
		this.state = ( this.state + 0x9e3779b9 ) | 0;
		let z = this.state;
		z = Math.imul( z ^ ( z >>> 16 ), 0x21f0aaad );
		z = Math.imul( z ^ ( z >>> 15 ), 0x735a2d97 );
		return ( ( ( z ^ ( z >>> 15 ) ) >>> 0 ) * limit ) / 2 ** 32 | 0;
	}

	pick( list ) {
		return list[ this.below( list.length ) ];
	}
}
