<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_Site;

/**
 * Activation, deletion of a blog, removal. Deactivation leaves everything: it may only be for an hour.
 */
final class Lifecycle {

	/** User meta of the plugin; the older QA plugins own qahm_* and delete all of it. */
	public const USER_META = array( Notice::META );

	/**
	 * Makes the options and finds out whether the host lets collect.php and live.php answer.
	 */
	public static function activate(): void {
		if ( Extension::loaded() ) {
			Endpoints::test();
			Configuration::send( true );
		}
	}

	/**
	 * Makes the plugin's own translations known; only where there is something to read.
	 */
	public static function load_language(): void {
		load_plugin_textdomain( 'qahm-realtime', false, dirname( plugin_basename( FILE ) ) . '/languages' );
	}

	/**
	 * Has the engine forget a blog that is being deleted.
	 *
	 * @param mixed $blog The blog, a WP_Site, its options still readable.
	 */
	public static function blog_deleted( mixed $blog = null ): void {
		if ( ! $blog instanceof WP_Site ) {
			return;
		}
		switch_to_blog( (int) $blog->blog_id );
		self::forget();
		restore_current_blog();
	}

	/**
	 * Removes every trace, on every blog. Called by uninstall.php.
	 */
	public static function uninstall(): void {
		$blogs = is_multisite() ? get_sites(
			array(
				'fields' => 'ids',
				'number' => 0,
			)
		) : array( 0 );
		foreach ( $blogs as $blog ) {
			if ( $blog > 0 ) {
				switch_to_blog( (int) $blog );
			}
			self::forget();
			delete_option( Endpoints::OPTION );
			if ( $blog > 0 ) {
				restore_current_blog();
			}
		}
		foreach ( self::USER_META as $key ) {
			delete_metadata( 'user', 0, $key, '', true );
		}
	}

	/**
	 * Has the engine delete all it knows of the current blog.
	 */
	private static function forget(): void {
		if ( Extension::loaded() ) {
			qahm_realtime_command( Site::id(), '{"do":"forget"}', 1000 );
		}
	}
}
