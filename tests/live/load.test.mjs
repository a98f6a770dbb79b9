// Many dashboards, slow ones, greedy ones: nobody delays another, and nothing grows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import WebSocket from 'ws';
import { Site } from '../../demo/site.mjs';
import { Dashboard, addressOf } from './crowd.mjs';
import { DIR, SITE, SOCKET, Visitor, ask, engine, eventually, markOf, mint, ready } from './site.mjs';

const CROWD = 200;
const BURST = 5000;
let token;
const open = [];
let comers = 0;
/** Each from an address of its own, so that none uses up what another may. */
const dashboard = ( options ) => {
	const one = new Dashboard( { to: SITE, token, ...( options?.to ? {} : { address: addressOf( comers++ ) } ), ...options } );
	open.push( one );
	return one;
};
before( async () => {
	await ready();
	token = mint();
} );
after( () => open.forEach( ( one ) => one.close() ) );
const site = new Site( DIR );

/** Memory of the engine, in kB: what is its own, without the ring. */
const memory = () => Number( /^RssAnon:\s+(\d+) kB$/m.exec( readFileSync( `/proc/${ engine().pid }/status`, 'utf8' ) )[ 1 ] );

test( `${ CROWD } dashboards hear of an event while one reads nothing, and the memory stays`, { timeout: 120_000 }, async () => {
	const heard = new Map();
	const hear = ( _, message, { number } ) => ( message.ops ?? [] ).filter( ( [ path ] ) => path === 'events+' ).forEach( ( [ , rows ] ) => rows.forEach( ( row ) => heard.get( markOf( row ) )?.add( number ) ) );
	const crowd = Array.from( { length: CROWD }, ( _, number ) => Object.assign( dashboard( { topics: [ 'live', 'events' ], heard: hear } ), { number } ) );
	await Promise.all( crowd.map( ( one ) => one.insist() ) );
	// It asks for everything and takes nothing, on the engine's own socket, where no server reads for it.
	const slow = dashboard( { to: SOCKET, topics: [ 'live', 'events', 'visitors', 'performance' ] } );
	await slow.open();
	slow.socket.pause();
	const visitor = new Visitor();
	await visitor.view( '/about/' );
	const had = memory();
	for ( let n = 0; n < 300; n++ ) {
		heard.set( `under-load-${ n }`, new Set() );
		assert.equal( ( await visitor.does( '/about/', `under-load-${ n }` ) ).status, 204 );
	}
	await eventually( () => [ ...heard.values() ].every( ( who ) => who.size === CROWD ), () => `everybody hears of everything: ${ [ ...heard ].filter( ( [ , who ] ) => who.size < CROWD ).map( ( [ name, who ] ) => `${ name } ${ who.size }` ).slice( 0, 5 ) }`, 60_000 );
	const grown = memory() - had;
	assert.ok( grown < 16 * 1024, `the engine has grown by ${ grown } kB` );
	// When it reads again it has what it missed, or is told to come back: in no case old numbers.
	let state;
	slow.heard = ( name, message ) => ( state = name.startsWith( 'events' ) ? message.s : state );
	slow.socket.resume();
	const last = JSON.parse( ( await ask( `${ SITE }/qahm-live/live?topics=events`, { headers: { Authorization: `Bearer ${ token }` } } ) ).body ).messages[ 0 ].s;
	await eventually( () => state >= last || slow.socket.readyState === WebSocket.CLOSED, () => `it is at ${ state }, the feed at ${ last }` );
	crowd.forEach( ( one ) => one.close() );
} );

test( `${ CROWD } dashboards that lose their server at once all come back and go on`, { timeout: 120_000 }, async () => {
	const crowd = Array.from( { length: CROWD }, () => dashboard() );
	await Promise.all( crowd.map( ( one ) => one.insist() ) );
	await site.restart( 'nginx' );
	await eventually( () => crowd.every( ( { socket } ) => socket.readyState === WebSocket.CLOSED ), 'all lost their connection' );
	await Promise.all( crowd.map( ( one ) => one.insist() ) );
	crowd.forEach( ( one ) => one.close() );
} );

/** Descriptors that a server may have, and a worker of nginx has two of each dashboard. */
const descriptors = Number( /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec( readFileSync( '/proc/self/limits', 'utf8' ) )[ 1 ].replace( 'unlimited', 'Infinity' ) );

test( `${ BURST } dashboards lose their connection at once, and all come back without an error`, { skip: descriptors < 2.5 * BURST ? `only ${ descriptors } files may be open` : false }, async ( t ) => {
	const before = memory();
	const crowd = Array.from( { length: BURST }, () => dashboard() );
	for ( let n = 0; n < BURST; n += 500 ) {
		await Promise.all( crowd.slice( n, n + 500 ).map( ( one ) => one.insist() ) );
	}
	const had = memory();
	assert.ok( ( had - before ) / BURST <= 30, `a dashboard takes ${ ( had - before ) / BURST } kB` );
	crowd.forEach( ( one ) => ( one.refusals = [] ) );

	// Their ends of the connections die, the port stays open: everybody comes back as soon as it occurs to them.
	const lost = crowd.map( ( { socket } ) => new Promise( ( done ) => socket.on( 'close', done ) ) );
	workers( site.remembered().find( ( { name } ) => name === 'nginx' ) ).forEach( ( pid ) => process.kill( pid, 'SIGKILL' ) );
	await Promise.all( lost );
	const began = performance.now();
	const back = Promise.all( crowd.map( ( one ) => one.comeBack() ) );
	// The site has its visitors meanwhile.
	const visitor = new Visitor();
	const served = [];
	let isOver = false;
	const visits = ( async () => {
		while ( ! isOver ) {
			served.push( ( await ask( SITE ) ).status, ( await visitor.view( '/about/' ) ).status );
		}
	} )();
	await back;
	isOver = true;
	await visits;
	const grown = memory() - had;
	const refusals = crowd.flatMap( ( one ) => one.refusals );
	t.diagnostic( `all back after ${ Math.round( performance.now() - began ) } ms; ${ refusals.length } were told to wait; a dashboard takes ${ ( ( had - before ) / BURST ).toFixed( 1 ) } kB, the burst left ${ grown } kB; ${ served.length / 2 } visits meanwhile` );
	assert.deepEqual( [ ...new Set( refusals ) ].filter( ( words ) => ! /^answered with (429|503), come back later$/.test( words ) ), [] );
	assert.deepEqual( [ ...new Set( served ) ].sort(), [ 200, 204 ] );
	assert.ok( grown < 32 * 1024, `the engine has grown by ${ grown } kB` );
	assert.ok( crowd.every( ( { socket } ) => socket.readyState === WebSocket.OPEN ) );
	crowd.forEach( ( one ) => one.close() );
} );

/** Processes that nginx has started. */
const workers = ( { pid } ) => readFileSync( `/proc/${ pid }/task/${ pid }/children`, 'utf8' ).trim().split( ' ' ).map( Number );

test( 'a message of 64 MB ends its connection, and costs the engine no memory', async () => {
	const greedy = dashboard();
	await greedy.open();
	const had = memory();
	const closed = new Promise( ( done ) => greedy.socket.on( 'close', done ) );
	greedy.socket.send( `42["do",{"do":"${ 'x'.repeat( 64 * 2 ** 20 ) }"}]`, () => {} );
	await closed;
	assert.ok( memory() - had < 8 * 1024 );
	const { status } = await ask( `${ SITE }/qahm-live/command`, { method: 'POST', headers: { Authorization: `Bearer ${ token }` }, body: 'x'.repeat( 20_000 ) } );
	assert.equal( status, 413 );
	assert.equal( ( await ask( `${ SITE }/qahm-live/live?topics=live&x=${ 'x'.repeat( 5000 ) }`, { headers: { Authorization: `Bearer ${ token }` } } ) ).status, 414 );
} );

/** A connection by the library, for its acknowledgements. */
const connection = ( t ) => new Promise( ( done, failed ) => {
	const socket = io( SITE, { path: '/qahm-live/socket.io/', transports: [ 'websocket' ], auth: { token, topics: [ 'live' ] }, reconnection: false, forceNew: true } );
	t.after( () => socket.disconnect() );
	socket.on( 'hello', () => done( socket ) );
	socket.on( 'connect_error', failed );
} );

test( 'more filters than a user may have in use are refused', async ( t ) => {
	const codes = [];
	const country = ( n ) => String.fromCharCode( 65 + n / 26, 65 + n % 26 );
	for ( let n = 0; n < 12; n++ ) {
		const socket = await connection( t );
		const answer = await socket.emitWithAck( 'do', { do: 'follow', topics: [ 'live' ], filter: { country: country( n ) } } );
		codes.push( answer.ok ? 'ok' : answer.code );
	}
	assert.equal( codes.filter( ( code ) => code === 'ok' ).length, 8, String( codes ) );
	assert.deepEqual( [ ...new Set( codes ) ], [ 'ok', 'too-many-filters' ] );
} );

test( 'commands that come too fast are refused, and the connection stays', async ( t ) => {
	const socket = await connection( t );
	// Nothing is kept for who floods: not every answer is told.
	const answers = await Promise.all( Array.from( { length: 60 }, () => socket.timeout( 2000 ).emitWithAck( 'do', { do: 'pause' } ).catch( () => ( {} ) ) ) );
	assert.deepEqual( [ ...new Set( answers.map( ( { code } ) => code ).filter( Boolean ) ) ], [ 'too-fast' ] );
	const resumes = async () => ( await new Promise( ( done ) => setTimeout( done, 200 ) ), await socket.timeout( 5000 ).emitWithAck( 'do', { do: 'resume' } ) ).ok;
	await eventually( resumes, 'slower ones are followed' );
} );

test( 'who says nothing to the end is hung up on, and others are served meanwhile', { timeout: 60_000 }, async () => {
	let closed = 0;
	const sockets = Array.from( { length: 100 }, () => {
		const socket = connect( SOCKET, () => socket.write( 'GET /qahm-live/probe HTTP/1.1\r\nHost: x\r\nX-' ) );
		socket.on( 'close', () => closed++ ).on( 'error', () => {} ).resume();
		return socket;
	} );
	const drip = setInterval( () => sockets.forEach( ( socket ) => socket.writable && socket.write( 'x' ) ), 1000 );
	try {
		assert.equal( ( await ask( `${ SITE }/qahm-live/probe?nonce=x` ) ).status, 200 );
		await eventually( () => closed === sockets.length, () => `${ closed } of ${ sockets.length } were closed`, 30_000 );
	} finally {
		clearInterval( drip );
		sockets.forEach( ( socket ) => socket.destroy() );
	}
} );
