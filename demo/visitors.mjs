// make demo-visitors: people on the demo. Each has an address of its own (X-Forwarded-For, which the demo trusts from
// this machine) and sends what the tracker in a browser sends.
//   N=50 SECONDS=60            people made up: they read, click, search, fill forms, switch tabs and leave
//   LOG=access.log SPEED=10    those of an access log, ten times as fast as they were; OWN= hosts of the logged site
import { accessSync, constants } from 'node:fs';
import { Replay } from './logReplay.mjs';
import { demoDir } from './place.mjs';
import { Site } from './site.mjs';
import { Web } from './visitors-http.mjs';
import { People } from './visitors-people.mjs';

const { LOG, SPEED, OWN, N, SECONDS, SITE_URL } = process.env;

/** What is to be done, told to whoever reads: { run(), progress(), summary(), well, stopped }. */
function wanted( web ) {
	if ( ! LOG ) {
		const [ amount, seconds ] = [ Number( N || 50 ), Number( SECONDS || 60 ) ];
		return amount > 0 && seconds > 0 ? new People( web, { amount, seconds } ) : refuse( 'N and SECONDS are numbers above 0' );
	}
	const speed = SPEED === 'max' ? Infinity : Number( SPEED || 1 );
	if ( ! ( speed > 0 ) ) {
		refuse( 'SPEED is a number above 0 (1: as fast as it was, 60: an hour in a minute), or max' );
	}
	try {
		accessSync( LOG, constants.R_OK );
	} catch ( error ) {
		refuse( `The log cannot be read: ${ error.message }` );
	}
	return new Replay( web, { log: LOG, speed, own: ( OWN || '' ).split( /[\s,]+/ ).filter( Boolean ) } );
}

function refuse( why ) {
	console.error( why );
	process.exit( 1 );
}

const site = new Site( demoDir() );
const home = SITE_URL || ( site.running && site.url ) || refuse( 'The demo does not run: make demo' );
const web = new Web( home );
const visit = wanted( web );

const report = setInterval( () => console.log( visit.progress() ), 1000 );
process.on( 'SIGINT', () => {
	// Once: everybody leaves. Twice: at once.
	if ( visit.stopped ) {
		process.exit( 130 );
	}
	visit.stopped = true;
} );
try {
	await visit.run();
} catch ( error ) {
	refuse( `${ error.message }\n${ visit.summary() }` );
}
clearInterval( report );
web.close();
console.log( visit.summary() );
process.exitCode = visit.well ? 0 : 1;
