<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Throwable;

/**
 * The inline script in the head of every page: the same for everybody, so that any page cache may keep it.
 */
final class Tracker {

	/** Asks optimisers to leave the script where and as it is. The build counts these bytes too. */
	private const ATTRIBUTES = array(
		'data-no-optimize' => '1',
		'data-no-defer'    => '1',
		'data-no-minify'   => '1',
		'data-cfasync'     => 'false',
		'nowprocket'       => true,
	);

	/**
	 * Prints the script, unless this is no page that a visitor looks at.
	 */
	public static function show(): void {
		try {
			$script = self::wanted() ? self::script() : '';
		} catch ( Throwable ) {
			return; // Of a filter of others: a page that is not counted is better than none.
		}
		if ( '' !== $script ) {
			wp_print_inline_script_tag( $script, self::ATTRIBUTES );
		}
	}

	/**
	 * The script with this site's configuration, '' when it was not built.
	 */
	public static function script(): string {
		$consent = Settings::value( 'CONSENT' );
		$file    = DIR . '/assets/build/' . ( 'none' === $consent ? 'tracker.js' : 'tracker-consent.js' );
		$script  = is_file( $file ) ? (string) file_get_contents( $file ) : '';
		$config  = array(
			Site::id(),
			Endpoints::collector(),
			array_search( $consent, array( 'none', 'wait', 'limited' ), true ),
			self::more(),
			PageMeta::current(),
			...self::goals(),
		);
		return str_replace( '__QAHM_CONFIG__', (string) wp_json_encode( $config, JSON_UNESCAPED_SLASHES | JSON_HEX_TAG ), $script );
	}

	/**
	 * Path of the tracker's second file, same origin as the page.
	 */
	private static function more(): string {
		return wp_parse_url( plugins_url( 'assets/build/tracker-more.js', FILE ), PHP_URL_PATH ) . '?ver=' . VERSION;
	}

	/**
	 * The goals that are clicks: one element with a list of name and selector, or none where there is no such goal.
	 *
	 * @return list<list<array{string, string}>>
	 */
	private static function goals(): array {
		if ( ! has_filter( 'qahm_realtime_goals' ) ) {
			return array();
		}
		$goals = array_filter( Goals::current(), static fn ( array $goal ): bool => 'selector' === $goal['type'] );
		return array() === $goals ? array() : array( array_values( array_map( static fn ( array $goal ): array => array( $goal['name'], $goal['value'] ), $goals ) ) );
	}

	/**
	 * Whether the page is one that a visitor looks at. Feeds, the admin area and REST answers have no wp_head.
	 */
	private static function wanted(): bool {
		if ( is_preview() || is_customize_preview() || is_feed() ) {
			return false;
		}
		if ( function_exists( 'amp_is_request' ) && amp_is_request() ) {
			return false; // AMP pages allow no script of ours.
		}
		// A missing picture or script is answered with an error page that nobody sees.
		$wanted = ! ( is_404() && 1 === preg_match( '~\.(?!html?\b|php\b)[a-z0-9]{2,5}(?:\?|$)~i', (string) ( $_SERVER['REQUEST_URI'] ?? '' ) ) ); // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- only matched.
		/**
		 * Filters whether the tracker is printed on this page.
		 *
		 * @param bool $wanted Whether a visitor looks at this page.
		 */
		return (bool) apply_filters( 'qahm_realtime_track_page', $wanted );
	}
}
