// A dashboard in a process of its own: dashboard.mjs <socket|events|poll> <token>. Told on standard input to drop its connection or to
// end; tells on standard output every state it comes to, as a hash, and every row of the event feed that is new to it.
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';
import { States } from './docs.mjs';
import { Feed, fingerprint } from './reading.mjs';
import { ID, PLUGIN, SITE, TOPICS, ask } from './site.mjs';

const [ , , rung, token ] = process.argv;
const states = new States();
const feed = new Feed();
const tell = ( what ) => process.stdout.write( `${ JSON.stringify( what ) }\n` );

/** Tells what is new in the feed. */
function read( { t, data, ops } ) {
	if ( t !== 'events' ) {
		return;
	}
	const rows = ops === undefined ? [ ...data.events ].reverse() : ops.flatMap( ( [ path, added ] ) => ( path === 'events+' ? added : [] ) );
	const fresh = feed.read( rows );
	fresh.forEach( tell );
	if ( ops !== undefined && fresh.length < rows.length ) {
		tell( { problem: 'a row came twice in patches' } );
	}
}

/** Takes a message; false when something is missing. */
function take( message ) {
	if ( ! states.take( message ) ) {
		tell( { gap: message.t } );
		return false;
	}
	read( message );
	const { e, s, data } = states.topics[ message.t ];
	tell( { topic: message.t, at: `${ e }.${ s }`, ...fingerprint( data ) } );
	return true;
}

/** Are there numbers that we have not come to? */
const behind = ( { e, at } ) => Object.entries( at ).some( ( [ topic, s ] ) => states.topics[ topic ]?.e !== e || states.topics[ topic ].s < s );

const RUNGS = {
	socket() {
		const socket = io( SITE, {
			path: '/qahm-live/socket.io/',
			transports: [ 'websocket' ],
			reconnectionDelay: 100,
			reconnectionDelayMax: 500,
			auth: ( give ) => give( { token, topics: TOPICS, resume: states.position } ),
		} );
		const again = () => socket.emit( 'do', { do: 'resume', position: states.position }, () => {} );
		TOPICS.forEach( ( topic ) => [ 'put', 'patch' ].forEach( ( kind ) => socket.on( `${ topic }:${ kind }`, ( message ) => take( message ) || again() ) ) );
		socket.on( 'hello', () => tell( { connected: true } ) );
		socket.on( 'beat', ( beat ) => behind( beat ) && again() );
		socket.on( 'connect_error', ( { message } ) => tell( { refused: message } ) );
		// The server's own goodbye ends the client's attempts; everything else it takes care of itself.
		socket.on( 'disconnect', ( reason ) => reason === 'io server disconnect' && setTimeout( () => socket.connect(), 100 ) );
		return () => socket.io.engine?.close();
	},

	events() {
		let aborted = new AbortController();
		( async () => {
			for ( ;; ) {
				aborted = new AbortController();
				const since = states.position ? { 'Last-Event-ID': states.position } : {};
				await follow( since, aborted.signal ).catch( ( { message } ) => tell( { refused: message } ) );
				await new Promise( ( done ) => setTimeout( done, 200 ) );
			}
		} )();
		return () => aborted.abort();
	},

	poll() {
		let current = token;
		// It has no connection that could be dropped: it says nothing for three seconds instead.
		let skip = 0;
		let isBack = false;
		const turn = async () => {
			if ( skip > 0 ) {
				isBack = --skip === 0;
				return;
			}
			const since = states.position ? `&since=${ encodeURIComponent( states.position ) }` : '';
			const { status, body } = await ask( `${ PLUGIN }/live.php?site=${ ID }&what=poll&interval=1&topics=${ TOPICS }${ since }`, { method: 'POST', headers: { Origin: SITE, 'X-Qahm-Realtime-Token': current } } );
			const answer = status === 200 ? JSON.parse( body ) : {};
			current = answer.token ?? current;
			if ( ! answer.poll ) {
				tell( { refused: `${ status } ${ body.slice( 0, 100 ) }` } );
				return;
			}
			if ( isBack ) {
				isBack = false;
				tell( { connected: true } );
			}
			if ( ! answer.poll.messages.every( take ) ) {
				states.clear();
			}
		};
		( async () => {
			for ( ;; ) {
				await turn().catch( ( { message } ) => tell( { refused: message } ) );
				await new Promise( ( done ) => setTimeout( done, 1000 ) );
			}
		} )();
		return () => ( skip = 3 );
	},
};

/** Reads one stream to its end. */
async function follow( headers, signal ) {
	const answer = await fetch( `${ SITE }/qahm-live/events?topics=${ TOPICS }`, { headers: { ...headers, Authorization: `Bearer ${ token }` }, signal } );
	if ( ! answer.ok ) {
		throw new Error( `${ answer.status } ${ await answer.text() }` );
	}
	tell( { connected: true } );
	let text = '';
	for await ( const part of answer.body.pipeThrough( new TextDecoderStream() ) ) {
		const events = ( text + part ).split( '\n\n' );
		text = events.pop();
		for ( const event of events ) {
			const [ , name ] = /^event: ?(.*)$/m.exec( event ) ?? [];
			const [ , data ] = /^data: ?(.*)$/m.exec( event ) ?? [];
			if ( name === 'put' || name === 'patch' ) {
				if ( ! take( JSON.parse( data ) ) ) {
					return;
				}
				const [ , id ] = /^id: ?(.*)$/m.exec( event ) ?? [];
				if ( ! sameSet( id, states.position ) ) {
					tell( { problem: `the id ${ id } is not the position ${ states.position }` } );
				}
			} else if ( name === 'beat' && behind( JSON.parse( data ) ) ) {
				return;
			}
		}
	}
}

/** The same position, in whatever order the topics stand. An id may name fewer while the first puts come. */
function sameSet( id, position ) {
	const parts = ( text ) => {
		const [ epoch, rest = '' ] = String( text ).split( '.' );
		return rest.split( ',' ).map( ( one ) => `${ epoch }.${ one }` );
	};
	return parts( id ).every( ( part ) => parts( position ).includes( part ) );
}

const drop = RUNGS[ rung ]();
createInterface( { input: process.stdin } ).on( 'line', ( line ) => ( line === 'drop' ? drop() : process.exit() ) ).on( 'close', () => process.exit() );
