// The live channel: from a click to another browser's page, from the ring to 200 sockets, memory of idle dashboards, the engine's collector.
import { spawn } from 'node:child_process';
import { chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { REPOSITORY, USER, privateDir } from '../demo/place.mjs';
import { freePort, runningFile, until } from '../demo/process.mjs';
import { PHP_ENVIRONMENT } from '../demo/servers.mjs';
import { round } from './collector.mjs';
import { status } from './engine.mjs';
import { median } from './figures.mjs';

const CLICKS = 300;
const EVENTS_PER_SECOND = 1000;
const PUSHES = 300;
const DASHBOARDS = 200;
const IDLE = 2000;
const ROUNDS = 11;

const percentile = ( values, part ) => [ ...values ].sort( ( a, b ) => a - b )[ Math.min( values.length - 1, Math.ceil( values.length * part ) - 1 ) ];

export async function live( { figures, site, id, collect } ) {
	// wrk speaks no Unix sockets, so the engine listens on a port here.
	const address = `127.0.0.1:${ await freePort() }`;
	await site.start( { settings: { 'opcache.revalidate_freq': 2, 'qahm_realtime.listen': address } } );
	const direct = `http://${ address }`;
	await fetch( site.url );
	process.env.QAHM_TEST_URL = site.url;
	process.env.QAHM_TEST_DIR = site.dir;
	process.env.QAHM_TEST_RUN_DIR = site.run;
	process.env.QAHM_TEST_WP_DIR = site.wordpress;
	process.env.QAHM_TEST_USER = site.user;
	process.env.QAHM_TEST_PASSWORD = site.password;
	const tests = await import( '../tests/live/site.mjs' );
	await tests.ready();
	const scene = { figures, site, id, collect, direct, ...tests };
	await frames( scene );
	await memory( scene );
	await collectors( scene, { direct: [ `${ direct }/qahm-live/collect`, new URL( site.url ).host ] } );
	// Through nginx on its Unix socket, as it listens when nothing is set.
	await site.start( { settings: { 'opcache.revalidate_freq': 2 } } );
	await tests.ready();
	await collectors( scene, { proxied: [ `${ site.url }/qahm-live/collect` ] } );
	await clicks( scene );
}

/** bench/traffic.php on the site's ring, until it ends or is ended. */
function traffic( { site, id }, rate, seconds ) {
	const script = join( privateDir( join( site.dir, 'bench' ) ), 'traffic.php' );
	copyFileSync( join( REPOSITORY, 'bench/traffic.php' ), script );
	chownSync( script, USER.uid, USER.gid );
	const child = spawn( 'php8.2', [ '-c', join( site.dir, 'conf/php.ini' ), '-d', 'qahm_realtime.cli=1', script, id, new URL( site.url ).host, String( rate ), String( seconds ) ], {
		uid: USER.uid, gid: USER.gid, cwd: '/', env: { ...process.env, ...PHP_ENVIRONMENT }, stdio: [ 'pipe', 'pipe', 'inherit' ],
	} );
	let said = '';
	child.stdout.on( 'data', ( data ) => ( said += data ) );
	const ended = new Promise( ( done ) => child.on( 'close', () => done( Number( said ) ) ) );
	return { child, ended };
}

/** From the ring to the sockets of 200 dashboards; the engine alone, no web server between. */
async function frames( { figures, site, id, direct, mint, markOf } ) {
	const { Dashboard } = await import( '../tests/live/crowd.mjs' );
	const token = mint();
	const delays = [];
	const now = () => performance.timeOrigin + performance.now();
	const heard = ( _, message ) => {
		const at = now();
		for ( const [ path, rows ] of message.ops ?? [] ) {
			for ( const row of path === 'events+' ? rows : [] ) {
				const mark = markOf( row );
				if ( mark?.startsWith( 'push-' ) ) {
					delays.push( at - Number( mark.slice( 5 ) ) / 1000 );
				}
			}
		}
	};
	const crowd = Array.from( { length: DASHBOARDS }, ( _, n ) => new Dashboard( { to: direct, token, topics: [ 'live', 'events' ], headers: { 'X-Real-IP': `81.3.0.${ n % 250 }` }, heard } ) );
	await Promise.all( crowd.map( ( one ) => one.insist() ) );
	const { child, ended } = traffic( { site, id }, 0, 0 );
	await pause( 1000 );
	delays.length = 0;
	for ( let n = 0; n < PUSHES; n++ ) {
		child.stdin.write( '\n' );
		await pause( 40 + Math.random() * 80 );
	}
	await until( () => delays.length >= PUSHES * DASHBOARDS, 5000 );
	child.stdin.end();
	await ended;
	crowd.forEach( ( one ) => one.close() );
	if ( delays.length !== PUSHES * DASHBOARDS ) {
		throw new Error( `${ PUSHES } events came ${ delays.length } times to ${ DASHBOARDS } dashboards` );
	}
	const how = `from the push to the read message, ${ PUSHES } events at ${ DASHBOARDS } dashboards with the topics live and events, all read by one Node process on the same machine`;
	figures.add( 'push_to_frame_p50_ms', percentile( delays, 0.5 ), 'ms', how );
	figures.add( 'push_to_frame_p99_ms', percentile( delays, 0.99 ), 'ms', how );
}

/** What a dashboard costs the engine that follows and has nothing to hear. */
async function memory( { figures, site, direct, mint } ) {
	const { Dashboard } = await import( '../tests/live/crowd.mjs' );
	const [ { pid } ] = runningFile( site.engine );
	const used = () => Number( /^RssAnon:\s+(\d+) kB$/m.exec( readFileSync( `/proc/${ pid }/status`, 'utf8' ) )[ 1 ] ) * 1024;
	const token = mint();
	const before = used();
	const crowd = Array.from( { length: IDLE }, ( _, n ) => new Dashboard( { to: direct, token, headers: { 'X-Real-IP': `81.4.${ n >> 5 & 255 }.1` } } ) );
	for ( let n = 0; n < IDLE; n += 100 ) {
		await Promise.all( crowd.slice( n, n + 100 ).map( ( one ) => one.insist() ) );
	}
	await pause( 2000 );
	const each = ( used() - before ) / IDLE;
	// All at once, as when a web server was restarted; whoever is told to wait does.
	crowd.forEach( ( one ) => one.close() );
	await pause( 1000 );
	const began = performance.now();
	await Promise.all( crowd.map( ( one ) => one.insist() ) );
	const back = ( performance.now() - began ) / 1000;
	const refused = crowd.reduce( ( sum, one ) => sum + ( one.refused ?? 0 ), 0 );
	crowd.forEach( ( one ) => one.close() );
	figures.add( 'bytes_per_dashboard', each, 'B', `anonymous memory of the engine that ${ IDLE } idle dashboards on WebSocket add, divided` );
	figures.add( 'reconnect_all_s', back, 's', `until ${ IDLE } dashboards that lost their connection at once are all back; ${ refused } handshakes were told to wait` );
}

/** The engine's collector beside collect.php, the same beacons in turns. */
async function collectors( { figures, site, id, collect }, way ) {
	const [ [ name, address ] ] = Object.entries( way );
	const rates = { php: [], [ name ]: [] };
	let accepted = 0;
	const before = await status( site, 1500 );
	for ( let number = 0; number <= ROUNDS; number++ ) {
		const pair = [ [ 'php', [ `${ site.url }${ collect }` ] ], [ name, address ] ];
		for ( const [ which, [ url, host ] ] of number % 2 ? pair : pair.reverse() ) {
			const { requests, rate } = round( url, id, 100 + number, host );
			accepted += requests;
			if ( number > 0 ) {
				rates[ which ].push( rate );
			}
		}
	}
	const taken = ( await status( site, 3000 ) ).events - before.events;
	if ( taken < accepted || taken > accepted + ( ROUNDS + 1 ) * 16 ) {
		throw new Error( `${ accepted } beacons were accepted, and the engine has ${ taken }` );
	}
	const infix = name === 'proxied' ? 'proxied_' : '';
	const how = `median of ${ ROUNDS } rounds of 1 s, 8 connections, one view of a new visitor each; ${ accepted } accepted with those of collect.php, all taken in`;
	figures.add( `collect_engine_${ infix }rps`, median( rates[ name ] ), '1/s', `${ infix ? 'the engine through nginx on its Unix socket, connections kept' : 'the engine itself on a port' }; ${ how }` );
	figures.ratio( `collect_engine_${ infix }per_php`, rates[ name ], rates.php, `collect.php ${ Math.round( median( rates.php ) ) }/s` );
}

/** From a visitor's click to the changed page of an administrator, over nginx, while the site is busy. */
async function clicks( scene ) {
	const { figures, site } = scene;
	const { Administrator, Visitor, launch } = await import( '../tests/browser/browser.mjs' );
	const file = join( site.dir, 'conf/nginx.conf' );
	const usual = readFileSync( file, 'utf8' );
	for ( const [ name, rung, conf ] of [ [ 'ws', 'websocket', usual ], [ 'sse', 'events', usual.replace( 'set $qahm_upgrade websocket;', 'set $qahm_upgrade "";' ) ] ] ) {
		writeFileSync( file, conf );
		await site.restart( 'nginx' );
		// As two people: what one page does holds up nothing of the other's.
		const [ theirs, browser ] = [ await launch(), await launch() ];
		const others = traffic( scene, EVENTS_PER_SECOND, 600 );
		try {
			const administrator = await Administrator.login( browser );
			await administrator.openDashboard();
			const config = JSON.parse( await administrator.page.locator( '#qahm_realtime' ).getAttribute( 'data-config' ) );
			await administrator.page.goto( `${ site.url }/wp-admin/profile.php` );
			await administrator.page.evaluate( show, { script: `${ site.url }/wp-content/plugins/qahm-realtime/assets/build/live.js`, config } );
			await administrator.page.waitForFunction( () => window.rung && document.querySelector( '#feed' ).textContent, undefined, { timeout: 20_000 } );
			const used = await administrator.page.evaluate( () => window.rung );
			if ( used !== rung ) {
				throw new Error( `The dashboard came to ${ used } instead of ${ rung }` );
			}
			const visitor = await Visitor.arrive( theirs, '/about/' );
			await visitor.page.evaluate( button, name );
			const delays = [];
			for ( let n = -20; n < CLICKS; n++ ) {
				const clicked = visitor.page.evaluate( () => new Promise( ( done ) => ( window.clicked = done ) ) );
				await visitor.page.click( '#bench' );
				const { at, event } = await clicked;
				const shown = await administrator.page.waitForFunction( ( wanted ) => window.shown[ wanted ], event, { timeout: 10_000, polling: 20 } );
				if ( n >= 0 ) {
					delays.push( await shown.jsonValue() - at );
				}
				await pause( 110 + Math.random() * 100 ); // The tracker sends ten beacons a second at most: a click that must wait for the one before is another thing.
			}
			const how = `a real click in Chromium → tracker → collect.php → engine → nginx → the client library → a list in a page of another Chromium; ${ CLICKS } clicks beside ${ EVENTS_PER_SECOND } events/s`;
			figures.add( `click_to_dom_${ name }_p50_ms`, percentile( delays, 0.5 ), 'ms', how );
			figures.add( `click_to_dom_${ name }_p99_ms`, percentile( delays, 0.99 ), 'ms', how );
		} finally {
			others.child.kill();
			await others.ended;
			await theirs.close();
			await browser.close();
		}
	}
	writeFileSync( file, usual );
	await site.restart( 'nginx' );
}

/** In the administrator's page: a list of what happens, and when each click was first in it. */
async function show( { script, config } ) {
	localStorage.clear();
	const { connect } = await import( script );
	const feed = document.createElement( 'ol' );
	feed.id = 'feed';
	document.body.prepend( feed );
	window.shown = {};
	new MutationObserver( ( changes ) => {
		const at = performance.timeOrigin + performance.now();
		for ( const { addedNodes } of changes ) {
			for ( const { textContent } of addedNodes ) {
				const [ click ] = /click-\w+-\d+/.exec( textContent ) ?? [];
				window.shown[ click ] ??= at;
			}
		}
	} ).observe( feed, { childList: true } );
	const channel = connect( { ...config, topics: [ 'events' ] } );
	channel.on( 'status', ( { rung } ) => ( window.rung = rung ) );
	let last = 0;
	channel.on( 'events', ( { events } ) => {
		const fresh = events.filter( ( { id } ) => id > last );
		last = events[ 0 ]?.id ?? last;
		feed.prepend( ...fresh.map( ( { kind, name, target, what } ) => Object.assign( document.createElement( 'li' ), { textContent: [ kind, name, target, what ].join( ' ' ) } ) ) );
		while ( feed.children.length > 50 ) {
			feed.lastElementChild.remove();
		}
	} );
}

/** In the visitor's page: a button, after each click another one, for the tracker tells of one element once a second. It tells what stands on it. */
function button( name ) {
	let number = 0;
	const make = () => {
		const element = Object.assign( document.createElement( 'button' ), { id: 'bench', type: 'button', textContent: `click-${ name }-${ number++ }` } );
		element.addEventListener( 'click', ( { timeStamp } ) => {
			window.clicked( { at: performance.timeOrigin + timeStamp, event: element.textContent } );
			setTimeout( () => element.replaceWith( make() ) );
		} );
		return element;
	};
	document.body.prepend( make() );
}
