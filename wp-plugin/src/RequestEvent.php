<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Throwable;

/**
 * Tells how WordPress answered a page of the site: status, time, queries, fatal error. Never counts a visitor.
 */
final class RequestEvent {

	/** Errors that end a request. */
	public const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

	/** The cookie of browsers that are not counted, whatever its value: see ExcludedRoles, which pages need not load. */
	public const EXCLUDED = 'qahm_realtime_exclude';

	/**
	 * Records the request. A full or absent ring is no matter: the extension counts what it drops.
	 *
	 * @param float $began When that began, before this class was loaded; Unix time.
	 */
	public static function record( float $began = 0.0 ): void {
		try {
			if ( ! self::excluded() && self::wanted() ) {
				qahm_realtime_record( Site::id(), 'request', self::fields() + self::added( $began ) );
			}
		} catch ( Throwable ) { // phpcs:ignore Generic.CodeAnalysis.EmptyStatement.DetectedCatch -- of a filter of others: what comes after us in this request must still run.
		}
	}

	/**
	 * What is recorded of a request.
	 *
	 * @return array<string, string|int|bool>
	 */
	private static function fields(): array {
		$error = error_get_last();
		$start = (float) ( $_SERVER['REQUEST_TIME_FLOAT'] ?? microtime( true ) );
		return self::visitor() + array(
			'status'        => (int) http_response_code(),
			'generation_us' => max( 0, (int) ( ( microtime( true ) - $start ) * 1e6 ) ),
			'queries'       => (int) get_num_queries(),
			'fatal'         => null !== $error && 0 !== ( $error['type'] & self::FATAL ),
		);
	}

	/**
	 * What we took of the request ourselves: our files, the tracker, this. The call that records it comes after and takes
	 * a microsecond. A clock that was set meanwhile tells nothing.
	 *
	 * @param float $began When this began, Unix time; 0 if nobody knows.
	 * @return array<string, int>
	 */
	private static function added( float $began ): array {
		$before = $GLOBALS['qahm_realtime_seconds'] ?? null;
		if ( ! is_float( $before ) || $began <= 0.0 ) {
			return array();
		}
		$seconds = $before + microtime( true ) - $began;
		return $seconds >= 0.0 && $seconds < 60.0 ? array( 'added_us' => (int) round( $seconds * 1e6 ) ) : array();
	}

	/**
	 * Whether the browser is not counted: by the role of its user, or by the visitor's own choice.
	 */
	public static function excluded(): bool {
		return isset( $_COOKIE[ self::EXCLUDED ] );
	}

	/**
	 * Whether the visitor of a site that asks for consent has given it. Where it does not ask, nobody needs it.
	 */
	private static function consented(): bool {
		return function_exists( 'wp_has_consent' ) && 'none' !== Settings::value( 'CONSENT' ) && wp_has_consent( 'statistics' );
	}

	/**
	 * Who asked for what, from the server's variables as they came: the extension bounds and cleans. Signals have it too.
	 *
	 * @return array<string, string|bool>
	 */
	public static function visitor(): array {
		$server = static fn ( string $name ): string => is_string( $_SERVER[ $name ] ?? null ) ? wp_unslash( $_SERVER[ $name ] ) : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- see above.
		$url    = $server( 'REQUEST_URI' );
		return array(
			// In the admin area and at login, queries hold keys; pages of the site are told apart by theirs.
			'url'           => is_admin() || 'wp-login.php' === ( $GLOBALS['pagenow'] ?? '' ) ? explode( '?', $url, 2 )[0] : $url,
			'referrer'      => $server( 'HTTP_REFERER' ),
			'user_agent'    => $server( 'HTTP_USER_AGENT' ),
			'address'       => $server( 'REMOTE_ADDR' ),
			'forwarded_for' => $server( 'HTTP_X_FORWARDED_FOR' ),
			'logged_in'     => did_action( 'set_current_user' ) > 0 && is_user_logged_in(),
			'private'       => '1' === $server( 'HTTP_SEC_GPC' ) || '1' === $server( 'HTTP_DNT' ),
		) + ( self::consented() ? array( 'consent' => true ) : array() );
	}

	/**
	 * Only HTML that a visitor asked for: no admin, login, cron, REST, AJAX, XML-RPC, feed, command line.
	 */
	private static function wanted(): bool {
		if ( is_admin() || wp_doing_cron() || wp_doing_ajax() || 'cli' === PHP_SAPI || ! function_exists( 'is_user_logged_in' ) ) {
			return false;
		}
		if ( ( defined( 'REST_REQUEST' ) && REST_REQUEST ) || ( defined( 'XMLRPC_REQUEST' ) && XMLRPC_REQUEST ) ) {
			return false;
		}
		if ( 'wp-login.php' === ( $GLOBALS['pagenow'] ?? '' ) || 'wp-signup.php' === ( $GLOBALS['pagenow'] ?? '' ) ) {
			return false;
		}
		// A dashboard, or we ourselves, looked whether the web server passes the live channel on: no visitor missed a page.
		if ( 404 === http_response_code() && self::of_the_channel() ) {
			return false;
		}
		foreach ( headers_list() as $header ) {
			if ( 0 === stripos( $header, 'Content-Type:' ) && false === stripos( $header, 'html' ) ) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Whether the address lies below the path of the live channel.
	 */
	private static function of_the_channel(): bool {
		$prefix = (string) Settings::value( 'LIVE_PATH' );
		return '' !== $prefix && str_starts_with( (string) ( $_SERVER['REQUEST_URI'] ?? '' ), $prefix ); // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- compared only.
	}
}
