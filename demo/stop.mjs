// make demo-stop: stops the demo site and the engine PHP started for it. What it stored stays, unless called with --remove (make clean).
import { Site } from './site.mjs';
import { demoDir } from './place.mjs';

const site = new Site( demoDir() );
if ( process.argv.includes( '--remove' ) ) {
	await site.remove();
	console.log( `Stopped, and ${ site.dir } removed` );
} else {
	await site.stop();
	console.log( `Stopped. Its files stay in ${ site.dir }` );
}
