/** Messages that were deflated once for everybody. */

/** The engine flushes instead of finishing, so that the same bytes fit into a longer stream: an empty last block ends it here. */
const END = new Uint8Array( [ 1, 0, 0, 255, 255 ] );

/** Whether this browser can unpack. */
export function unpacks(): boolean {
	try {
		new DecompressionStream( 'deflate-raw' );
		return true;
	} catch {
		return false;
	}
}

/** The JSON in a packed message. */
export async function unpack( bytes: ArrayBuffer | Uint8Array< ArrayBuffer > ): Promise< unknown > {
	const packed = new Blob( [ bytes, END ] ).stream().pipeThrough( new DecompressionStream( 'deflate-raw' ) );
	return new Response( packed ).json();
}
