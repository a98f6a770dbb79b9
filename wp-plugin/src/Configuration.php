<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Throwable;

/**
 * What the engine must know of the site, as canonical JSON: the same settings always give the same bytes.
 *
 * Composed on every request from constants and autoloaded options, no query; the extension compares its hash.
 */
final class Configuration {

	/** Query parameters that belong to the address of a page in WordPress; all others are stripped. */
	private const QUERY_KEYS = array( 'attachment_id', 'author', 'cat', 'm', 'p', 'page_id', 'paged', 'post_type', 'tag' );

	/** Bytes of the JSON that the extension takes at most, and of an entry of a list. */
	private const MAX       = 16384;
	private const ENTRY_MAX = 64;

	/** @var array<int, string> By blog id: a request may switch blogs. */
	private static array $json = array();

	/** @var array<int, array<string, int>> By blog id: how many entries which list lost. */
	private static array $lost = array();

	/**
	 * Tells the engine, if it does not know already. Cheap when it does: no system call. Never throws.
	 *
	 * @param bool $wait Whether to wait up to a second for the engine, in wp-admin only.
	 * @return string current, sent, later, absent, or refused: followed by the engine's error.
	 */
	public static function send( bool $wait = false ): string {
		if ( ! Extension::loaded() ) {
			return 'absent';
		}
		try {
			KnownIds::remember(); // First, so that the engine never knows more of them than we do.
			return self::tell( $wait );
		} catch ( Throwable $thrown ) {
			return 'refused: ' . $thrown->getMessage(); // Of the extension, or of a filter of others.
		}
	}

	/**
	 * Has an engine started, if there is none, and waits up to a second for it. Leaves no trace in WordPress.
	 */
	public static function wake(): void {
		try {
			self::tell( true );
		} catch ( Throwable ) {
			return; // What it was to be woken for will show that it did not answer.
		}
	}

	/**
	 * Tells the engine. May throw.
	 *
	 * @param bool $wait Whether to wait for the engine.
	 */
	private static function tell( bool $wait ): string {
		return qahm_realtime_configure( Site::id(), self::json(), $wait );
	}

	/**
	 * The canonical JSON of the current blog: keys sorted, no spaces, UTF-8, slashes as they are.
	 */
	public static function json(): string {
		$blog = get_current_blog_id();
		if ( ! isset( self::$json[ $blog ] ) ) {
			$values = self::values();
			ksort( $values, SORT_STRING );
			$json                = self::encode( $values );
			self::$lost[ $blog ] = array();
			if ( strlen( $json ) > self::MAX ) {
				[ $values, self::$lost[ $blog ] ] = ListOverflow::cut( $values, strlen( $json ) - self::MAX );

				$json = self::encode( $values );
			}
			self::$json[ $blog ] = $json;
		}
		return self::$json[ $blog ];
	}

	/**
	 * What could not be told to the engine, translated, one sentence for each list.
	 *
	 * @return list<string>
	 */
	public static function problems(): array {
		try {
			self::json();
		} catch ( Throwable ) {
			return array(); // send() says what is wrong.
		}
		$problems = array();
		foreach ( self::$lost[ get_current_blog_id() ] as $key => $entries ) {
			$name       = isset( Settings::TABLE[ strtoupper( $key ) ] ) ? Settings::PREFIX . strtoupper( $key ) : 'qahm_realtime_' . $key;
			$problems[] = sprintf(
				/* translators: 1: name of a constant or filter, 2: a number. */
				_n(
					'All lists together are longer than the engine can take: the last %2$s entry of %1$s is not in force.',
					'All lists together are longer than the engine can take: the last %2$s entries of %1$s are not in force.',
					$entries,
					'qahm-realtime'
				),
				$name,
				number_format_i18n( $entries )
			);
		}
		return $problems;
	}

	/**
	 * A value as canonical JSON.
	 *
	 * @param mixed $value Anything; keys are sorted already.
	 */
	public static function encode( mixed $value ): string {
		return (string) json_encode( // phpcs:ignore WordPress.WP.AlternativeFunctions.json_encode_json_encode -- wp_json_encode() may change the data on its second try.
			$value,
			JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION | JSON_INVALID_UTF8_SUBSTITUTE
		);
	}

	/**
	 * The members.
	 *
	 * @return array<string, mixed>
	 */
	public static function values(): array {
		$home   = rtrim( (string) get_option( 'home' ), '/' );
		$values = array(
			'v'          => 1,
			'blog'       => get_current_blog_id(),
			'home'       => $home,
			'hosts'      => Site::hosts(),
			'name'       => mb_substr( wp_specialchars_decode( (string) get_option( 'blogname' ), ENT_QUOTES ), 0, 100 ),
			'timezone'   => wp_timezone_string(),
			'link'       => rtrim( (string) get_option( 'siteurl' ), '/' ) . '/wp-admin/',
			'deliver'    => self::deliver( $home . '/?rest_route=/' . Rest::SPACE . '/deliver' ),
			'query_keys' => self::query_keys(),
			'goals'      => has_filter( 'qahm_realtime_goals' ) ? Goals::current() : array(), // Asked first: most sites need not load it.
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
	 * Where the engine has alerts delivered.
	 *
	 * @param string $usual Address of the REST route.
	 */
	private static function deliver( string $usual ): string {
		/**
		 * Filters the address at which the engine reaches the site to have its alerts run, for hosts that cannot reach themselves by their public name.
		 *
		 * @param string $deliver Address of the REST route.
		 */
		$deliver = apply_filters( 'qahm_realtime_deliver_url', $usual );
		return is_string( $deliver ) ? $deliver : $usual;
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
		$keys = (array) apply_filters( 'qahm_realtime_query_keys', self::QUERY_KEYS );
		$keys = array_filter( $keys, static fn ( mixed $key ): bool => is_string( $key ) && strlen( $key ) <= self::ENTRY_MAX );
		$keys = array_values( array_unique( $keys ) );
		sort( $keys, SORT_STRING );
		return $keys;
	}
}
