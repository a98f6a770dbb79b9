// Debian's Chromium, driven by playwright-core, and the people in it: visitors and an administrator.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium } from 'playwright-core';

const { QAHM_TEST_URL, QAHM_TEST_USER, QAHM_TEST_PASSWORD } = process.env;
if ( ! QAHM_TEST_URL ) {
	throw new Error( 'These tests need a site: make test STAGES=browser' );
}
export const SITE = QAHM_TEST_URL;

/** Screenshots are kept for whoever wants to look; the directory is not part of the repository. */
export const ARTIFACTS = resolve( import.meta.dirname ?? new URL( '.', import.meta.url ).pathname, '../../artifacts' );
mkdirSync( ARTIFACTS, { recursive: true } );

/** A browser of its own, without anything it would fetch or send by itself. */
export const launch = ( options = {} ) =>
	chromium.launch( {
		executablePath: '/usr/bin/chromium',
		args: [
			'--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
			'--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-dev-shm-usage',
		],
		...options,
	} );

export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** A person with a browser profile of their own; visitors of a test can have the same or different user agents. */
export async function visitor( browser, options = {} ) {
	const context = await browser.newContext( { userAgent: undefined, ...options } );
	return { context, page: await context.newPage(), leave: () => context.close() };
}

/** An administrator in front of the dashboard, and what its widget says. */
export class Administrator {
	static async login( browser ) {
		const context = await browser.newContext( { viewport: { width: 1280, height: 900 } } );
		const page = await context.newPage();
		await page.goto( `${ SITE }/wp-login.php` );
		await page.fill( '#user_login', QAHM_TEST_USER );
		await page.fill( '#user_pass', QAHM_TEST_PASSWORD );
		await page.click( '#wp-submit' );
		await page.waitForSelector( '#wpadminbar' );
		return new Administrator( context, page );
	}

	constructor( context, page ) {
		this.context = context;
		this.page = page;
	}

	async openDashboard() {
		await this.page.goto( `${ SITE }/wp-admin/index.php` );
		await this.page.waitForSelector( WIDGET );
	}

	/** Waits until the widget shows this many visitors. */
	async sees( active, timeout = 20_000 ) {
		try {
			await this.page.waitForFunction( ( [ selector, wanted ] ) => document.querySelector( selector )?.textContent.trim() === wanted, [ ACTIVE, String( active ) ], { timeout } );
		} catch ( error ) {
			const shown = await this.page.locator( WIDGET ).innerText().catch( () => 'no widget' );
			throw new Error( `The widget was to show ${ active }; it shows:\n${ shown }`, { cause: error } );
		}
	}

	/** Notes every value the widget shows from now on. The result is a function that returns them. */
	async watch() {
		await this.page.evaluate( ( selector ) => {
			const note = () => {
				const value = document.querySelector( selector )?.textContent.trim();
				if ( window.seen.at( -1 ) !== value ) {
					window.seen.push( value );
				}
			};
			window.seen = [];
			note();
			new MutationObserver( note ).observe( document.body, { subtree: true, childList: true, characterData: true, attributes: true } );
		}, ACTIVE );
		return () => this.page.evaluate( () => window.seen );
	}
}

export const WIDGET = '#qahm_realtime_widget';
export const ACTIVE = '[data-qahm-live="active"]';
