<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

/**
 * REST routes beside the figures: a token for the dashboard, delivery of alerts, and stand-ins for collect.php and live.php. None is in the index.
 */
final class Rest {

	public const SPACE = 'qahm-realtime/v1';

	/**
	 * Registers the routes.
	 */
	public static function register(): void {
		self::route( '/token', 'POST', 'token', static fn (): bool => current_user_can( Capability::VIEW ) );
		self::route( '/deliver', 'POST', 'deliver', array( self::class, 'from_engine' ) );
		// Open like the file it stands in for: the collector takes anybody's beacon.
		self::route( '/collect', 'POST', 'collect', '__return_true' );
		$looks_after = static fn (): bool => current_user_can( 'view_site_health_checks' );
		self::route( '/health/endpoints', 'GET', 'health', $looks_after );
		self::route( '/health/live', 'GET', 'live_health', $looks_after );
		LiveRest::register();
		Figures::register(); // The live answer among them, which stands in for live.php where a token is given.
	}

	/**
	 * A token for the figures of this site, for this user.
	 */
	public static function token(): WP_REST_Response {
		return self::answer( 200, array( 'token' => Token::live() ) );
	}

	/**
	 * Runs alerts that wait. Called by the engine.
	 */
	public static function deliver(): WP_REST_Response {
		return self::answer( 200, array( 'delivered' => Alerts::deliver() ) );
	}

	/**
	 * Whether the request carries the engine's token.
	 *
	 * @param WP_REST_Request $request The request.
	 * @return true|WP_Error
	 */
	public static function from_engine( WP_REST_Request $request ): bool|WP_Error {
		$denied = 'absent';
		if ( Extension::loaded() ) {
			// A request from server to server has no origin to compare.
			$denied = qahm_realtime_token_check( Site::id(), (string) $request->get_header( 'X-Qahm-Realtime-Token' ), '', 'deliver' );
		}
		return is_int( $denied ) ? true : new WP_Error( 'qahm_realtime_denied', $denied, array( 'status' => 401 ) );
	}

	/**
	 * Takes a beacon, as collect.php does.
	 *
	 * @param WP_REST_Request $request The request.
	 */
	public static function collect( WP_REST_Request $request ): WP_REST_Response {
		[ $status, $reason ] = Extension::loaded() ? qahm_realtime_collect( substr( (string) $request->get_body(), 0, 4097 ) ) : array( 503, 'absent' );
		if ( 200 === $status ) {
			return self::answer( 200, json_decode( $reason ), 'explained' );
		}
		return self::answer( $status, 204 === $status ? null : array( 'error' => $reason ), $reason );
	}

	/**
	 * Answers the dashboard's questions, as live.php does.
	 *
	 * @param WP_REST_Request $request The request, with a token.
	 */
	public static function live( WP_REST_Request $request ): WP_REST_Response {
		$answer = LiveAnswer::to( self::server(), $request->get_query_params() );
		$response = self::answer( $answer->status, $answer->body );
		foreach ( $answer->headers() as $name => $value ) {
			$response->header( $name, $value );
		}
		return $response;
	}

	/**
	 * Site Health's test of the endpoints, which takes too long for the page itself.
	 */
	public static function health(): WP_REST_Response {
		return self::answer( 200, SiteHealth::endpoints() );
	}

	/**
	 * Site Health's test of the live channel.
	 */
	public static function live_health(): WP_REST_Response {
		return self::answer( 200, LiveHealth::test() );
	}

	/**
	 * The server's variables as the two files see them: WordPress puts slashes into its own, and a visitor would be another one.
	 *
	 * @return array<string, mixed>
	 */
	private static function server(): array {
		return wp_unslash( $_SERVER );
	}

	/**
	 * Registers one route.
	 *
	 * @param string   $path       Path below the namespace.
	 * @param string   $methods    HTTP methods.
	 * @param string   $callback   Method of this class.
	 * @param callable $permission Who may.
	 */
	private static function route( string $path, string $methods, string $callback, callable $permission ): void {
		register_rest_route(
			self::SPACE,
			$path,
			array(
				'methods'             => $methods,
				'callback'            => array( self::class, $callback ),
				'permission_callback' => $permission,
				'show_in_index'       => false,
			)
		);
	}

	/**
	 * An answer that no cache keeps.
	 *
	 * @param int         $status HTTP status.
	 * @param mixed       $body   What is sent as JSON.
	 * @param string|null $reason For the header X-Qahm-Realtime.
	 */
	private static function answer( int $status, mixed $body, ?string $reason = null ): WP_REST_Response {
		$headers = array( 'Cache-Control' => 'private, no-store' );
		if ( null !== $reason ) {
			$headers['X-Qahm-Realtime'] = $reason;
		}
		return new WP_REST_Response( $body, $status, $headers );
	}
}
