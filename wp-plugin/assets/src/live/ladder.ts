/**
 * Finds the best way to the engine and keeps to it: WebSocket, then server-sent events, then polling. Each rung has 2 s to
 * open, so that it settles within 5 s. A rung below the best is left again when a better one opens.
 */

import type { Climber } from './climber';
import type { Ack, Command, Hello } from './message';
import type { Memory, Reasons } from './memory';
import { Pace } from './pace';
import type { Connection, Rung, RungName, Sink, Wish } from './rung';
import { Rush } from './rush';
import type { Token } from './token';
import { Over, Trouble } from './trouble';

/** A connection that lasts this long worked. */
const STEADY = 10_000; // ms

export class Ladder {
	public readonly reasons: Reasons = {};

	private connection: Connection | null = null;
	/** Place of the connection's rung. */
	private place = -1;
	/** The best rung that has worked, in this page or on the day before. */
	private best: number;
	private attempt: Connection | null = null;
	/** A rung was refused because there is no engine, or it is busy, which says nothing of the way to it. */
	private away = false;
	private readonly rush: Rush;
	/** Counts climbs: what an older one still says is not heard. */
	private climb = 0;
	private failures = 0;
	/** When the connection was opened, milliseconds since 1970. */
	private opened = 0;
	/** From which place on it is tried again after a filter was refused. */
	private refusedAt: number | null = null;
	private timer: Timer;
	private looking: Timer;
	private steady: Timer;
	private readonly pace: Pace;

	/**
	 * @param rungs  Best first.
	 * @param memory Null where it is no finding which of them is used.
	 */
	public constructor(
		private readonly rungs: readonly Rung[],
		private readonly wish: () => Wish,
		private readonly climber: Climber,
		private readonly token: Token,
		private readonly memory: Memory | null,
		random: () => number = Math.random
	) {
		this.pace = new Pace( random );
		this.rush = new Rush( this.pace );
		this.best = rungs.length;
	}

	/** The rung in use. */
	public get rung(): RungName | null {
		return this.connection === null ? null : this.rungs[ this.place ]?.name ?? null;
	}

	public start(): void {
		const known = this.memory?.load();
		const place = this.rungs.findIndex( ( { name } ) => name === known?.rung );
		if ( place >= 0 ) {
			this.best = place;
			Object.assign( this.reasons, known?.reasons );
		}
		void this.try( Math.max( 0, place ) );
	}

	public stop(): void {
		this.climb++;
		[ this.timer, this.looking, this.steady ].forEach( clearTimeout );
		this.attempt?.close();
		this.connection?.close();
		this.attempt = this.connection = this.refusedAt = null;
	}

	public do( command: Command ): Promise< Ack > {
		return this.connection?.do( command ) ?? Promise.resolve( { ok: false, code: 'offline' } );
	}

	/** Gives up the connection, which seems to work and does not. */
	public restart( why: Trouble ): void {
		if ( this.connection !== null ) {
			this.connection.close();
			this.lost( why, STEADY );
		}
	}

	/** Another filter is wished for: if the last one was refused, that is over. */
	public renew(): void {
		if ( this.refusedAt !== null ) {
			this.pace.opened();
			void this.try( this.refusedAt );
		}
	}

	/** Tries rungs from here down, and begins again at the top after a while if none holds. */
	private async try( from: number ): Promise< void > {
		const climb = ++this.climb;
		let after = 0;
		this.away = false;
		this.refusedAt = null;
		for ( const [ place, rung ] of this.rungs.entries() ) {
			if ( place < from ) {
				continue;
			}
			const why = await this.open( place, climb );
			if ( why === null || this.climb !== climb ) {
				return;
			}
			if ( why.kind === 'refused' ) {
				this.refused( why, place );
				return;
			}
			if ( why.kind === 'busy' ) {
				after = Math.max( after, this.rush.left );
				Rush.explain( this.reasons, this.rungs.slice( from, place ) );
				if ( ! this.rush.passes( rung ) ) {
					// It works, but not now, and the rungs below are the same server: they wait, too, the first time.
					this.again( 0, after );
					return;
				}
			}
		}
		this.climber.failed( ++this.failures );
		this.again( 0, Math.max( this.pace.failed(), after ) );
	}

	/** The engine answers, on this rung as on any other. */
	private refused( { reason, after }: Trouble, place: number ): void {
		this.failures = 0;
		this.refusedAt = place;
		this.again( place, Math.max( this.pace.failed(), after === null ? 0 : after + this.pace.within( after / 2 ) ) );
		this.climber.refused( reason );
	}

	/** Tries from a place down after a while, unless something else has begun by then. */
	private again( from: number, wait: number ): void {
		const { climb } = this;
		this.timer = setTimeout( () => this.climb === climb && void this.try( from ), wait );
	}

	/** Tries one rung, twice if a new token may help. @return Why it does not work; null when it does, or when it is all over. */
	private async open( place: number, climb: number ): Promise< Trouble | null > {
		const rung = this.rungs[ place ];
		if ( rung === undefined ) {
			return new Trouble( 'no rung' );
		}
		let why = await this.once( rung, place, climb );
		if ( why instanceof Trouble && why.kind === 'denied' && this.climb === climb ) {
			try {
				await this.token.renew();
				why = this.climb === climb ? await this.once( rung, place, climb ) : why;
			} catch ( error ) {
				why = error instanceof Over ? error : Trouble.from( error );
			}
		}
		if ( why instanceof Over ) {
			this.end( why, climb );
			return null;
		}
		if ( why !== null && why.kind !== 'refused' && this.climb === climb ) {
			this.reasons[ rung.name ] = why.reason;
			this.away ||= why.away || why.kind === 'busy';
			this.rush.note( rung, why );
		}
		return why;
	}

	private once( rung: Rung, place: number, climb: number ): Promise< Trouble | Over | null > {
		return new Promise( ( done ) => {
			let connection: Connection | null = null;
			let isSettled = false;
			const here = (): boolean => ( isSettled ? this.connection === connection : this.climb === climb );
			const failed = ( why: Trouble | Over ): void => {
				clearTimeout( timer );
				this.attempt = null;
				done( why );
			};
			const timer = setTimeout( () => {
				connection?.close();
				failed( new Trouble( 'nothing in time' ) );
			}, rung.patience );
			const sink: Sink = {
				open: ( hello ) => {
					if ( ! isSettled && here() && connection !== null ) {
						clearTimeout( timer );
						isSettled = true;
						this.attempt = null;
						this.settle( rung, connection, place, hello );
						done( null );
					}
				},
				message: ( message ) => here() && this.climber.message( message ),
				beat: ( beat, stale ) => here() && this.climber.beat( beat, this.rush.hang( this.reasons, this.rungs, stale ) ),
				counters: ( live ) => here() && this.climber.counters( live ),
				latency: ( ms ) => here() && this.climber.latency( ms ),
				closed: ( why ) => {
					if ( ! isSettled ) {
						failed( why );
					} else if ( here() ) {
						this.lost( why );
					}
				},
			};
			this.attempt = connection = rung.open( this.wish, sink );
		} );
	}

	private settle( rung: Rung, connection: Connection, place: number, hello: Hello | null ): void {
		this.connection?.close();
		this.connection = connection;
		this.place = place;
		this.away &&= place > 0;
		this.failures = 0;
		this.opened = Date.now();
		this.pace.opened();
		this.rush.note( rung, null );
		delete this.reasons[ rung.name ];
		clearTimeout( this.steady );
		this.steady = setTimeout( () => {
			if ( place <= this.best && ! this.away && ! this.rush.hangs ) {
				this.best = place;
				this.memory?.save( rung.name, this.reasons );
			}
		}, STEADY );
		this.look();
		this.climber.settled( hello );
	}

	/** @param steady How long it should have lived at least, for an unhurried return if it did not; milliseconds. */
	private lost( why: Trouble | Over, steady?: number ): void {
		if ( why instanceof Over ) {
			this.end( why, this.climb );
			return;
		}
		this.connection = null;
		this.attempt?.close();
		[ this.looking, this.steady ].forEach( clearTimeout );
		this.climb++;
		if ( why.kind === 'refused' ) {
			this.refused( why, this.place );
			return;
		}
		let from = this.place;
		if ( why.kind === 'silent' ) {
			// It opens and lets nothing through: another one first, and no hurry to come back.
			const name = this.rungs[ from++ ]?.name;
			if ( name !== undefined ) {
				this.reasons[ name ] = why.reason;
			}
			from = Math.min( from, this.rungs.length - 1 );
			this.best = Math.max( this.best, from );
		}
		const pause = why.after === null ? this.pace.lost( Date.now() - this.opened, steady ) : why.kind === 'busy' ? this.rush.pause( why.after ) : this.pace.within( why.after );
		this.again( from, pause );
		this.climber.lost( pause );
	}

	/** Looks at the better rungs after a while: soon if one of them has worked before. */
	private look(): void {
		clearTimeout( this.looking );
		if ( this.place > 0 ) {
			this.looking = setTimeout( () => void this.lookUp(), Math.max( this.pace.look( this.away || this.best < this.place ), this.rush.left ) );
		} else {
			this.pace.top();
		}
	}

	private async lookUp(): Promise< void > {
		const { climb } = this;
		for ( let place = 0; place < this.place; place++ ) {
			const why = await this.open( place, climb );
			if ( why === null || this.climb !== climb ) {
				return;
			}
			if ( why.kind === 'busy' ) {
				Rush.explain( this.reasons, this.rungs.slice( 0, place ) );
			}
		}
		this.look();
	}

	private end( { state }: Over, climb: number ): void {
		if ( this.climb === climb ) {
			this.stop();
			this.climber.over( state );
		}
	}
}

type Timer = ReturnType< typeof setTimeout > | undefined;
