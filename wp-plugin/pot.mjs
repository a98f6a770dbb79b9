/**
 * Collects the texts of the plugin into languages/qahm-realtime.pot and brings the translations up to date.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname( fileURLToPath( import.meta.url ) );
const run = ( program, ...args ) => execFileSync( program, args, { cwd: root, stdio: 'inherit' } );
const sources = readdirSync( join( root, 'src' ) ).filter( ( name ) => name.endsWith( '.php' ) ).map( ( name ) => `src/${ name }` );
const keywords = [ '__', '_e', '_x:1,2c', '_n:1,2', '_nx:1,2,4c', 'esc_html__', 'esc_html_e', 'esc_attr__', 'esc_attr_e' ];

run(
	'xgettext', '--language=PHP', '--from-code=UTF-8', '--add-comments=translators', '--sort-by-file', '--no-wrap',
	'--package-name=QAHM Realtime', '--copyright-holder=', '--msgid-bugs-address=',
	'--keyword', ...keywords.map( ( keyword ) => `--keyword=${ keyword }` ),
	'-o', 'languages/qahm-realtime.pot', 'qahm-realtime.php', ...sources
);

// The description of the plugin's header; and no date, so that the file changes only with the texts.
const pot = join( root, 'languages/qahm-realtime.pot' );
const description = /^ \* Description:\s+(.+)$/m.exec( readFileSync( join( root, 'qahm-realtime.php' ), 'utf8' ) )[ 1 ];
const texts = readFileSync( pot, 'utf8' ).replace( /^"POT-Creation-Date.*\n/m, '' );
writeFileSync( pot, `${ texts }\n#. Description of the plugin.\nmsgid ${ JSON.stringify( description ) }\nmsgstr ""\n` );

for ( const name of readdirSync( join( root, 'languages' ) ).filter( ( file ) => file.endsWith( '.po' ) ) ) {
	run( 'msgmerge', '--update', '--backup=none', '--no-fuzzy-matching', '--no-wrap', `languages/${ name }`, 'languages/qahm-realtime.pot' );
}
