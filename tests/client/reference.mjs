// A slow and simple difference of two JSON values, and random ones: what the client is measured by.

const escape = ( name ) => name.replaceAll( '~', '~0' ).replaceAll( '/', '~1' );
const isContainer = ( value ) => typeof value === 'object' && value !== null;

/** Operations that lead from one value to another. */
export function difference( before, after, path = '' ) {
	if ( ! isContainer( before ) || ! isContainer( after ) || Array.isArray( before ) !== Array.isArray( after ) ) {
		return Object.is( before, after ) ? [] : [ [ path, after ] ];
	}
	const at = ( name ) => ( path === '' ? '' : `${ path }/` ) + escape( String( name ) );
	const ops = [];
	if ( Array.isArray( before ) ) {
		for ( let index = before.length; index > after.length; index-- ) {
			ops.push( [ at( index - 1 ) ] );
		}
		after.forEach( ( value, index ) => ops.push( ...( index < before.length ? difference( before[ index ], value, at( index ) ) : [ [ at( index ), value ] ] ) ) );
		return ops;
	}
	for ( const name of Object.keys( before ) ) {
		if ( ! Object.hasOwn( after, name ) ) {
			ops.push( [ at( name ) ] );
		}
	}
	for ( const [ name, value ] of Object.entries( after ) ) {
		ops.push( ...( Object.hasOwn( before, name ) ? difference( before[ name ], value, at( name ) ) : [ [ at( name ), value ] ] ) );
	}
	return ops;
}

const NAMES = [ 'active', 'pages', 'a/b', '~', '~1', '0', '1', '__proto__', 'toString', 'é', 'events+' ];

/** Numbers from a seed, so that what failed once fails again. */
export class Random {
	constructor( seed ) {
		this.state = seed;
	}

	/** 0 to below − 1. */
	int( below ) {
		this.state = ( this.state + 0x6d2b79f5 ) | 0;
		let value = Math.imul( this.state ^ ( this.state >>> 15 ), 1 | this.state );
		value = ( value + Math.imul( value ^ ( value >>> 7 ), 61 | value ) ) ^ value;
		return ( ( value ^ ( value >>> 14 ) ) >>> 0 ) % below;
	}

	pick( list ) {
		return list[ this.int( list.length ) ];
	}

	json( depth ) {
		const kind = this.int( depth > 0 ? 6 : 3 );
		if ( kind === 3 ) {
			return Array.from( { length: this.int( 5 ) }, () => this.json( depth - 1 ) );
		}
		if ( kind > 3 ) {
			return Object.fromEntries( Array.from( { length: this.int( 5 ) }, () => [ this.pick( NAMES ), this.json( depth - 1 ) ] ) );
		}
		return this.pick( [ null, true, false, '', 'text', this.int( 100 ), -1.5 ] );
	}

	/** The same value, changed in a few places. */
	changed( value ) {
		if ( ! isContainer( value ) || this.int( 8 ) === 0 ) {
			return this.int( 2 ) ? value : this.json( 2 );
		}
		if ( Array.isArray( value ) ) {
			const copy = value.slice( 0, this.int( 4 ) ? value.length : this.int( value.length + 1 ) ).map( ( element ) => this.changed( element ) );
			return this.int( 3 ) ? copy : [ ...copy, this.json( 1 ) ];
		}
		const kept = Object.entries( value ).filter( () => this.int( 6 ) ).map( ( [ name, member ] ) => [ name, this.changed( member ) ] );
		return Object.fromEntries( this.int( 3 ) ? kept : [ ...kept, [ this.pick( NAMES ), this.json( 1 ) ] ] );
	}
}
