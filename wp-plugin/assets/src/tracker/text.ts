/** Texts and addresses as the collector takes them: bounded, without control characters, and without what is nobody's business. */

/** One line of at most `length` characters. */
export const line = ( text: unknown, length: number ): string =>
	String( text ?? '' )
		.replace( /[\s\0-\x1f]+/g, ' ' )
		.trim()
		.slice( 0, length )
		.replace( /[\ud800-\udfff]/gu, '' ); // Half of a pair that the cut has left.

/** Bytes of a text in UTF-8. */
export const bytes = ( text: string ): number => new TextEncoder().encode( text ).length;

/** An address in the page, or undefined for what is none. */
export const address = ( text: string | null | undefined ): URL | undefined => {
	try {
		return new URL( text ?? '', document.baseURI );
	} catch {
		return undefined;
	}
};

/** Whether an address is of this site. */
export const own = ( url: URL ): boolean => url.host === location.host;

/** Host and path; never the query, the fragment or a password. */
export const place = ( url: URL ): string => ( url.host + url.pathname ).slice( 0, 300 );
