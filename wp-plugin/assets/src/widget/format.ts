/** Numbers and times in the user's language and the site's time zone. */

export class Format {
	private readonly numbers: Intl.NumberFormat;
	private readonly signed: Intl.NumberFormat;
	private readonly percents: Intl.NumberFormat;
	private readonly times: Intl.DateTimeFormat;
	private readonly dates: Intl.DateTimeFormat;

	public constructor( locale: string, timezone: string ) {
		const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
		const numbers = ( how?: Intl.NumberFormatOptions ): Intl.NumberFormat => safely( () => new Intl.NumberFormat( locale, how ), () => new Intl.NumberFormat( undefined, how ) );
		this.numbers = numbers();
		this.signed = numbers( { signDisplay: 'exceptZero' } );
		this.percents = numbers( { style: 'percent', signDisplay: 'exceptZero' } );
		const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' };
		this.dates = safely( () => new Intl.DateTimeFormat( locale, day ), () => new Intl.DateTimeFormat( undefined, day ) );
		this.times = safely(
			() => new Intl.DateTimeFormat( locale, { ...options, timeZone: timezone } ),
			// Older browsers know no zone written as an offset.
			() => new Intl.DateTimeFormat( undefined, options )
		);
	}

	public number( value: number ): string {
		return this.numbers.format( value );
	}

	/** A difference, with its sign. */
	public difference( value: number ): string {
		return minus( this.signed.format( value ) );
	}

	/** A difference in %, with its sign. */
	public percent( value: number ): string {
		return minus( this.percents.format( value / 100 ) );
	}

	/** @param day As 2026-11-03. */
	public date( day: string ): string {
		return safely( () => this.dates.format( new Date( `${ day }T00:00:00Z` ) ), () => day );
	}

	/** @param seconds Unix time. */
	public time( seconds: number ): string {
		return this.times.format( new Date( seconds * 1000 ) );
	}
}

/** Fills %s, or %1$s and so on, as PHP's sprintf() does. */
export function fill( text: string, ...values: readonly string[] ): string {
	return text.replace( /%(?:(\d)\$)?s/g, ( _match, place?: string ) => values[ place === undefined ? 0 : Number( place ) - 1 ] ?? '' );
}

/** A page's title without the site's own name at its end, which all of them have. */
export function shorten( title: string, names: readonly string[] ): string {
	const ends = names.flatMap( ( name ) => [ '–', '—', '|', '-' ].map( ( separator ) => ` ${ separator } ${ name }` ) );
	const end = ends.find( ( candidate ) => title.endsWith( candidate ) );
	return end === undefined ? title : title.slice( 0, -end.length );
}

/** Most languages' data have a hyphen, which is read as none. */
function minus( text: string ): string {
	return text.replace( '-', '\u2212' );
}

function safely<T>( usual: () => T, otherwise: () => T ): T {
	try {
		return usual();
	} catch {
		return otherwise();
	}
}
