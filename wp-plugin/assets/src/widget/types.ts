/** What PHP hands to the widget, and what the live channel gives. */

import type { Config as ChannelConfig } from '../live/connect';

export interface Config extends Omit< ChannelConfig, 'topics' > {
	/** Origin of the site, for links to its pages. */
	readonly home: string;
	/** Path of the site's front page. */
	readonly front: string;
	/** What the site is called in the titles of its pages. */
	readonly names: readonly string[];
	readonly locale: string;
	readonly timezone: string;
	readonly text: Texts;
}

export type Texts = Readonly<
	Record<
		| 'noEngine'
		| 'stale'
		| 'noVisitor'
		| 'loggedOut'
		| 'address'
		| 'offline'
		| 'noPage'
		| 'noAlert'
		| 'peakAt'
		| 'record'
		| 'yesterday'
		| 'noTrend'
		| 'rising'
		| 'falling'
		| 'steady'
		| 'inFive'
		| 'usual'
		| 'percent'
		| 'raised'
		| 'resolved'
		| 'minutes'
		| 'thisMin'
		| 'graph',
		string
	>
> & {
	readonly alerts: Readonly<Record<string, string>>;
	/** Words for below, as usual, above. */
	readonly states: Readonly<Record<string, string>>;
	/** Sentences for: known in one day, in two, and so on. */
	readonly usualIn: readonly string[];
};

export interface Page {
	readonly path: string;
	readonly title: string;
	readonly active: number;
}

export interface Alert {
	readonly type: string;
	readonly level: string;
	/** Unix seconds. */
	readonly since: number;
	readonly until: number | null;
	readonly value: number;
}

/** The last 5 minutes against the 5 before: means of the highest number of each. */
export interface Trend {
	readonly now: number;
	readonly before: number;
	readonly direction: 'up' | 'down' | 'same';
	/** Only where both are no small numbers. */
	readonly percent: number | null;
}

/** What this hour usually has; all null while that is not known, but for the days until it is. */
export interface Usual {
	readonly low: number | null;
	readonly high: number | null;
	readonly state: string | null;
	readonly percent: number | null;
	readonly days: number | null;
}

/** The counters are always there; with `stale` they may be all there is, or all of it may be old. */
export interface Live {
	readonly active: number;
	readonly visitors_5m: number;
	readonly visitors_30m: number;
	readonly visitors_today: number;
	readonly views_today: number;
	readonly approximate: boolean;
	readonly stale?: boolean;
	readonly peak?: { readonly value: number; readonly time: number };
	readonly trend?: Trend | null;
	readonly usual?: Usual | null;
	/** The highest peak of an earlier day, `date` as 2026-11-03. */
	readonly record?: { readonly value: number; readonly date: string } | null;
	/** Yesterday to this time of day. */
	readonly yesterday?: { readonly visitors: number | null; readonly views: number | null } | null;
	/** The peak, when the counters answer alone. */
	readonly peak_today?: number;
	readonly peak_today_at?: number;
	readonly pages?: readonly Page[];
	/** Highest number of each of the last 30 minutes, oldest first. */
	readonly minutes?: readonly number[];
	readonly alerts?: readonly Alert[];
}

/** What the channel tells the view. */
export type State =
	| { readonly kind: 'live'; readonly live: Live }
	| { readonly kind: 'noEngine' | 'loggedOut' | 'address' | 'offline' };
