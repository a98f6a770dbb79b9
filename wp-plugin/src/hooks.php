<?php
/**
 * Every hook of the plugin, so that the wiring is seen at a glance. Classes load only when their hook fires.
 *
 * Other plugins fire these hooks too, with fewer arguments or others than WordPress does: a callback takes whatever comes.
 *
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

defined( 'ABSPATH' ) || exit;

$qahm_realtime_basename = plugin_basename( FILE ); // This file is read in the global scope.
add_action( "activate_$qahm_realtime_basename", array( Lifecycle::class, 'activate' ) );
add_action( 'wp_uninitialize_site', array( Lifecycle::class, 'blog_deleted' ), 5 ); // Before its tables go.

add_filter( "wp_consent_api_registered_$qahm_realtime_basename", '__return_true' );

// WordPress asks for capabilities hundreds of times a page, which a visitor without an account has none of.
$qahm_realtime_map = static fn () => add_filter( 'map_meta_cap', array( Capability::class, 'map' ), 10, 2 );
add_action( 'set_current_user', static fn () => get_current_user_id() > 0 && $qahm_realtime_map() );

if ( is_admin() || wp_doing_cron() || ( defined( 'WP_CLI' ) && WP_CLI ) ) {
	$qahm_realtime_map();
	add_action( 'init', array( Lifecycle::class, 'load_language' ) );
	add_action( 'wp_dashboard_setup', array( Widget::class, 'register' ) );
	add_action( 'admin_enqueue_scripts', array( Widget::class, 'enqueue' ) );
	add_action( 'admin_init', array( Privacy::class, 'suggest' ) );
	add_action( 'admin_notices', array( Notice::class, 'show' ) );
	add_action( 'admin_post_qahm_realtime_dismiss', array( Notice::class, 'dismiss' ) );
	add_filter( 'site_status_tests', array( SiteHealth::class, 'tests' ) );
	add_filter( 'debug_information', array( DebugInformation::class, 'add' ) );
}

add_action( 'rest_api_init', array( Lifecycle::class, 'load_language' ), 9 );
add_action( 'rest_api_init', array( Rest::class, 'register' ) );

// Without the extension nothing else changes. Asked directly, not by Extension: this line runs on every page.
if ( ! function_exists( 'qahm_realtime_configure' ) ) {
	return;
}

add_action( 'wp_head', array( Tracker::class, 'show' ), 99 ); // After the title.

add_action( 'init', static fn () => is_user_logged_in() && ExcludedRoles::refresh() ); // Asked first: visitors need not load it.
add_action( 'wp_login', array( ExcludedRoles::class, 'login' ), 10, 2 );
add_action( 'wp_logout', array( ExcludedRoles::class, 'logout' ) );

add_action( 'shutdown', array( RequestEvent::class, 'record' ), 0 ); // Before others work there: this is when the page is made.
// Behind whatever others have registered for the end of the request, and not even loaded before the page is sent.
add_action( 'shutdown', static fn () => register_shutdown_function( static fn () => Afterwards::run() ), PHP_INT_MAX );
