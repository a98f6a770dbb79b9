<?php
/**
 * Plugin Name: Stopwatch of the benchmarks
 *
 * Must-use plugin of the benchmark's own site, no part of the product. Times what the plugin adds to a page: reading its
 * files, and each of its hooks' callbacks. Sends in headers the nanoseconds, what of them came before the hooks, the
 * queries made meanwhile, and the queries and nanoseconds of the whole page. A request with the header X-Bench: without has no plugin.
 */

declare(strict_types=1);

namespace QahmRealtimeBench;

use Closure;
use ReflectionFunction;

final class Stopwatch {

	/** Nanoseconds and queries within the plugin. */
	private static int $ns      = 0;
	private static int $queries = 0;

	/** Nanoseconds that one measurement adds to itself. */
	private static int $own = 0;

	/** Nested calls are timed once, with the outermost. */
	private static bool $running = false;

	public static function start(): void {
		$without = 'without' === ( $_SERVER['HTTP_X_BENCH'] ?? '' );
		// Read here, just before WordPress would: it has nothing to look for afterwards.
		add_filter( 'option_active_plugins', static fn ( $plugins ) => array_values( array_diff( (array) $plugins, array( 'qahm-realtime/qahm-realtime.php' ) ) ) );
		if ( ! $without ) {
			add_action( 'muplugins_loaded', array( self::class, 'load' ), PHP_INT_MAX );
		}
		// Everything is held back until the headers are known.
		ob_start();
		add_action( 'plugins_loaded', static fn () => remove_action( 'shutdown', 'wp_ob_end_flush_all', 1 ) );
		register_shutdown_function( array( self::class, 'tell' ) );
	}

	public static function load(): void {
		// What the stopwatch itself costs: WordPress asks the plugin about every capability, hundreds of times.
		$costs   = array();
		$nothing = static fn () => null;
		for ( $i = 0; $i < 101; $i++ ) {
			$before = self::$ns;
			self::time( static fn () => $nothing() );
			$costs[] = self::$ns - $before;
		}
		sort( $costs );
		self::$own = $costs[50];
		self::$ns  = 0;
		self::time( static fn () => require WP_PLUGIN_DIR . '/qahm-realtime/qahm-realtime.php' );
		header( 'X-Bench-Load: ' . self::$ns );
		// Callbacks may add further ones.
		foreach ( array( 'init', 'wp_loaded', 'template_redirect', 'wp_head', 'wp_footer' ) as $hook ) {
			add_action( $hook, array( self::class, 'wrap' ), PHP_INT_MIN );
		}
		self::wrap();
	}

	/** Puts a timer around every callback of the plugin that has none yet. */
	public static function wrap(): void {
		foreach ( $GLOBALS['wp_filter'] as $hook ) {
			foreach ( $hook->callbacks as $priority => $callbacks ) {
				foreach ( $callbacks as $id => $callback ) {
					if ( self::ours( $callback['function'] ) ) {
						$function = $callback['function'];
						$hook->callbacks[ $priority ][ $id ]['function'] = static fn ( ...$arguments ) => Stopwatch::time( static fn () => $function( ...$arguments ) );
					}
				}
			}
		}
	}

	private static function ours( mixed $function ): bool {
		if ( $function instanceof Closure ) {
			return str_starts_with( (string) ( new ReflectionFunction( $function ) )->getFileName(), WP_PLUGIN_DIR . '/qahm-realtime/' );
		}
		return is_array( $function ) && is_string( $function[0] ) && str_starts_with( $function[0], 'QahmRealtime\\' );
	}

	public static function time( callable $call ): mixed {
		if ( self::$running ) {
			return $call();
		}
		global $wpdb;
		self::$running = true;
		$queries       = $wpdb->num_queries;
		$begun         = hrtime( true );
		try {
			return $call();
		} finally {
			self::$ns     += max( 0, hrtime( true ) - $begun - self::$own );
			self::$queries += $wpdb->num_queries - $queries;
			self::$running = false;
		}
	}

	/** After WordPress's own shutdown, which the plugin has callbacks in, and before what the plugin does when the page has been sent. */
	public static function tell(): void {
		header( 'X-Bench-Ns: ' . self::$ns );
		header( 'X-Bench-Queries: ' . self::$queries );
		header( 'X-Bench-Page-Queries: ' . $GLOBALS['wpdb']->num_queries );
		header( 'X-Bench-Page-Ns: ' . (int) ( ( microtime( true ) - (float) $_SERVER['REQUEST_TIME_FLOAT'] ) * 1e9 ) );
	}
}

Stopwatch::start();
