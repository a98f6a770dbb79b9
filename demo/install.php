<?php
/**
 * Installs WordPress with some posts and pages: php install.php <wordpress directory>
 *
 * Runs once per version of WordPress; demo/template.mjs keeps the result.
 */

define( 'WP_INSTALLING', true );
$_SERVER['HTTP_HOST']   = '127.0.0.1';
$_SERVER['REQUEST_URI'] = '/';

require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';

/** Nobody is to be written to. */
function wp_new_blog_notification() {}

wp_install( 'The Lighthouse Journal', 'admin', 'admin@example.org', true, '', 'admin' );
update_option( 'blogdescription', 'Notes from a windy coast' );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'admin_email_lifespan', PHP_INT_MAX ); // No "is this address still right?" page after the login.
update_option( 'timezone_string', 'Europe/Paris' );
update_option( 'posts_per_page', 12 );
wp_delete_post( 1, true );
wp_delete_post( 2, true );
wp_delete_post( 3, true );

$paragraph = 'The lamp was lit at dusk and the whole bay knew it. People came to look at the sea, stayed for the soup, and left with more questions than they had brought.';

$pages = array( 'About', 'Visit us', 'Opening hours', 'Contact' );

$posts = array(
	'Counting the lamps of the harbour',
	'A recipe for fish soup',
	'How tides are predicted',
	'The keeper’s winter diary',
	'Ten birds of the north cliff',
	'Repairing a wooden boat',
	'What the fog horn says',
	'Maps that were wrong',
	'A walk to the old mill',
	'Letters from the island school',
	'Storm watching for beginners',
	'The night ferry',
);

$category = wp_create_category( 'Coast' );
$post_ids = array();
foreach ( array_merge( $pages, $posts ) as $index => $post_title ) {
	$is_page = $index < count( $pages );
	$post_id = wp_insert_post(
		array(
			'post_type'     => $is_page ? 'page' : 'post',
			'post_status'   => 'publish',
			'post_author'   => 1,
			'post_title'    => $post_title,
			'post_date'     => gmdate( 'Y-m-d H:i:s', time() - DAY_IN_SECONDS * ( $index + 1 ) ),
			'post_category' => $is_page ? array() : array( $category ),
		),
		true
	);
	if ( is_wp_error( $post_id ) ) {
		fwrite( STDERR, $post_id->get_error_message() . "\n" );
		exit( 1 );
	}
	$post_ids[] = $post_id;
}

// Every text links to the next one, so that a walk of any length can be made by clicking. Root-relative: the port is not known yet.
foreach ( $post_ids as $index => $post_id ) {
	$next = $post_ids[ ( $index + 1 ) % count( $post_ids ) ];
	wp_update_post(
		array(
			'ID'           => $post_id,
			'post_content' => sprintf(
				"<!-- wp:paragraph --><p>%s</p><!-- /wp:paragraph -->\n<!-- wp:paragraph --><p>Read on: <a class=\"read-on\" href=\"/%s/\">%s</a></p><!-- /wp:paragraph -->\n<!-- wp:paragraph --><p>%s</p><!-- /wp:paragraph -->",
				str_repeat( $paragraph . ' ', 3 ),
				get_post_field( 'post_name', $next ),
				esc_html( get_the_title( $next ) ),
				str_repeat( $paragraph . ' ', 6 )
			),
		)
	);
}

// The dashboard shows the visitors at first sight, not WordPress' welcome and news.
update_user_meta( 1, 'show_welcome_panel', 0 );
update_user_meta( 1, 'metaboxhidden_dashboard', array( 'dashboard_primary', 'dashboard_site_health' ) );
update_user_meta( 1, 'meta-box-order_dashboard', array( 'normal' => 'qahm_realtime_widget,dashboard_right_now,dashboard_activity' ) );

// A subscriber and an editor beside the administrator, for whoever tries what each may see.
foreach ( array( 'editor', 'subscriber' ) as $role_name ) {
	wp_insert_user(
		array(
			'user_login' => $role_name,
			'user_pass'  => $role_name,
			'user_email' => $role_name . '@example.org',
			'role'       => $role_name,
		)
	);
}

flush_rewrite_rules( false );
