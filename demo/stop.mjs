// make demo-stop: stops the demo site and the engine PHP started for it. What it stored stays; `rm -r` its directory to forget it.
import { Site } from './site.mjs';
import { demoDir } from './place.mjs';

const site = new Site( demoDir() );
await site.stop();
console.log( `Stopped. Its files stay in ${ site.dir }` );
