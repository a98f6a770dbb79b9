/**
 * The live channel for dashboards: the figures of a site, pushed while they change.
 *
 *     import { connect } from '…/plugins/qahm-realtime/assets/build/live.js'; // or window.QahmRealtimeLive.connect
 *
 *     const channel = connect( config ); // what WordPress printed: see Config
 *     channel.on( 'live', ( { active } ) => show( active ) );
 *     channel.on( 'status', ( { state, rung, stale } ) => … );
 *     channel.filter( { country: 'FR' } );
 *
 * It chooses the best way that works (WebSocket, server-sent events, polling), comes back by itself, renews its token, shares
 * one connection among the tabs of a browser, and stops while nobody looks. It never throws; what is wrong is in the status.
 */

import { connect } from './live/connect';

export { connect };
export type { Client, Info, OnState, OnStatus } from './live/client';
export type { Config } from './live/connect';
export type { Ack, Filter, Json, Topic } from './live/message';
export type { Status } from './live/status';

declare global {
	interface Window {
		QahmRealtimeLive?: { readonly connect: typeof connect };
	}
}

window.QahmRealtimeLive = { connect };
