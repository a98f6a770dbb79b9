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
 * REST routes by which dashboards of the live channel tell WordPress something: an alert is acknowledged, a way works. For
 * users who may see the figures; a session needs its nonce, as with all of WordPress's routes. None is in the index.
 */
final class LiveRest {

	/** Milliseconds to wait for the engine. */
	private const PATIENCE = 1000;

	/** An alert's id. */
	private const ALERT = '[A-Za-z0-9_-]{1,64}';

	/**
	 * Registers the routes.
	 */
	public static function register(): void {
		$alert = array(
			'alert' => array(
				'type'     => 'string',
				'pattern'  => '^' . self::ALERT . '$',
				'required' => true,
			),
		);
		self::route( '/alerts/acknowledge', 'acknowledge', $alert );
		self::route( '/alerts/(?P<alert>' . self::ALERT . ')/acknowledge', 'acknowledge', $alert );
		self::route(
			'/rung',
			'rung',
			array(
				'rung'    => array(
					'type'     => 'string',
					'enum'     => Rungs::NAMES,
					'required' => true,
				),
				'latency' => array(
					'type'    => array( 'number', 'null' ),
					'minimum' => 0,
					'maximum' => Rungs::LATENCY_MAX,
				),
				'reasons' => array(
					'type'                 => 'object',
					'default'              => array(),
					'maxProperties'        => 8,
					'additionalProperties' => array(
						'type'      => 'string',
						'maxLength' => 2 * Rungs::REASON_MAX,
					),
				),
			)
		);
	}

	/**
	 * Acknowledges an alert, which every dashboard then shows.
	 *
	 * @param WP_REST_Request $request The request.
	 */
	public static function acknowledge( WP_REST_Request $request ): WP_REST_Response|WP_Error {
		$alert = (string) $request['alert'];
		// The schema's pattern knows no end of a line.
		if ( 1 !== preg_match( '/^' . self::ALERT . '$/D', $alert ) ) {
			return new WP_Error( 'rest_invalid_param', 'alert', array( 'status' => 400 ) );
		}
		if ( ! Extension::loaded() ) {
			return new WP_Error( 'qahm_realtime_absent', InstallAdvice::sentence(), array( 'status' => 503 ) );
		}
		$command = wp_json_encode(
			array(
				'do'    => 'acknowledge',
				'alert' => $alert,
				'user'  => get_current_user_id(),
			)
		);
		$answer  = json_decode( (string) qahm_realtime_command( Site::id(), (string) $command, self::PATIENCE ), true );
		if ( is_array( $answer ) && true === ( $answer['ok'] ?? false ) ) {
			return self::ok();
		}
		return in_array( $answer['code'] ?? '', array( 'unknown-alert', 'unknown-site' ), true )
			? new WP_Error( 'qahm_realtime_unknown_alert', __( 'There is no such alert any more.', 'qahm-realtime' ), array( 'status' => 404 ) )
			: new WP_Error( 'qahm_realtime_no_engine', __( 'The engine does not answer. Tools > Site Health says why.', 'qahm-realtime' ), array( 'status' => 503 ) );
	}

	/**
	 * Notes which way of the channel works in a browser.
	 *
	 * @param WP_REST_Request $request The request.
	 */
	public static function rung( WP_REST_Request $request ): WP_REST_Response {
		$latency = $request['latency'];
		Rungs::note( (string) $request['rung'], is_numeric( $latency ) ? (float) $latency : null, (array) $request['reasons'] );
		LivePath::look_afterwards(); // A browser has just tried.
		return self::ok();
	}

	/**
	 * Registers one route.
	 *
	 * @param string                              $path     Path below the namespace.
	 * @param string                              $callback Method of this class.
	 * @param array<string, array<string, mixed>> $args     Arguments as WordPress describes them.
	 */
	private static function route( string $path, string $callback, array $args ): void {
		register_rest_route(
			Rest::SPACE,
			$path,
			array(
				'methods'             => 'POST',
				'callback'            => array( self::class, $callback ),
				'permission_callback' => array( Figures::class, 'allowed' ),
				'args'                => $args,
				'show_in_index'       => false,
			)
		);
	}

	/**
	 * The answer when all went well.
	 */
	private static function ok(): WP_REST_Response {
		return new WP_REST_Response( array( 'ok' => true ), 200, array( 'Cache-Control' => 'private, no-store' ) );
	}
}
