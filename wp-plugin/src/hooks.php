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

// Printed where a page has them. Without the extension nobody is counted, and they print nothing.
add_action( 'init', static fn () => add_shortcode( 'qahm_realtime_opt_out', array( OptOut::class, 'show' ) ) );
add_filter( 'render_block_qahm-realtime/opt-out', array( OptOut::class, 'show' ) );
is_admin() && add_action( 'init', array( OptOut::class, 'register' ), 11 ); // After the language.
add_action( 'rest_api_init', array( OptOut::class, 'register' ) );

// --- Who is logged out, or may do less than before, sees no more figures. On every request: links that are mailed change passwords, too.
// In a terminal (WP-CLI, cron), PHP may be another one than that of the site, without the extension: what happens there is kept for the site to tell.
if ( 'cli' === PHP_SAPI || function_exists( 'qahm_realtime_configure' ) ) {
	foreach (
		array(
			'updated_user_meta'              => 'meta',
			'deleted_user_meta'              => 'meta',
			'set_user_role'                  => 'role',
			'remove_user_role'               => 'role_removed',
			'update_user_meta'               => 'sessions',
			'delete_user_meta'               => 'sessions',
			'profile_update'                 => 'profile',
			'wp_set_password'                => 'password',
			'clear_auth_cookie'              => 'cookie',
			'remove_user_from_blog'          => 'blog',
			'after_password_reset'           => 'everywhere',
			'wp_logout'                      => 'everywhere',
			'wp_delete_application_password' => 'everywhere',
			'delete_user'                    => 'everywhere',
			'deleted_user'                   => 'everywhere',
			'wpmu_delete_user'               => 'everywhere',
			'make_spam_user'                 => 'everywhere',
			'revoke_super_admin'             => 'everywhere', // Before it is done: which blogs it were is not known afterwards.
			'revoked_super_admin'            => 'everywhere',
		) as $qahm_realtime_hook => $qahm_realtime_method
	) {
		add_action( $qahm_realtime_hook, array( AccessChanges::class, $qahm_realtime_method ), 10, 4 );
	}
	// Options change on many a request: the class is loaded for one of them.
	add_action( 'updated_option', static fn ( $option = '', $old = null, $new = null ) => is_string( $option ) && str_ends_with( $option, 'user_roles' ) && AccessChanges::roles( $old, $new ), 10, 3 );
}

// Without the extension nothing else changes. Asked directly, not by Extension: this line runs on every page.
if ( ! function_exists( 'qahm_realtime_configure' ) ) {
	return;
}

add_action(
	'wp_head',
	static function () {
		$GLOBALS['qahm_realtime_seconds'] -= microtime( true ); // Loading the class is ours, too.
		Tracker::show();
		$GLOBALS['qahm_realtime_seconds'] += microtime( true );
	},
	99 // After the title.
);

add_action( 'init', static fn () => is_user_logged_in() && ExcludedRoles::refresh() ); // Asked first: visitors need not load it.
add_action( 'wp_login', array( ExcludedRoles::class, 'login' ), 10, 2 );
add_action( 'wp_logout', array( ExcludedRoles::class, 'logout' ) );

// --- What happens on the server. Signals of a page that is only read: these few hooks, no class unless there is something.

$qahm_realtime_warned = static function () {
	$seen   = E_WARNING | E_USER_WARNING;
	$levels = function_exists( 'qahm_realtime_error_levels' ) ? qahm_realtime_error_levels() : E_ALL; // Those of the one before, which PHP does not tell.
	$ours   = static function ( $level, $message = '', $file = '', $line = 0, ...$more ) use ( &$previous, $seen, $levels ) {
		if ( 0 !== ( $level & $seen & error_reporting() ) ) { // Not with "@".
			PhpErrors::warning( $message, $file, $line );
		}
		return null === $previous || 0 === ( $level & $levels ) ? false : $previous( $level, $message, $file, $line, ...$more );
	};
	// Whoever was asked before is asked as before: false has PHP do what it always does.
	$previous = set_error_handler( $ours, $seen ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_set_error_handler -- passes everything on.
	if ( null !== $previous ) {
		restore_error_handler();
		if ( is_callable( $previous ) ) { // Not a private method.
			set_error_handler( $ours, $seen | $levels ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_set_error_handler -- its levels are for the one before.
		}
	}
};
$qahm_realtime_warned();

add_action( 'wp', static fn () => is_search() && Searches::record() );
add_action( 'qahm_realtime_track', array( Tracking::class, 'record' ), 10, 2 );
foreach ( array( 'wp_login_failed', 'application_password_failed_authentication' ) as $qahm_realtime_hook ) {
	add_action( $qahm_realtime_hook, static fn () => Signal::record( 'login-failed' ) ); // Never the name.
}

// A visitor who only reads changes nothing and submits nothing.
if (
	is_admin() || wp_doing_cron() || ( defined( 'WP_CLI' ) && WP_CLI ) || ( defined( 'ALTERNATE_WP_CRON' ) && ALTERNATE_WP_CRON )
	|| ! in_array( $_SERVER['REQUEST_METHOD'] ?? '', array( 'GET', 'HEAD' ), true )
	|| ( defined( 'LOGGED_IN_COOKIE' ) && isset( $_COOKIE[ LOGGED_IN_COOKIE ] ) )
) {
	foreach ( SiteChanges::HOOKS as $qahm_realtime_hook => [ $qahm_realtime_method, $qahm_realtime_arguments ] ) {
		add_action( $qahm_realtime_hook, array( SiteChanges::class, $qahm_realtime_method ), 10, $qahm_realtime_arguments );
	}
	foreach ( array_keys( CachePurges::HOOKS ) as $qahm_realtime_hook ) {
		add_action( $qahm_realtime_hook, static fn () => CachePurges::record( $qahm_realtime_hook ) );
	}
	foreach ( FormSubmissions::HOOKS as $qahm_realtime_hook => $qahm_realtime_arguments ) {
		add_action( $qahm_realtime_hook, static fn ( ...$arguments ) => FormSubmissions::record( $qahm_realtime_hook, $arguments ), 10, $qahm_realtime_arguments );
	}
}

add_action( 'shutdown', static fn () => RequestEvent::record( microtime( true ) ), 0 ); // Before others work there: this is when the page is made.
add_action(
	'shutdown',
	static function () {
		$error = error_get_last();
		if ( null !== $error && 0 !== ( $error['type'] & RequestEvent::FATAL ) ) {
			PhpErrors::fatal( $error );
		}
		if ( ! empty( $GLOBALS['EZSQL_ERROR'] ) || ( defined( 'SAVEQUERIES' ) && SAVEQUERIES ) ) {
			DatabaseTroubles::record( (array) ( $GLOBALS['EZSQL_ERROR'] ?? array() ), (array) ( $GLOBALS['wpdb']->queries ?? array() ) );
		}
	},
	1
);
// Behind whatever others have registered for the end of the request, and not even loaded before the page is sent.
add_action( 'shutdown', static fn () => register_shutdown_function( static fn () => Afterwards::run() ), PHP_INT_MAX );
