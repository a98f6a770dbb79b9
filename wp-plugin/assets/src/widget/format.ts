/** Numbers and times in the user's language and the site's time zone. */

export class Format {
	private readonly numbers: Intl.NumberFormat;
	private readonly times: Intl.DateTimeFormat;

	public constructor( locale: string, timezone: string ) {
		const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
		this.numbers = safely( () => new Intl.NumberFormat( locale ), () => new Intl.NumberFormat() );
		this.times = safely(
			() => new Intl.DateTimeFormat( locale, { ...options, timeZone: timezone } ),
			// Older browsers know no zone written as an offset.
			() => new Intl.DateTimeFormat( undefined, options )
		);
	}

	public number( value: number ): string {
		return this.numbers.format( value );
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

function safely<T>( usual: () => T, otherwise: () => T ): T {
	try {
		return usual();
	} catch {
		return otherwise();
	}
}
