/** Reads the format of server-sent events from whatever pieces it comes in. */

export interface ServerEvent {
	/** 'message' when the server names none. */
	readonly type: string;
	readonly data: string;
	/** The last one that was sent, '' before. */
	readonly id: string;
}

export class EventStream {
	/** Milliseconds to wait before coming back, if the server said so. */
	public retry: number | null = null;

	private readonly decoder = new TextDecoder();
	private line = '';
	/** The last piece ended in CR: an LF that follows belongs to it. */
	private split = false;
	private type = '';
	private data: string[] = [];
	private id = '';

	public constructor( private readonly take: ( event: ServerEvent ) => void ) {}

	/** @param bytes The next piece; it may end anywhere, also within a letter. */
	public push( bytes: Uint8Array ): void {
		let text = this.decoder.decode( bytes, { stream: true } );
		if ( this.split && text !== '' ) {
			this.split = false;
			text = text.startsWith( '\n' ) ? text.slice( 1 ) : text;
		}
		const lines = ( this.line + text ).split( /\r\n|\n|\r/ );
		this.line = lines.pop() ?? '';
		this.split ||= text.endsWith( '\r' );
		lines.forEach( ( line ) => this.read( line ) );
	}

	private read( line: string ): void {
		if ( line === '' ) {
			this.dispatch();
			return;
		}
		const colon = line.indexOf( ':' );
		if ( colon === 0 ) {
			return; // A comment.
		}
		const name = colon < 0 ? line : line.slice( 0, colon );
		const value = colon < 0 ? '' : line.slice( line[ colon + 1 ] === ' ' ? colon + 2 : colon + 1 );
		if ( name === 'data' ) {
			this.data.push( value );
		} else if ( name === 'event' ) {
			this.type = value;
		} else if ( name === 'id' && ! value.includes( '\0' ) ) {
			this.id = value;
		} else if ( name === 'retry' && /^\d+$/.test( value ) ) {
			this.retry = Number( value );
		}
	}

	private dispatch(): void {
		const { type, data } = this;
		this.type = '';
		this.data = [];
		if ( data.length > 0 ) {
			this.take( { type: type || 'message', data: data.join( '\n' ), id: this.id } );
		}
	}
}
