// What a visitor does on a page: clicks, forms, events of the page's own. What is in a field never leaves the browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SITE } from './browser.mjs';
import { equipped, inside, leave, readers } from './reader.mjs';

// A real theme would do this in its functions.php.
inside( `
add_filter( 'qahm_realtime_goals', fn () => array(
	array( 'name' => 'call', 'type' => 'selector', 'value' => '.call, .call *' ),
	array( 'name' => 'broken', 'type' => 'selector', 'value' => 'a[' ),
	array( 'name' => 'thanks', 'type' => 'page', 'value' => '/thanks/' ),
) );
` );
const read = readers();

const CLICKS = `
<a id="own" href="/contact/?from=about&token=q-secret#map">Contact <b>us</b></a>
<a id="out" href="https://other.example/shop/cart?token=q-secret#x">Our   shop</a>
<a id="file" href="/files/price-list.pdf?token=q-secret">Prices</a>
<a id="named" href="https://other.example/export?token=q-secret" download>Export</a>
<a id="mail" href="mailto:q-secret@example.org?subject=q-secret">q-secret@example.org</a>
<a id="phone" href="tel:+33123456789">+33 1 23 45 67 89</a>
<button id="button" aria-label="Open the menu" type="button"><i>x</i></button>
<span id="role" role="button">A very long caption that goes on and on until nobody could possibly want to read it</span>
<input id="caption" type="button" value="q-secret">
<a id="script" href="javascript:void 0">More</a>
<div data-qahm-click="hero"><p id="marked">A picture <textarea>q-secret</textarea></p></div>
<p id="nothing">Text</p>
<p class="call"><em id="goal">Call us</em></p>`;

test( 'clicks are told by what they are, where they lead and what they say, never with a query, an address or a number', async ( t ) => {
	const reader = await read( t, '/about/', { insert: CLICKS, prepare: ( page ) => page.clock.install() } );
	const { page, wire, thrown } = reader;
	// The links stay where they are.
	await page.evaluate( () => addEventListener( 'click', ( event ) => event.preventDefault() ) );
	await equipped( reader );
	const click = async ( id, ...event ) => {
		await page.clock.runFor( 300 ); // Nobody clicks eleven times a second.
		await page.click( `#${ id }` );
		assert.deepEqual( await wire.event( 'c', ...event.map( ( part ) => part ) ), [ 'c', ...event ] );
	};
	await click( 'own', 'link', '/contact/', 'Contact us' );
	await click( 'out', 'outbound', 'other.example/shop/cart', 'Our shop' );
	await click( 'file', 'download', `${ new URL( SITE ).host }/files/price-list.pdf`, 'Prices' );
	await click( 'named', 'download', 'other.example/export', 'Export' );
	await click( 'mail', 'link', 'mailto:', '' );
	await click( 'phone', 'link', 'tel:', '' );
	await click( 'button', 'button', '', 'Open the menu' );
	await click( 'role', 'button', '', 'A very long caption that goes on and on until nobody could possi' );
	await page.click( '#caption' );
	await wire.event( 'c', 'button', '', '' );
	await click( 'script', 'button', '', 'More' );
	await click( 'marked', 'marked', 'hero', '' );
	await page.click( '#nothing' );
	await page.click( '#goal' );
	await wire.event( 'g', 'goal:call', '' );
	assert.equal( wire.events( 'c' ).length, 11, 'nothing else was a click' );
	assert.deepEqual( wire.events( 'g' ).map( ( [ , name ] ) => name ), [ 'ready', 'goal:call' ] );
	assert.ok( wire.beacons.every( ( { body } ) => ! /q-secret|33123|33 1/.test( body ) ), 'nothing secret left' );
	assert.deepEqual( new Set( wire.beacons.map( ( { status, reason } ) => `${ status } ${ reason }` ) ), new Set( [ '204 accepted' ] ) );
	assert.deepEqual( thrown, [] );
} );

test( 'an element clicked twice in a second is one click; ten clicks are told in a second, and no click of a script', async ( t ) => {
	const buttons = Array.from( { length: 14 }, ( _, n ) => `<button type="button" class="many">b${ n }</button>` ).join( '' );
	const reader = await read( t, '/about/', { insert: buttons, prepare: ( page ) => page.clock.install() } );
	const { page, wire } = reader;
	await equipped( reader );
	await page.clock.pauseAt( new Date( Date.now() + 60_000 ) );
	await page.evaluate( () => document.querySelector( '.many' ).click() );
	// The clock stands still: all of these are in the same second.
	for ( const button of await page.locator( '.many' ).all() ) {
		await button.click( { clickCount: 2 } );
	}
	await page.clock.runFor( 2000 );
	await wire.event( 'c', 'button', '', 'b9' );
	assert.deepEqual( wire.events( 'c' ).map( ( [ , , , label ] ) => label ), Array.from( { length: 10 }, ( _, n ) => `b${ n }` ) );
	await page.click( '.many' );
	await page.clock.runFor( 200 );
	await wire.until( () => wire.events( 'c' ).length === 11, 'the eleventh click, two seconds later' );
} );

const FORM = `
<form name="order" action="/thanks/?token=q-secret" onsubmit="return false">
	<input id="name" name="id"><input id="password" type="password" name="name"><textarea id="text"></textarea>
	<button id="send">Send</button>
</form>
<form id="strict" onsubmit="return false" novalidate><input id="needed" required><button id="send-strict">Send</button></form>
<form action="/search/?q=x"><input id="query" autofocus></form>`;

test( 'a form is begun, submitted, begun again and abandoned, and nothing of its content leaves', async ( t ) => {
	const reader = await read( t, '/about/', { insert: FORM } );
	const { page, wire } = reader;
	await equipped( reader );
	await page.fill( '#name', 'q-secret' );
	await page.fill( '#password', 'q-secret' );
	await page.fill( '#text', 'q-secret' );
	await wire.event( 'f', 'start', 'order' );
	await page.click( '#send' );
	await wire.event( 'f', 'submit', 'order' );
	// The page's own script refuses it, since a field is wrong: this is no submission.
	await page.click( '#needed' );
	await wire.event( 'f', 'start', 'strict' );
	await page.click( '#send-strict' );
	await page.fill( '#query', 'q-secret' );
	await wire.event( 'f', 'start', '/search/' );
	await leave( page );
	await wire.event( 'l' );
	assert.deepEqual( wire.events( 'f' ).map( ( event ) => event.slice( 1 ) ), [
		[ 'start', 'order' ], [ 'submit', 'order' ], [ 'start', 'strict' ], [ 'start', '/search/' ], [ 'abandon', 'strict' ], [ 'abandon', '/search/' ],
	] );
	assert.ok( wire.beacons.every( ( { body } ) => ! body.includes( 'q-secret' ) ) );
} );

test( 'a form that leads to another page is submitted, not abandoned; a field that the page focuses begins nothing', async ( t ) => {
	const reader = await read( t, '/about/', { insert: FORM.replace( ' onsubmit="return false"', '' ) } );
	const { page, wire } = reader;
	await equipped( reader );
	assert.equal( await page.evaluate( () => document.activeElement.id ), 'query' );
	await page.fill( '#name', 'x' );
	await page.click( '#send' );
	await page.waitForURL( /thanks/ );
	const leave = await wire.event( 'l' );
	assert.deepEqual( wire.events( 'f' ).map( ( [ , what ] ) => what ), [ 'start', 'submit' ] );
	assert.deepEqual( leave, [ 'l', 1 ], 'on the way to another page of the site' );
} );

test( 'a form being filled says so every half minute, and is abandoned after five minutes', async ( t ) => {
	const reader = await read( t, '/about/', { insert: FORM, prepare: ( page ) => page.clock.install() } );
	const { page, wire } = reader;
	await equipped( reader );
	await page.fill( '#name', 'x' );
	await wire.event( 'f', 'start', 'order' );
	await page.clock.runFor( 61_000 );
	await wire.event( 'f', 'active', 'order' );
	await page.clock.runFor( 241_000 );
	await wire.event( 'f', 'abandon', 'order' );
	const active = wire.events( 'f' ).filter( ( [ , what ] ) => what === 'active' ).length;
	assert.ok( active > 2 && active <= 10, `${ active } times active in five minutes` );
	await page.fill( '#name', 'y' );
	await wire.until( () => wire.events( 'f' ).filter( ( [ , what ] ) => what === 'start' ).length === 2, 'it is begun again' );
} );

test( 'events of the page’s own are kept until the second file is there, and what no beacon may carry is left out', async ( t ) => {
	const { wire, page, thrown } = await read( t, '/about/', {
		insert: `<script>
			qahmRealtime.track( 'early', { price: 12.5, name: 'café' } );
			qahmRealtime.track( 'bare' );
			qahmRealtime.track( 'x'.repeat( 80 ), { big: 'y'.repeat( 600 ) } );
			qahmRealtime.track( 'odd', { line: 'a\\nb' } );
			qahmRealtime.track();
			const round = {}; round.round = round;
			qahmRealtime.track( 'round', round );
		</script>`,
	} );
	await page.evaluate( () => window.qahmRealtime.track( 'late', { n: 1 } ) );
	await wire.event( 'g', 'late', '{"n":1}' );
	assert.deepEqual( wire.events( 'g' ), [
		[ 'g', 'early', '{"price":12.5,"name":"café"}' ], [ 'g', 'bare', '' ], [ 'g', 'x'.repeat( 64 ), '' ], [ 'g', 'odd', '' ], [ 'g', 'late', '{"n":1}' ],
	] );
	assert.ok( wire.beacons.every( ( { status } ) => status === 204 ) );
	assert.deepEqual( thrown, [] );
} );
