<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_Post;

/**
 * Changes of the site: plugins, themes, WordPress itself, what is published. Marks on every graph.
 */
final class SiteChanges {

	/** Hook => method of this class, and how many arguments it takes. */
	public const HOOKS = array(
		'activated_plugin'           => array( 'activated', 1 ),
		'deactivated_plugin'         => array( 'deactivated', 1 ),
		'delete_plugin'              => array( 'about_to_delete', 1 ), // Afterwards nobody knows its name.
		'deleted_plugin'             => array( 'deleted', 2 ),
		'upgrader_process_complete'  => array( 'upgraded', 2 ),
		'_core_updated_successfully' => array( 'core_updated', 1 ),
		'switch_theme'               => array( 'theme_switched', 1 ),
		'transition_post_status'     => array( 'post_changed', 3 ),
	);

	/**
	 * Names of plugins that are about to be deleted, by file.
	 *
	 * @var array<string, string>
	 */
	private static array $names = array();

	/**
	 * A plugin was activated.
	 *
	 * @param mixed $file Its file, below the folder of plugins.
	 */
	public static function activated( mixed $file = '' ): void {
		self::record( 'plugin-activated', self::plugin( $file ) );
	}

	/**
	 * A plugin was deactivated.
	 *
	 * @param mixed $file Its file.
	 */
	public static function deactivated( mixed $file = '' ): void {
		self::record( 'plugin-deactivated', self::plugin( $file ) );
	}

	/**
	 * A plugin is about to be deleted.
	 *
	 * @param mixed $file Its file.
	 */
	public static function about_to_delete( mixed $file = '' ): void {
		if ( is_string( $file ) ) {
			self::$names[ $file ] = self::plugin( $file );
		}
	}

	/**
	 * A plugin was deleted, or not.
	 *
	 * @param mixed $file    Its file.
	 * @param mixed $deleted Whether it is gone.
	 */
	public static function deleted( mixed $file = '', mixed $deleted = true ): void {
		if ( is_string( $file ) && false !== $deleted ) {
			self::record( 'plugin-deleted', self::$names[ $file ] ?? self::plugin( $file ) );
		}
	}

	/**
	 * Plugins or themes were updated. WordPress itself says so by another action, which knows the version.
	 *
	 * @param mixed $upgrader A WP_Upgrader.
	 * @param mixed $done     What was done: type, action, plugins, themes.
	 */
	public static function upgraded( mixed $upgrader = null, mixed $done = array() ): void {
		if ( ! is_array( $done ) || 'update' !== ( $done['action'] ?? '' ) || ( is_object( $upgrader ) && is_wp_error( $upgrader->result ?? null ) ) ) {
			return;
		}
		foreach ( self::list_of( $done, 'plugin' ) as $file ) {
			self::record( 'plugin-updated', self::plugin( $file ) );
		}
		foreach ( self::list_of( $done, 'theme' ) as $folder ) {
			self::record( 'theme-updated', self::theme( $folder ) );
		}
	}

	/**
	 * WordPress was updated.
	 *
	 * @param mixed $version The new version.
	 */
	public static function core_updated( mixed $version = '' ): void {
		self::record( 'core-updated', is_string( $version ) ? "WordPress $version" : 'WordPress' );
	}

	/**
	 * Another theme is in use.
	 *
	 * @param mixed $name Its name.
	 */
	public static function theme_switched( mixed $name = '' ): void {
		self::record( 'theme-switched', is_string( $name ) ? $name : '' );
	}

	/**
	 * A post may have been published, taken back or changed: those that visitors can look at.
	 *
	 * @param mixed $new  Its status.
	 * @param mixed $old  Its status before.
	 * @param mixed $post The post.
	 */
	public static function post_changed( mixed $new = '', mixed $old = '', mixed $post = null ): void {
		if ( ( 'publish' !== $new && 'publish' !== $old ) || ! $post instanceof WP_Post || ! is_post_type_viewable( $post->post_type ) ) {
			return;
		}
		$what = 'publish' === $new ? 'published' : 'unpublished';
		self::record( $new === $old ? 'updated' : $what, $post->post_title );
	}

	/**
	 * The things of one type that were updated.
	 *
	 * @param array<mixed> $done What was done.
	 * @param string       $type plugin or theme.
	 * @return list<string>
	 */
	private static function list_of( array $done, string $type ): array {
		if ( ( $done['type'] ?? '' ) !== $type ) {
			return array();
		}
		$list = $done[ $type . 's' ] ?? $done[ $type ] ?? array();
		return array_values( array_filter( (array) $list, 'is_string' ) );
	}

	/**
	 * What a plugin is called, its folder when it does not say.
	 *
	 * @param mixed $file Its file, below the folder of plugins.
	 */
	private static function plugin( mixed $file ): string {
		if ( ! is_string( $file ) || '' === $file ) {
			return '';
		}
		$path = WP_PLUGIN_DIR . '/' . $file;
		$name = is_file( $path ) ? get_file_data( $path, array( 'name' => 'Plugin Name' ) )['name'] : '';
		return '' !== $name ? $name : ( str_contains( $file, '/' ) ? dirname( $file ) : $file );
	}

	/**
	 * What a theme is called, its folder when it does not say.
	 *
	 * @param string $folder Its folder.
	 */
	private static function theme( string $folder ): string {
		$name = wp_get_theme( $folder )->get( 'Name' );
		return is_string( $name ) && '' !== $name ? $name : $folder;
	}

	/**
	 * Records one change.
	 *
	 * @param string $what  As php/qahm_realtime.stub.php names it.
	 * @param string $title What was changed.
	 */
	private static function record( string $what, string $title ): void {
		$title = trim( wp_strip_all_tags( $title ) );
		if ( '' !== $title ) {
			Signal::record(
				'change',
				array(
					'what'  => $what,
					'title' => $title,
				)
			);
		}
	}
}
