/** Which rung worked last time, so that the next page begins with it. It is the admin area: nothing of a visitor is stored. */

import { isObject } from './message';
import type { RungName } from './rung';

const DAY = 86_400_000; // ms
const HOUR = 3_600_000; // ms

/** Why each rung that does not work does not. */
export type Reasons = Partial< Record< RungName, string > >;

export class Memory {
	private readonly key: string;

	/** @param site Id of the site: several may share an address. */
	public constructor( site: string ) {
		this.key = `qahm_realtime_live_${ site }`;
	}

	/** Null when nothing is known, or what is known is older than a day: then all rungs are tried again. */
	public load(): { rung: string; reasons: Reasons } | null {
		const known = read( this.key, DAY );
		return known !== null && typeof known[ 'rung' ] === 'string' ? { rung: known[ 'rung' ], reasons: isObject( known[ 'reasons' ] ) ? known[ 'reasons' ] : {} } : null;
	}

	public save( rung: RungName, reasons: Reasons ): void {
		write( this.key, { rung, reasons } );
	}

	/** Whether WordPress should hear of this way: it has not within the hour, or it was another one. */
	public tells( rung: RungName, reasons: Reasons ): boolean {
		const report = JSON.stringify( [ rung, reasons ] );
		const key = `${ this.key }_told`;
		const isNew = read( key, HOUR )?.[ 'report' ] !== report;
		if ( isNew ) {
			write( key, { report } );
		}
		return isNew;
	}
}

/** What was written not longer ago than this. */
function read( key: string, age: number ): Record< string, unknown > | null {
	try {
		const known: unknown = JSON.parse( localStorage.getItem( key ) ?? 'null' );
		return isObject( known ) && Math.abs( Date.now() - Number( known[ 'time' ] ) ) < age ? known : null;
	} catch {
		return null; // No storage, or something else in its place.
	}
}

function write( key: string, what: object ): void {
	try {
		localStorage.setItem( key, JSON.stringify( { ...what, time: Date.now() } ) );
	} catch {
		// Then every page tries all rungs.
	}
}
