/** Requests that end: a server that says nothing is given up. */

const PATIENCE = 10_000; // ms

export async function request( url: string, options: RequestInit ): Promise< Response > {
	const abort = new AbortController();
	const timer = setTimeout( () => abort.abort(), PATIENCE );
	const outer = options.signal;
	const stop = (): void => abort.abort();
	outer?.addEventListener( 'abort', stop );
	try {
		return await fetch( url, { credentials: 'same-origin', cache: 'no-store', ...options, signal: abort.signal } );
	} finally {
		clearTimeout( timer );
		outer?.removeEventListener( 'abort', stop );
	}
}

/** Milliseconds that a busy server wants to be left alone, null when it does not say. */
export function retryAfter( answer: Response ): number | null {
	const said = answer.headers.get( 'Retry-After' );
	if ( said === null ) {
		return null;
	}
	const seconds = /^\s*\d+\s*$/.test( said ) ? Number( said ) : ( Date.parse( said ) - Date.now() ) / 1000;
	return Number.isFinite( seconds ) ? Math.min( 300, Math.max( 0, seconds ) ) * 1000 : null;
}
