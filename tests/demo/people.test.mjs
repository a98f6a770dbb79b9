// The people of make demo-visitors, without a site: what they would send.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pages } from '../../demo/visitors-pages.mjs';
import { People } from '../../demo/visitors-people.mjs';
import { trackerOf } from '../../demo/visitors-tracker.mjs';

const SITE = '0123456789abcdef';
const PAGE = `<html><head><title>Fog &#8211; A &amp; B</title><script>[a,b]=["${ SITE }","/collect.php",0,"/more.js?ver=1",["post","A \\"[b","C]"],[["Goal",".x"]]];go()</script></head>
	<body><a class="x" href="/about/">About us</a> <a href="/fog/">Fog</a> <a href="https://elsewhere.example/">Out</a></body></html>`;

test( 'the configuration of the tracker is found in a page, whatever stands in its texts', () => {
	assert.deepEqual( trackerOf( PAGE ), { site: SITE, collector: '/collect.php', meta: [ 'post', 'A "[b', 'C]' ], title: 'Fog – A & B' } );
	assert.equal( trackerOf( '<html>["no tracker"]</html>' ), undefined );
} );

test( 'every kind of event is sent, in the order of its view, and nothing by bots', async () => {
	const beacons = [];
	const requests = [];
	const web = {
		home: new URL( 'http://127.0.0.1:1/' ),
		async get( path, headers ) {
			requests.push( { path, agent: headers[ 'User-Agent' ] } );
			return { status: 200, headers: {}, text: PAGE, first: 20 };
		},
		async post( path, headers, body ) {
			assert.ok( Buffer.byteLength( body ) <= 4096 );
			if ( path === '/collect.php' ) {
				beacons.push( { ...JSON.parse( body ), agent: headers[ 'User-Agent' ] } );
			}
			return { status: 204, headers: { 'x-qahm-realtime': 'accepted' } };
		},
	};
	const people = new People( web, { amount: 240, seconds: 12 } );
	await people.run();
	assert.ok( people.well );

	const kinds = new Set( beacons.flatMap( ( { e } ) => e.map( ( [ kind ] ) => kind ) ) );
	for ( const kind of [ 'v', 't', 'e', 'c', 'f', 'x', 'g', 'h', 's', 'l' ] ) {
		assert.ok( kinds.has( kind ), `no event ${ kind } of ${ people.views } views` );
	}
	const next = new Map();
	for ( const { s, i, n, e } of beacons ) {
		assert.equal( s, SITE );
		assert.equal( n, next.get( i ) ?? 0, 'the sequence of a view has no gap' );
		assert.ok( n > 0 || e[ 0 ][ 0 ] === 'v', 'a view begins with its beginning' );
		next.set( i, n + e.length );
	}
	assert.equal( next.size, people.views );
	const bots = requests.filter( ( { agent } ) => /bot|curl/.test( agent ) );
	assert.ok( bots.length > 0 && ! beacons.some( ( { agent } ) => /bot|curl/.test( agent ) ) );
	assert.ok( requests.some( ( { path } ) => path.startsWith( '/?s=' ) ) && requests.some( ( { path } ) => /old-map|tides-2019|boat-trips/.test( path ) ) );
} );

test( 'a path of a log stands for the same page every time: its own where the demo has it', () => {
	const pages = new Pages( [ '/', '/about/', '/fog/', '/soup/' ] );
	assert.equal( pages.for( '/about' ), '/about/' );
	assert.equal( pages.for( '/about/?x=1&utm_source=a&utm_campaign=b' ), '/about/?utm_source=a&utm_campaign=b' );
	assert.equal( pages.for( '/anything/?s=tide&x=1' ), '/?s=tide' );
	const elsewhere = Array.from( { length: 200 }, ( _, n ) => pages.for( `/of-the-log/${ n }/` ) );
	assert.deepEqual( elsewhere, Array.from( { length: 200 }, ( _, n ) => new Pages( [ '/soup/', '/fog/', '/', '/about/' ] ).for( `/of-the-log/${ n }` ) ) );
	assert.equal( new Set( elsewhere ).size, 4, 'all pages of the demo are used' );
} );
