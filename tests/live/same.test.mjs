// Dashboards on all three rungs, three of them programs after the documentation, three the plugin's client in browsers, while
// everything between them and the visitors is cut, killed, restarted and stopped: at the same number of the same epoch they show the
// same, soon after the last event they all show a fresh snapshot, and nobody missed an event or heard of one twice.
//
// Two seconds of quiet, as a user would mean it: the servers are up, the last event was answered, and the numbers have stopped to
// change. Nobody's sleep or question under way counts for more time, but one thing: who has been cut off, or is in a pause of the
// client's back-off, has two seconds from the new connection on. The last event itself must be heard of within two seconds
// of its answer (of the new connection), whatever else changes with time.
//
// SEED=n runs one of them again.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Site } from '../../demo/site.mjs';
import { snippet } from '../../demo/snippet.mjs';
import { Random } from '../demo/random.mjs';
import { fingerprint } from './reading.mjs';
import { DIR, SITE, TOPICS, Visitor, ask, engine, eventually, killEngine, mint, ready } from './site.mjs';
import { Page, Program } from './watched.mjs';

/** In the first a page on WebSocket sleeps, in the second one that reads a stream. */
const SEEDS = process.env.SEED ? [ Number( process.env.SEED ) ] : [ 3, 5, Date.now() % 1_000_000 ];
const STEPS = 60;
/** Milliseconds a stopped dashboard sleeps: longer than the engine waits for somebody who takes nothing. */
const SLEEP = 31_000;
/** Milliseconds between two steps at most; with what is done all steps take about as long as the sleep. */
const PAUSE = 700;
/** Milliseconds of quiet until all show the same; as long as polling may take that is set to a second. */
const QUIET = 2000;
/** Milliseconds within which everybody is back: whoever had a connection tries after a second, and longer each time it is in vain. */
const BACK = 15_000;

/** Paths of the channel that end at a rung, whatever the client would like. */
const PREFIXES = { websocket: '/qahm-live/', events: '/qahm-streams/', polling: '/qahm-nowhere/' };

const CONFIGURATION = join( DIR, 'conf/nginx.conf' );
const usual = readFileSync( CONFIGURATION, 'utf8' );
const site = new Site( DIR );
before( async () => {
	const streams = snippet( 'nginx', 'qahm_realtime_live', PREFIXES.events ).replace( 'set $qahm_upgrade websocket;', '' );
	const php = 'location ~ \\.php$ {';
	assert.ok( usual.includes( php ) );
	writeFileSync( CONFIGURATION, usual.replace( php, () => `${ streams }\nlocation ^~ ${ PREFIXES.polling } { return 404; }\n${ php }` ) );
	await site.restart( 'nginx' );
	await ready();
} );
after( async () => {
	writeFileSync( CONFIGURATION, usual );
	await site.restart( 'nginx' );
} );

/** Every state anybody came to, by topic and number. */
class States {
	all = new Map();
	contradictions = [];

	note( who, topic, at, { hash, text } ) {
		const key = `${ topic } ${ at }`;
		const known = this.all.get( key );
		if ( known && known.hash !== hash ) {
			this.contradictions.push( `${ key }: ${ known.who } and ${ who } differ${ text ? `\n${ known.text }\n${ text }` : '' }` );
		}
		this.all.set( key, known ?? { who, hash, text } );
	}
}

/** What somebody gets who comes just now: topic => number. Null while there is no engine. */
async function snapshot( token, states ) {
	const { status, body } = await ask( `${ SITE }/qahm-live/live?topics=${ TOPICS }`, { headers: { Authorization: `Bearer ${ token }` } } );
	if ( status !== 200 ) {
		return null;
	}
	return Object.fromEntries( JSON.parse( body ).messages.map( ( { t, e, s, data } ) => {
		states.note( 'a fresh snapshot', t, `${ e }.${ s }`, fingerprint( data ) );
		return [ t, `${ e }.${ s }` ];
	} ) );
}

for ( const seed of SEEDS ) {
	test( `dashboards on all rungs show the same (SEED=${ seed })`, async ( t ) => {
		const random = new Random( seed );
		const run = `run${ Date.now() }`; // The feed may still have events of another run.
		const states = new States();
		const token = mint();
		const programs = [ 'socket', 'events', 'poll' ].map( ( rung ) => new Program( rung, token, states ) );
		const pages = Object.entries( PREFIXES ).map( ( [ rung, prefix ] ) => new Page( rung, prefix, states ) );
		const dashboards = [ ...programs, ...pages ];
		t.after( () => Promise.all( dashboards.map( ( dashboard ) => dashboard.close() ) ) );
		await Promise.all( dashboards.map( ( dashboard ) => dashboard.start() ) );
		await eventually( () => dashboards.every( ( { at, rungs } ) => TOPICS.every( ( topic ) => at[ topic ] ) && rungs?.length !== 0 ), () => `all topics come on all rungs: ${ dashboards.map( ( { name, at, refused } ) => `${ name } ${ Object.keys( at ) } ${ refused.at( -1 ) ?? '' }` ) }` );
		pages.forEach( ( { rung, rungs } ) => assert.deepEqual( rungs, [ rung ], 'the client settled on this rung' ) );

		const visitors = Array.from( { length: 6 }, () => new Visitor() );
		await Promise.all( visitors.map( ( visitor, n ) => visitor.view( `/page-${ n }/` ) ) );
		const told = [];
		const event = async () => {
			const mark = `${ run }-${ told.length }`;
			const { status } = await random.pick( visitors ).does( '/about/', mark );
			if ( status === 204 ) {
				told.push( mark );
			}
		};
		const traffic = () => ( random.below( 4 ) === 0 ? random.pick( visitors ).view( `/page-${ random.below( 20 ) }/` ) : event() );
		// One of them sleeps for longer than anybody waits for it. The feed keeps 200 rows, so the others go slowly meanwhile.
		const asleep = random.pick( dashboards );
		const sleep = async () => {
			asleep.stop();
			await pause( SLEEP );
			asleep.go();
		};
		const happened = [ `${ asleep.name } sleeps` ];
		const slept = sleep();
		const ACTIONS = {
			traffic,
			burst: async () => {
				for ( let more = random.below( 3 ); more >= 0; more-- ) {
					await traffic();
				}
			},
			drop: () => {
				const one = random.pick( dashboards );
				happened.push( one.name );
				one.drop();
			},
			look: () => snapshot( token, states ),
			engine: async () => {
				await killEngine();
				// PHP starts it again, and waits longer each time it dies soon: it takes a beacon that comes late enough.
				const beat = async () => ( await traffic(), await pause( 500 ), engine() );
				await eventually( beat, 'the engine is started again' );
			},
			nginx: () => site.restart( 'nginx' ),
		};
		const plan = Array.from( { length: STEPS }, () => random.pick( [ 'traffic', 'traffic', 'traffic', 'burst', 'drop', 'look' ] ) );
		[ 'engine', 'nginx', 'engine', 'nginx' ].forEach( ( what, quarter ) => ( plan[ ( quarter * STEPS / 4 ) + random.below( STEPS / 4 ) ] = what ) );
		for ( const what of plan ) {
			happened.push( what );
			await ACTIONS[ what ]();
			await pause( random.below( PAUSE ) );
		}
		await slept;
		await ready();
		await event();
		const farewell = told.at( -1 );
		const answered = Date.now();

		const story = () => `SEED=${ seed }: ${ happened.join( ' ' ) }\n${ dashboards.map( ( { name, rungs, gaps, refused } ) => `${ name }: ${ rungs ? `${ rungs.join( ' → ' ) }, ` : '' }${ gaps } gaps, ${ refused.length } times refused, at last “${ refused.at( -1 ) ?? '' }”` ).join( '\n' ) }`;
		let fresh;
		/** When another snapshot came than before. */
		let changed = 0;
		/** Name => milliseconds until it heard the last event. */
		const heard = {};
		const since = ( ...times ) => Date.now() - Math.max( answered, ...times );
		const agree = async () => {
			const before = JSON.stringify( fresh );
			fresh = await snapshot( token, states );
			if ( JSON.stringify( fresh ) !== before ) {
				changed = Date.now();
			}
			// Whoever has heard the last event has heard all of them.
			dashboards.filter( ( { marks } ) => marks.includes( farewell ) ).forEach( ( { name, connected } ) => ( heard[ name ] ??= since( connected ) ) );
			return fresh && dashboards.every( ( { name, at } ) => name in heard && TOPICS.every( ( topic ) => at[ topic ] === fresh[ topic ] ) );
		};
		await eventually( agree, () => `all come to the same numbers: ${ JSON.stringify( { fresh, ...Object.fromEntries( dashboards.map( ( { name, at } ) => [ name, at ] ) ) }, null, 1 ) }\n${ story() }`, BACK );
		const quiet = since( changed, ...dashboards.map( ( { connected } ) => connected ) );
		t.diagnostic( `${ quiet } ms of quiet, ${ since() } ms after the last event, all showed the fresh snapshot; heard after ${ JSON.stringify( heard ) }; ${ told.length } events, ${ states.all.size } states; ${ story() }` );
		assert.ok( quiet <= QUIET, `all show the same after ${ quiet } ms of quiet\n${ story() }` );
		assert.deepEqual( Object.entries( heard ).filter( ( [ , after ] ) => after > QUIET ), [], `all hear the last event in time\n${ story() }` );

		assert.deepEqual( states.contradictions.slice( 0, 3 ), [], story() );
		for ( const { name, marks, holes, problems } of dashboards ) {
			assert.deepEqual( { problems, holes }, { problems: [], holes: [] }, `${ name }\n${ story() }` );
			const own = marks.filter( ( mark ) => mark?.startsWith( `${ run }-` ) );
			assert.deepEqual( own, told, `${ name } read every event once, and in its order\n${ story() }` );
		}
	} );
}
