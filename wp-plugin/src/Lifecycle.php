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

	/** Options of the plugin, of each blog. */
	public const OPTIONS = array( Endpoints::OPTION, KnownIds::OPTION, Revocation::OPTION, LivePath::OPTION, Rungs::OPTION );

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
		Forgetting::of( self::own_ids() );
		restore_current_blog();
	}

	/**
	 * Removes every trace, on every blog. Called by uninstall.php.
	 *
	 * @return bool Whether all is gone: the engine may not have answered.
	 */
	public static function uninstall(): bool {
		$ids = array();
		self::on_every_blog(
			static function () use ( &$ids ): void {
				$ids = array( ...$ids, ...self::own_ids() );
			}
		);
		$gone = Forgetting::of( $ids );
		self::on_every_blog(
			static function (): void {
				array_map( 'delete_option', self::OPTIONS );
			}
		);
		foreach ( self::USER_META as $key ) {
			delete_metadata( 'user', 0, $key, '', true );
		}
		return $gone;
	}

	/**
	 * Ids that are this blog's alone. A copy of a site has the original's id among its former ones: what was heard from
	 * lately is in use elsewhere.
	 *
	 * @return list<string>
	 */
	private static function own_ids(): array {
		$in_use = static fn ( string $id ): bool => Extension::loaded() && 0 < ( qahm_realtime_counters( $id )['visitors_30m'] ?? 0 );
		return array_values( array_filter( KnownIds::all(), static fn ( string $id ): bool => Site::id() === $id || ! $in_use( $id ) ) );
	}

	/**
	 * Does something on every blog of the network, or on the only one.
	 *
	 * @param callable(): void $work What.
	 */
	private static function on_every_blog( callable $work ): void {
		if ( ! is_multisite() ) {
			$work();
			return;
		}
		$blogs = get_sites(
			array(
				'fields' => 'ids',
				'number' => 0,
			)
		);
		foreach ( $blogs as $blog ) {
			switch_to_blog( (int) $blog );
			$work();
			restore_current_blog();
		}
	}
}
