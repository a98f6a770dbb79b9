// Debian's Chromium, driven by playwright-core, and the people in it: visitors and an administrator.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const { QAHM_TEST_URL, QAHM_TEST_USER, QAHM_TEST_PASSWORD } = process.env;
if ( ! QAHM_TEST_URL ) {
	throw new Error( 'These tests need a site: make test STAGES=browser' );
}
export const SITE = QAHM_TEST_URL;

// What the plugin prints.
const WIDGET = '#qahm_realtime_widget';
const ACTIVE = '[data-qahm-realtime="active"]';
const PAGES = '[data-qahm-realtime="pages"]';

/** Screenshots are kept for whoever wants to look; the directory is not part of the repository. */
export const ARTIFACTS = resolve( dirname( fileURLToPath( import.meta.url ) ), '../../artifacts' );
mkdirSync( ARTIFACTS, { recursive: true } );

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [ '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-blink-features=AutomationControlled' ]; // The last: people drive it here, not a robot.

// Headless Chromium names itself a robot; people use these.
export const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** A browser for everybody: each visitor is a profile (context) in it, and every page believes it is visible. */
export const launch = ( options = {} ) => chromium.launch( { executablePath: CHROMIUM, args: FLAGS, ...options } );

/** Removes a profile. Chromium's helpers outlive it for a moment, and write into it until they notice. */
async function remove( profile ) {
	for ( let tries = 100; ; tries-- ) {
		try {
			rmSync( profile, { recursive: true, force: true } );
			return;
		} catch ( error ) {
			if ( tries === 0 ) {
				throw error;
			}
			await pause( 100 );
		}
	}
}

/**
 * A browser for one visitor whose tabs are really hidden when another is in front.
 * Playwright makes every page of a browser it launches believe it is visible; one it merely connects to it leaves alone.
 *
 * @param {...string} flags Chromium's, beside the usual ones.
 */
export async function launchWithTabs( ...flags ) {
	const profile = mkdtempSync( join( tmpdir(), 'qahm-realtime-chromium-' ) );
	const child = spawn( CHROMIUM, [ '--headless', ...FLAGS, ...flags, `--user-agent=${ CHROME }`, '--remote-debugging-port=0', `--user-data-dir=${ profile }`, 'about:blank' ], {
		stdio: [ 'ignore', 'ignore', 'pipe' ],
	} );
	const exited = new Promise( ( done ) => child.on( 'exit', done ) );
	let said = '';
	const address = await new Promise( ( found, failed ) => {
		child.stderr.on( 'data', ( data ) => {
			said += data;
			const [ url ] = /ws:\/\/\S+/.exec( said ) ?? [];
			if ( url ) {
				found( url );
			}
		} );
		exited.then( () => failed( new Error( `Chromium did not start: ${ said }` ) ) );
	} );
	const browser = await chromium.connectOverCDP( address, { noDefaults: true } );
	const close = async () => {
		child.kill();
		await exited;
		await remove( profile );
	};
	return { context: browser.contexts()[ 0 ], close };
}

/**
 * A browser that opens a page and is left alone with it: nothing is attached, as there is for nobody at home.
 *
 * @param {string}    url   The page.
 * @param {...string} flags Chromium's, beside the usual ones.
 * @return {Function} Ends it.
 */
export function launchAlone( url, ...flags ) {
	const profile = mkdtempSync( join( tmpdir(), 'qahm-realtime-chromium-' ) );
	const child = spawn( CHROMIUM, [ '--headless', ...FLAGS, ...flags, `--user-agent=${ CHROME }`, `--user-data-dir=${ profile }`, '--remote-debugging-port=0', url ], { stdio: 'ignore' } );
	const exited = new Promise( ( done ) => child.on( 'exit', done ) );
	return async () => {
		child.kill();
		await exited;
		await remove( profile );
	};
}

/** A person with a browser profile of their own. Everybody here has the same address: 127.0.0.1. */
export class Visitor {
	static async arrive( browser, path = '/', userAgent = CHROME ) {
		const visitor = new Visitor( await browser.newContext( { userAgent } ) );
		visitor.page = await visitor.open( path );
		return visitor;
	}

	constructor( context ) {
		this.context = context;
	}

	/** Opens a page in a new tab. */
	async open( path ) {
		const page = await this.context.newPage();
		await page.goto( SITE + path );
		return page;
	}

	/** Opens a page in a new window. */
	async openWindow( path ) {
		const opened = this.context.waitForEvent( 'page' );
		const session = await this.context.newCDPSession( this.context.pages()[ 0 ] );
		await session.send( 'Target.createTarget', { url: SITE + path, newWindow: true } );
		return opened;
	}

	/** Closes a tab as a person does: the page is told. */
	async close( page = this.page ) {
		const closed = page.waitForEvent( 'close' );
		await page.close( { runBeforeUnload: true } );
		await closed;
	}

	/** Closes all tabs. The profile stays until the browser ends: its last messages are on their way. */
	async leave() {
		await Promise.all( this.context.pages().map( ( page ) => this.close( page ) ) );
	}
}

/** An administrator in front of the dashboard, and what its widget says. */
export class Administrator {
	static async login( browser ) {
		const context = await browser.newContext( { viewport: { width: 1280, height: 900 } } );
		const page = await context.newPage();
		await page.goto( `${ SITE }/wp-login.php` );
		// Both at once, not typed: a little after it is loaded the page moves the cursor into the first field.
		await page.evaluate( ( values ) => Object.entries( values ).forEach( ( [ id, value ] ) => {
			document.getElementById( id ).value = value;
		} ), { user_login: QAHM_TEST_USER, user_pass: QAHM_TEST_PASSWORD } );
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

	/** Waits until the widget says what the numbers of a site that is new compare with. */
	async compares() {
		const says = ( place, text ) => this.page.locator( `[data-qahm-realtime="${ place }"]` ).filter( { hasText: text } ).waitFor( { timeout: 70_000 } ); // The engine looks back once a minute.
		await says( 'usual', /^Usual known in [1-7] days?$/ );
		await says( 'peak', /^\d+ at \d\d:\d\d$/ );
	}

	/** Waits until this page is among those being looked at. */
	async lists( title ) {
		await this.page.locator( PAGES ).getByText( title ).waitFor( { timeout: 20_000 } );
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

