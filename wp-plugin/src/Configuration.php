<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What the engine must know of the site, as canonical JSON: the same settings always give the same bytes.
 *
 * Composed on every request from constants and autoloaded options, no query; the extension compares its hash.
 */
final class Configuration {

	/** Query parameters that belong to the address of a page in WordPress; all others are stripped. */
	private const QUERY_KEYS = array( 'attachment_id', 'author', 'cat', 'm', 'p', 'page_id', 'paged', 'post_type', 'tag' );

	/** @var array<int, string> By blog id: a request may switch blogs. */
	private static array $json = array();

	/**
	 * Tells the engine, if it does not know already. Cheap when it does: no system call.
	 *
	 * @param bool $wait Whether to wait up to a second for the engine, in wp-admin only.
	 * @return string current, sent, later, absent, or refused: followed by the engine's error.
	 */
	public static function send( bool $wait = false ): string {
		return Extension::loaded() ? qahm_realtime_configure( Site::id(), self::json(), $wait ) : 'absent';
	}

	/**
	 * The canonical JSON of the current blog: keys sorted, no spaces, UTF-8, slashes as they are.
	 */
	public static function json(): string {
		$blog = get_current_blog_id();
		if ( ! isset( self::$json[ $blog ] ) ) {
			$values = self::values();
			ksort( $values, SORT_STRING );
			self::$json[ $blog ] = (string) json_encode( // phpcs:ignore WordPress.WP.AlternativeFunctions.json_encode_json_encode -- wp_json_encode() may change the data on its second try.
				$values,
				JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION | JSON_INVALID_UTF8_SUBSTITUTE
			);
		}
		return self::$json[ $blog ];
	}

	/**
	 * The members.
	 *
	 * @return array<string, mixed>
	 */
	public static function values(): array {
		$home    = rtrim( (string) get_option( 'home' ), '/' );
		$deliver = $home . '/?rest_route=/' . Rest::SPACE . '/deliver';
		$values  = array(
			'v'          => 1,
			'blog'       => get_current_blog_id(),
			'home'       => $home,
			'hosts'      => Site::hosts(),
			'name'       => mb_substr( wp_specialchars_decode( (string) get_option( 'blogname' ), ENT_QUOTES ), 0, 100 ),
			'locale'     => self::locale(),
			'timezone'   => wp_timezone_string(),
			'link'       => rtrim( (string) get_option( 'siteurl' ), '/' ) . '/wp-admin/',
			/**
			 * Filters the address at which the engine reaches the site to have its alerts run, for hosts that cannot reach themselves by their public name.
			 *
			 * @param string $deliver Address of the REST route.
			 */
			'deliver'    => (string) apply_filters( 'qahm_realtime_deliver_url', $deliver ),
			'query_keys' => self::query_keys(),
		);
		foreach ( Settings::current()->all() as $setting ) {
			$values[ $setting->key() ] = $setting->value;
			if ( str_starts_with( $setting->name, 'ALERT_' ) ) {
				// A threshold that the owner chose holds exactly, a default one also needs the value to be unusual.
				$values[ $setting->key() . '_set' ] = $setting->chosen();
			}
		}
		return $values;
	}

	/**
	 * The query parameters that are kept, sorted.
	 *
	 * @return list<string>
	 */
	private static function query_keys(): array {
		/**
		 * Filters the query parameters that make a page of its own.
		 *
		 * @param list<string> $keys Parameter names.
		 */
		$keys = array_filter( (array) apply_filters( 'qahm_realtime_query_keys', self::QUERY_KEYS ), 'is_string' );
		$keys = array_values( array_unique( $keys ) );
		sort( $keys, SORT_STRING );
		return $keys;
	}

	/**
	 * The site's language. Not get_locale(), which multilingual plugins change from page to page.
	 */
	private static function locale(): string {
		$locale = get_option( 'WPLANG' );
		if ( ! is_string( $locale ) || '' === $locale ) {
			$locale = is_multisite() ? get_site_option( 'WPLANG' ) : ( defined( 'WPLANG' ) ? WPLANG : '' );
		}
		return is_string( $locale ) && '' !== $locale ? $locale : 'en_US';
	}
}
