/**
 * The token that opens the channel. WordPress gives it to who is logged in and begins a chain with it; live.php renews it
 * without WordPress until the chain ends.
 */

import { isObject } from './message';
import { request, type Answer } from './request';
import { Over, Trouble } from './trouble';

/** What the page says about tokens. */
export interface TokenConfig {
	readonly token: string | null;
	/** REST route that gives a new token. */
	readonly renew: string;
	readonly nonce: string;
	/** Where WordPress gives a new nonce to who is still logged in. */
	readonly nonceUrl: string;
	/** Address of live.php, with the site in its query. */
	readonly live: string;
}

const CHAIN = 600_000; // ms from the check by WordPress
const MARGIN = 1000; // a token that ends within this may be late
const SOON = 60_000; // a chain that ends within this is not worth another link

/** What admin-ajax.php says to who is not logged in, and what a nonce looks like: a page that says something else is none. */
const NO = /^(0|-1)$/;
const NONCE = /^[\w-]{2,64}$/;

export class Token {
	private value: string | null;
	private nonce: string;
	/** Milliseconds by which the server's clock is ahead of ours. */
	private skew = 0;
	private renewal: Promise< string > | null = null;

	public constructor( private readonly config: TokenConfig ) {
		this.value = config.token;
		this.nonce = config.nonce;
		this.learn();
	}

	/**
	 * The token there is, or a new one.
	 *
	 * @throws Over when the user is logged out.
	 */
	public get(): Promise< string > {
		const { expires } = this.claims();
		return this.value === null || ( expires > 0 && this.until( expires ) < MARGIN ) ? this.renew() : Promise.resolve( this.value );
	}

	/** For requests to WordPress itself. */
	public pass(): string {
		return this.nonce;
	}

	/** What live.php gave with its answer: null at the end of the chain. */
	public next( token: unknown ): void {
		this.value = typeof token === 'string' ? token : null;
	}

	/** The engine's clock, in Unix seconds, as just heard. */
	public clock( seconds: number ): void {
		this.skew = seconds * 1000 - Date.now();
	}

	/** Milliseconds from now until the server's clock says so many seconds. */
	public until( seconds: number ): number {
		return seconds * 1000 - this.skew - Date.now();
	}

	/** Milliseconds for which the token that there is will do; 0 when that is not known. */
	public life(): number {
		const { expires } = this.claims();
		return Math.max( 0, this.until( expires ) );
	}

	/** A link more in the chain, which costs the server next to nothing, or a new chain when this one soon ends. */
	public prolong(): Promise< string > {
		const end = this.until( this.claims().chain ) + CHAIN;
		return this.once( async () => ( end > SOON && ( await this.link() ) ) || this.ask() );
	}

	/**
	 * A new token from WordPress.
	 *
	 * @throws Over when the user is logged out, or may not see the figures any more.
	 * @throws Trouble when WordPress does not answer.
	 */
	public renew(): Promise< string > {
		return this.once( () => this.ask() );
	}

	/** Whoever wants one meanwhile gets the same. */
	private once( how: () => Promise< string > ): Promise< string > {
		this.renewal ??= how().finally( () => {
			this.renewal = null;
		} );
		return this.renewal;
	}

	private async link(): Promise< string | null > {
		try {
			const url = new URL( this.config.live, location.href );
			url.searchParams.set( 'pages', '1' );
			const answer = await request( url.href, { method: 'POST', headers: { 'X-Qahm-Realtime-Token': this.value ?? '' } } );
			this.next( answer.ok && isObject( answer.json ) ? answer.json[ 'token' ] : null );
		} catch {
			this.value = null;
		}
		return this.value;
	}

	private async ask(): Promise< string > {
		const post = (): Promise< Answer > => request( this.config.renew, { method: 'POST', headers: { 'X-WP-Nonce': this.nonce } } );
		let answer = await post();
		if ( answer.status === 401 || answer.status === 403 ) {
			// A nonce lives a day at most; who is still logged in gets a new one.
			const nonce = await request( this.config.nonceUrl, {} );
			const value = nonce.text.trim();
			if ( isRefusal( nonce ) || ( nonce.ok && NO.test( value ) ) ) {
				throw new Over( 'loggedOut' );
			}
			if ( ! nonce.ok || ! NONCE.test( value ) ) {
				throw new Trouble( `nonce ${ nonce.status }` );
			}
			this.nonce = value;
			answer = await post();
			if ( isRefusal( answer ) ) {
				throw new Over( 'loggedOut' );
			}
		}
		const token = answer.ok && isObject( answer.json ) ? answer.json[ 'token' ] : null;
		if ( typeof token !== 'string' ) {
			throw new Trouble( answer.ok ? 'no token' : `token ${ answer.status }` );
		}
		this.value = token;
		this.learn();
		return token;
	}

	/** A chain begins when WordPress looked at its clock, which was just now. */
	private learn(): void {
		const { chain } = this.claims();
		if ( chain > 0 ) {
			this.clock( chain );
		}
	}

	/** The times in the token, in Unix seconds; 0 when it cannot be read. It is no secret, only signed. */
	private claims(): { expires: number; chain: number } {
		try {
			const payload = atob( ( this.value?.split( '.' )[ 1 ] ?? '' ).replace( /-/g, '+' ).replace( /_/g, '/' ) );
			const view = new DataView( Uint8Array.from( payload, ( letter ) => letter.charCodeAt( 0 ) ).buffer );
			// A byte for the purpose, then four numbers of eight bytes: site, user, end, begin of the chain.
			return { expires: Number( view.getBigUint64( 17, true ) ), chain: Number( view.getBigUint64( 25, true ) ) };
		} catch {
			return { expires: 0, chain: 0 };
		}
	}
}

/** Whether it is WordPress that refuses. What stands before it (a firewall, a limit, a proxy) says nothing of who is logged in. */
function isRefusal( { status, text, json }: Answer ): boolean {
	const code = isObject( json ) ? json[ 'code' ] : null;
	return [ 400, 401, 403 ].includes( status ) && ( NO.test( text.trim() ) || ( typeof code === 'string' && /^(rest|qahm)_/.test( code ) ) );
}
