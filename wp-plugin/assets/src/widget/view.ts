/** Puts a state on the page. Whatever comes from visitors goes in as text, never as markup. */

import { fill, Format, shorten } from './format';
import { area, line } from './graph';
import { recordText, trendParts, usualText } from './compared';
import type { Alert, Config, Live, Page, State } from './types';

const COUNTERS = [ 'active', 'visitors_5m', 'visitors_30m', 'visitors_today', 'views_today' ] as const;

export class View {
	private readonly format: Format;

	public constructor(
		private readonly root: HTMLElement,
		private readonly config: Config
	) {
		this.format = new Format( config.locale, config.timezone );
	}

	public show( state: State ): void {
		const { text } = this.config;
		if ( state.kind !== 'live' ) {
			this.say( text[ state.kind ] );
			this.root.classList.add( 'is-stale' );
			return;
		}
		const { live } = state;
		const empty = live.active === 0 && live.views_today === 0;
		this.say( live.stale ? text.stale : empty ? text.noVisitor : '' );
		this.root.classList.toggle( 'is-stale', live.stale === true );
		this.numbers( live );
		this.compared( live );
		if ( live.minutes ) {
			this.graph( live.minutes );
		}
		if ( live.pages ) {
			this.pages( live.pages );
		}
		if ( live.alerts ) {
			this.alerts( live.alerts );
		}
	}

	/** A screen reader speaks this place: only what is new is written. */
	private say( sentence: string ): void {
		this.write( 'state', sentence );
	}

	private numbers( live: Live ): void {
		const about = live.approximate ? '≈\u202f' : '';
		for ( const name of COUNTERS ) {
			this.write( name, about + this.format.number( live[ name ] ) );
		}
		const peak = live.peak ?? { value: live.peak_today ?? 0, time: live.peak_today_at ?? 0 };
		const at = peak.value > 0 && peak.time > 0 ? ' ' + fill( this.config.text.peakAt, this.format.time( peak.time ) ) : '';
		this.write( 'peak', about + this.format.number( peak.value ) + at );
	}

	/** What the numbers compare with. Counters alone do not know: then it stays as it was. */
	private compared( live: Live ): void {
		const { text } = this.config;
		if ( live.trend !== undefined ) {
			const { arrow, word, value } = trendParts( live.trend, this.format, text );
			this.write( 'trend-arrow', arrow );
			this.write( 'trend-word', word );
			this.write( 'trend', value );
		}
		if ( live.usual !== undefined ) {
			this.write( 'usual', usualText( live.usual, this.format, text ) );
		}
		if ( live.record !== undefined ) {
			this.write( 'record', recordText( live.record, this.format, text ) );
		}
		if ( live.yesterday !== undefined ) {
			for ( const name of [ 'visitors', 'views' ] as const ) {
				const value = live.yesterday?.[ name ] ?? null;
				this.write( `${ name }_yesterday`, value === null ? '' : fill( text.yesterday, this.format.number( value ) ) );
			}
		}
	}

	private graph( minutes: readonly number[] ): void {
		const { text } = this.config;
		this.root.querySelector( '.qahm-realtime-area' )?.setAttribute( 'd', area( minutes ) );
		this.root.querySelector( '.qahm-realtime-line' )?.setAttribute( 'd', line( minutes ) );
		this.write( 'graph', fill( text.graph, this.format.number( Math.max( 0, ...minutes ) ) ) );
		this.fill(
			'minutes',
			minutes.map( ( value, index ) => {
				const ago = minutes.length - 1 - index;
				const when = ago === 0 ? text.thisMin : fill( text.minutes, this.format.number( ago ) );
				return row( heading( when ), element( 'td', this.format.number( value ) ) );
			} )
		);
	}

	private pages( pages: readonly Page[] ): void {
		const rows = pages.map( ( page ) => row( this.page( page ), element( 'td', this.format.number( page.active ) ) ) );
		this.fill( 'pages', rows.length > 0 ? rows : [ row( wide( this.config.text.noPage ) ) ] );
	}

	private page( { path, title }: Page ): HTMLElement {
		const { front, home, names } = this.config;
		// Only a path can be followed: "(other)" stands for many pages.
		if ( ! path.startsWith( '/' ) ) {
			return heading( title || path );
		}
		const cell = heading( '' );
		const link = element( 'a', ( path === front ? title : shorten( title, names ) ) || path );
		link.setAttribute( 'href', home + path );
		link.title = title || path;
		cell.append( link );
		return cell;
	}

	private alerts( alerts: readonly Alert[] ): void {
		const { text } = this.config;
		const items = alerts.slice( 0, 5 ).map( ( alert ) => {
			const item = element(
				'li',
				fill(
					alert.until === null ? text.raised : text.resolved,
					text.alerts[ alert.type ] ?? alert.type,
					this.format.number( alert.value ),
					this.format.time( alert.since ),
					alert.until === null ? '' : this.format.time( alert.until )
				)
			);
			item.className = alert.until === null ? 'is-open' : '';
			return item;
		} );
		this.fill( 'alerts', items.length > 0 ? items : [ element( 'li', text.noAlert ) ] );
	}

	/** Writes a text, if it is another one: what stays is not touched, so that a selection or a spoken text goes on. */
	private write( name: string, text: string ): void {
		const place = this.place( name );
		if ( place && place.textContent !== text ) {
			place.textContent = text;
		}
	}

	/** Replaces the rows of a list, if they differ: the link that has the focus stays when nothing changed. */
	private fill( name: string, children: readonly HTMLElement[] ): void {
		const place = this.place( name );
		const wanted = children.map( ( child ) => child.outerHTML ).join( '' );
		if ( place && place.innerHTML !== wanted ) {
			place.replaceChildren( ...children );
		}
	}

	private place( name: string ): Element | null {
		return this.root.querySelector( `[data-qahm-realtime="${ name }"]` );
	}
}

function element( name: string, text: string ): HTMLElement {
	const made = document.createElement( name );
	made.textContent = text;
	return made;
}

/** The cell that names its row. */
function heading( text: string ): HTMLElement {
	const made = element( 'th', text );
	made.setAttribute( 'scope', 'row' );
	return made;
}

/** A cell as wide as the table. */
function wide( text: string ): HTMLElement {
	const made = element( 'td', text );
	made.setAttribute( 'colspan', '2' );
	return made;
}

function row( ...cells: readonly HTMLElement[] ): HTMLElement {
	const made = document.createElement( 'tr' );
	made.append( ...cells );
	return made;
}
