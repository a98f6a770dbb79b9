// Three dashboards, each on a rung of its own, while everything between them and the visitors is cut, killed, restarted and stopped:
// at the same number of the same epoch they show the same, soon after the last event they all show a fresh snapshot, and nobody
// missed an event or heard of one twice. SEED=n runs the same again.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Site } from '../../demo/site.mjs';
import { Random } from '../demo/random.mjs';
import { DIR, SITE, Visitor, ask, engine, eventually, killEngine, mint, ready } from './site.mjs';

const SEEDS = process.env.SEED ? [ Number( process.env.SEED ) ] : [ Date.now() % 1_000_000 ];
const STEPS = Number( process.env.STEPS ?? 60 );
const TOPICS = [ 'live', 'events', 'visitors', 'performance', 'alerts' ];
const RUNGS = [ 'socket', 'events', 'poll' ];
/** Milliseconds a stopped client sleeps: longer than the engine waits for somebody who takes nothing. */
const SLEEP = 31_000;

let site;
before( async () => {
	site = new Site( DIR );
	await ready();
} );

/** What one dashboard told. */
class Dashboard {
	/** Topic => where it is. */
	at = {};
	/** Marks of the events it read, in their order. */
	marks = [];
	holes = [];
	problems = [];
	gaps = 0;
	refused = [];

	constructor( rung, token, states ) {
		this.rung = rung;
		this.child = spawn( process.execPath, [ new URL( 'dashboard.mjs', import.meta.url ).pathname, rung, token ], { stdio: [ 'pipe', 'pipe', 'inherit' ] } );
		this.exited = new Promise( ( done ) => this.child.on( 'exit', done ) );
		createInterface( { input: this.child.stdout } ).on( 'line', ( line ) => this.#hear( JSON.parse( line ), states ) );
	}

	#hear( { topic, at, hash, text, row, mark, hole, problem, gap, refused }, states ) {
		if ( topic ) {
			this.at[ topic ] = at;
			states.note( this.rung, topic, at, hash, text );
		}
		if ( row ) {
			this.marks.push( mark );
			if ( hole ) {
				this.holes.push( `${ row } ${ mark }` );
			}
		}
		if ( problem ) {
			this.problems.push( problem );
		}
		this.gaps += gap ? 1 : 0;
		if ( refused ) {
			this.refused.push( refused );
		}
	}

	drop() {
		this.child.stdin.write( 'drop\n' );
	}

	async close() {
		this.child.kill( 'SIGCONT' );
		this.child.stdin.end();
		await this.exited;
	}
}

/** Every state anybody came to, by topic and number. */
class States {
	all = new Map();
	contradictions = [];

	note( who, topic, at, hash, text ) {
		const key = `${ topic } ${ at }`;
		const known = this.all.get( key );
		if ( known && known.hash !== hash ) {
			this.contradictions.push( `${ key }: ${ known.who } and ${ who } differ${ text ? `\n${ known.text }\n${ text }` : '' }` );
		}
		this.all.set( key, known ?? { who, hash, text } );
	}
}

const canonical = ( value ) => JSON.stringify( value, ( _, part ) => ( part && typeof part === 'object' && ! Array.isArray( part )
	? Object.fromEntries( Object.entries( part ).sort( ( [ a ], [ b ] ) => ( a < b ? -1 : 1 ) ) ) : part ) );

/** What somebody gets who comes just now: topic => number. */
async function snapshot( token, states ) {
	const { status, body } = await ask( `${ SITE }/qahm-live/live?topics=${ TOPICS }`, { headers: { Authorization: `Bearer ${ token }` } } );
	assert.equal( status, 200, body );
	const { messages } = JSON.parse( body );
	return Object.fromEntries( messages.map( ( { t, e, s, data } ) => {
		const text = canonical( data );
		states.note( 'a fresh snapshot', t, `${ e }.${ s }`, createHash( 'sha1' ).update( text ).digest( 'hex' ), process.env.WHOLE && text );
		return [ t, `${ e }.${ s }` ];
	} ) );
}

for ( const seed of SEEDS ) {
	test( `three dashboards show the same (SEED=${ seed })`, async ( t ) => {
		const random = new Random( seed );
		const run = `run${ Date.now() }`; // The feed may still have events of another run.
		const states = new States();
		const token = mint();
		const dashboards = RUNGS.map( ( rung ) => new Dashboard( rung, token, states ) );
		t.after( () => Promise.all( dashboards.map( ( dashboard ) => dashboard.close() ) ) );
		await eventually( () => dashboards.every( ( { at } ) => TOPICS.every( ( topic ) => at[ topic ] ) ), () => `all topics come on all rungs: ${ dashboards.map( ( { rung, at, refused } ) => `${ rung } ${ Object.keys( at ) } ${ refused.at( -1 ) ?? '' }` ) }` );

		const visitors = Array.from( { length: 6 }, () => new Visitor() );
		await Promise.all( visitors.map( ( visitor, n ) => visitor.view( `/page-${ n }/` ) ) );
		const told = [];
		const traffic = async () => {
			const visitor = random.pick( visitors );
			if ( random.below( 4 ) === 0 ) {
				await visitor.view( `/page-${ random.below( 20 ) }/` );
			} else {
				const mark = `${ run }-${ told.length }`;
				const { status } = await visitor.does( '/about/', mark );
				if ( status === 204 ) {
					told.push( mark );
				}
			}
		};
		// One of them sleeps for longer than anybody waits for it. The feed keeps 200 rows, so the others go slowly meanwhile.
		const asleep = random.pick( dashboards );
		const sleep = async () => {
			asleep.child.kill( 'SIGSTOP' );
			await pause( SLEEP );
			asleep.child.kill( 'SIGCONT' );
		};
		const happened = [ `${ asleep.rung } sleeps` ];
		const slept = sleep();
		const ACTIONS = {
			traffic,
			burst: async () => {
				for ( let more = random.below( 3 ); more >= 0; more-- ) {
					await traffic();
				}
			},
			drop: () => random.pick( dashboards ).drop(),
			engine: async () => {
				await killEngine();
				// PHP starts it again, and waits longer each time it dies soon: it takes a beacon that comes late enough.
				const beat = async () => ( await traffic(), await pause( 500 ), engine() );
				await eventually( beat, 'the engine is started again' );
			},
			nginx: () => site.restart( 'nginx' ),
		};
		const plan = Array.from( { length: STEPS }, () => random.pick( [ 'traffic', 'traffic', 'traffic', 'burst', 'drop' ] ) );
		[ 'engine', 'engine', 'nginx', 'nginx' ].forEach( ( what ) => ( plan[ random.below( STEPS ) ] = what ) );
		for ( const what of plan ) {
			happened.push( what );
			await ACTIONS[ what ]();
			await pause( random.below( 2 * SLEEP / STEPS ) );
		}
		await slept;
		await ready();
		const farewell = `${ run }-${ told.length }`;
		assert.equal( ( await visitors[ 0 ].does( '/about/', farewell ) ).status, 204 );
		told.push( farewell );
		const quiet = Date.now();

		const story = () => `SEED=${ seed }: ${ happened.join( ' ' ) }\n${ dashboards.map( ( { rung, gaps, refused } ) => `${ rung }: ${ gaps } gaps, ${ refused.length } times refused, at last “${ refused.at( -1 ) ?? '' }”` ).join( '\n' ) }`;
		let fresh;
		const agree = async () => {
			fresh = await snapshot( token, states );
			// Whoever has heard the last event has heard all of them.
			return dashboards.every( ( { marks } ) => marks.includes( farewell ) ) && dashboards.every( ( { at } ) => TOPICS.every( ( topic ) => at[ topic ] === fresh[ topic ] ) );
		};
		await eventually( agree, () => `all come to the same numbers: ${ JSON.stringify( [ fresh, ...dashboards.map( ( { at } ) => at ) ], null, 1 ) }\n${ story() }`, 20_000 );
		t.diagnostic( `quiet for ${ Date.now() - quiet } ms, then all showed the fresh snapshot; ${ told.length } events; ${ story() }` );

		assert.deepEqual( states.contradictions.slice( 0, 3 ), [], story() );
		for ( const { rung, marks, holes, problems } of dashboards ) {
			assert.deepEqual( { problems, holes }, { problems: [], holes: [] }, `${ rung }\n${ story() }` );
			const own = marks.filter( ( mark ) => mark?.startsWith( `${ run }-` ) );
			assert.deepEqual( [ ...own ].sort(), [ ...told ].sort(), `${ rung } read every event once\n${ story() }` );
		}
	} );
}
