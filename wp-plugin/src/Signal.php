<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Throwable;

/**
 * Records what happened on the server, beside the pages it answers: an error, a change of the site, a search. Never counts a visitor.
 */
final class Signal {

	/** Signals of one name in one request at most: an import publishes thousands of posts. */
	private const MOST = 20;

	/** Events of others' code (the name `track`) in one request at most: an import of orders fires its hook for each. */
	private const MOST_TRACKED = 200;

	/** What visitors do. The others are troubles and changes of the site, whoever met or made them. */
	private const OF_VISITORS = array( 'search', 'track', 'form-submit' );

	/**
	 * Those of this request, by name. The same one twice says nothing new, but for events: two equal orders are two.
	 *
	 * @var array<string, array<int|string, true>>
	 */
	private static array $seen = array();

	/**
	 * Records one. Never throws.
	 *
	 * @param string                    $name      search, login-failed, change, track, php-error, database-error, slow-query or form-submit.
	 * @param array<string, string|int> $fields    What php/qahm_realtime.stub.php names.
	 * @param bool                      $from_page Whether it belongs to the page from which a script sent the request.
	 */
	public static function record( string $name, array $fields = array(), bool $from_page = false ): void {
		try {
			if ( in_array( $name, self::OF_VISITORS, true ) && RequestEvent::excluded() ) {
				return;
			}
			$track = 'track' === $name;
			$count = count( self::$seen[ $name ] ?? array() );
			$key   = $track ? $count : get_current_blog_id() . implode( "\x1f", $fields );
			if ( isset( self::$seen[ $name ][ $key ] ) || $count >= ( $track ? self::MOST_TRACKED : self::MOST ) ) {
				return;
			}
			self::$seen[ $name ][ $key ] = true;

			$visitor = RequestEvent::visitor();
			if ( $from_page ) {
				$visitor['url'] = self::page( $visitor );
			}
			qahm_realtime_record( Site::id(), 'signal', array( 'name' => $name ) + $fields + $visitor );
		} catch ( Throwable ) { // phpcs:ignore Generic.CodeAnalysis.EmptyStatement.DetectedCatch -- of a filter of others, or of an older extension: whoever fired the hook goes on.
		}
	}

	/**
	 * The page a visitor sees: that from which a script asked, where the request itself is none.
	 *
	 * @param array<string, string|bool> $visitor As RequestEvent::visitor() gives it.
	 */
	private static function page( array $visitor ): string {
		$url      = (string) $visitor['url'];
		$referrer = (string) $visitor['referrer'];
		$script   = wp_doing_ajax() || ( defined( 'REST_REQUEST' ) && REST_REQUEST );
		if ( ! $script || Site::host( $referrer ) !== Site::host( (string) get_option( 'home' ) ) ) {
			return $url;
		}
		$path  = (string) wp_parse_url( $referrer, PHP_URL_PATH );
		$query = (string) wp_parse_url( $referrer, PHP_URL_QUERY );
		return ( '' === $path ? '/' : $path ) . ( '' === $query ? '' : "?$query" );
	}
}
