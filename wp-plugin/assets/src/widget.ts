/** The dashboard widget: keeps what PHP printed up to date. */

import { follow } from './widget/channel';
import type { Config } from './widget/types';
import { View } from './widget/view';

const root = document.getElementById( 'qahm_realtime' );
if ( root ) {
	const config = JSON.parse( root.dataset[ 'config' ] ?? '' ) as Config;
	const view = new View( root, config );
	follow( config, ( state ) => view.show( state ) );
}
