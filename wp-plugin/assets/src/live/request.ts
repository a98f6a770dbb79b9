/** Requests that end: a server that says nothing, or stops in the middle, is given up. */

import { Trouble } from './trouble';

const PATIENCE = 10_000; // ms until the whole answer is here

/** An answer that has come to its end. */
export interface Answer {
	readonly status: number;
	/** Whether the status says that all went well. */
	readonly ok: boolean;
	readonly headers: Headers;
	readonly text: string;
	/** What the text says; null where it is no JSON. */
	readonly json: unknown;
}

/** @throws Trouble, or what fetch() throws, when no answer came, or not all of it. */
export async function request( url: string, options: RequestInit ): Promise< Answer > {
	const abort = new AbortController();
	const timer = setTimeout( () => abort.abort( new Trouble( 'nothing in time' ) ), PATIENCE );
	const outer = options.signal;
	const stop = (): void => abort.abort();
	outer?.addEventListener( 'abort', stop );
	if ( outer?.aborted === true ) {
		stop();
	}
	try {
		const answer = await fetch( url, { credentials: 'same-origin', cache: 'no-store', ...options, signal: abort.signal } );
		const text = await answer.text();
		return { status: answer.status, ok: answer.ok, headers: answer.headers, text, json: parse( text ) };
	} finally {
		clearTimeout( timer );
		outer?.removeEventListener( 'abort', stop );
	}
}

/** Milliseconds that a busy server wants to be left alone, null when it does not say. */
export function retryAfter( { headers }: Pick< Answer, 'headers' > ): number | null {
	const said = headers.get( 'Retry-After' );
	if ( said === null ) {
		return null;
	}
	const seconds = /^\s*\d+\s*$/.test( said ) ? Number( said ) : ( Date.parse( said ) - Date.now() ) / 1000;
	return Number.isFinite( seconds ) ? Math.min( 300, Math.max( 0, seconds ) ) * 1000 : null;
}

function parse( text: string ): unknown {
	try {
		return JSON.parse( text );
	} catch {
		return null;
	}
}
