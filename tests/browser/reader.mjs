// A visitor whose network is watched: see wire.mjs.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { CHROME, SITE, launch } from './browser.mjs';
import { Wire } from './wire.mjs';

/** Text that makes a page long enough to scroll: four screens and more. */
export const LONG = '<div style="height:4000px">long</div>';

/**
 * Gives the tests of a file a browser and a network each.
 *
 * @param {object} options How Chromium is launched, beside the usual.
 * @return {Function} async ( test, path, { insert, context, prepare, … of the wire } ) => { wire, page, context, thrown }, all closed after the test.
 */
export function readers( options = {} ) {
	let browser;
	before( async () => {
		browser = await launch( options );
	} );
	after( () => browser?.close() );

	return async ( t, path, { insert, context: more, prepare, ...network } = {} ) => {
		const wire = Object.assign( await Wire.open(), network );
		if ( insert ) {
			wire.inserts.set( path.split( '?' )[ 0 ], insert );
		}
		const context = await browser.newContext( { userAgent: CHROME, proxy: wire.proxy, viewport: { width: 1000, height: 800 }, ...more } );
		const page = await context.newPage();
		/** What the page's own scripts got to hear. */
		const thrown = [];
		page.on( 'pageerror', ( error ) => thrown.push( error.message ) );
		t.after( async () => {
			try {
				// The pages say goodbye, so that the site is empty for who comes next.
				await Promise.all( context.pages().map( leave ) );
				await wire.until( () => wire.views.every( ( { events } ) => events.some( ( event ) => event?.[ 0 ] === 'l' ) ), 'all views have ended', 2000 ).catch( () => {} );
			} finally {
				await context.close();
				await wire.close();
			}
		} );
		await prepare?.( page, context );
		await page.goto( SITE + path );
		return { wire, page, context, thrown };
	};
}

/** Closes a page as a person does: it is told. */
export async function leave( page ) {
	const closed = page.isClosed() || page.waitForEvent( 'close' );
	await page.close( { runBeforeUnload: true } ).catch( () => {} ); // It may just have gone.
	await closed;
}

/** Waits until the second file of the tracker is at work: what the page tells it comes out. */
export async function equipped( { page, wire } ) {
	await page.evaluate( () => window.qahmRealtime.track( 'ready' ) );
	await wire.event( 'g', 'ready' );
}

/** Has WordPress run this code before plugins, until the tests of the file are over. */
export function inside( code ) {
	const folder = join( process.env.QAHM_TEST_WP_DIR, 'wp-content/mu-plugins' );
	const file = join( folder, 'qahm-realtime-browser-test.php' );
	before( () => {
		mkdirSync( folder, { recursive: true, mode: 0o755 } );
		writeFileSync( file, `<?php\n${ code }`, { mode: 0o644 } );
	} );
	after( () => rmSync( file, { force: true } ) );
}
