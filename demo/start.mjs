// make demo: starts the demo site and says how to get in.
import { Site } from './site.mjs';
import { demoDir } from './place.mjs';

const site = new Site( demoDir() );
try {
	await site.start( { defines: { QAHM_REALTIME_UPDATE_INTERVAL: 1 } } );
} catch ( error ) {
	console.error( error.message );
	process.exit( 1 );
}
console.log( `
Site        ${ site.url }/
Dashboard   ${ site.url }/wp-admin/   user ${ site.user }, password ${ site.password }
Files       ${ site.dir }

You are not counted while logged in as administrator: visit the site in a private window, or
  make demo-visitors N=50
Stop it all with: make demo-stop` );
