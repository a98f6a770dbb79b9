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
 * REST routes of the figures, one for each question: for dashboards of one's own, by application password, too.
 */
final class Figures {

	/** Milliseconds to wait for the engine: the live frame is always ready, the history has to be read. */
	private const PATIENCE         = 2000;
	private const PATIENCE_LIVE    = 250;
	private const PATIENCE_HISTORY = 10000;

	/** The route that is answered without the engine. */
	public const STATUS = 'status';

	/**
	 * Registers the routes.
	 */
	public static function register(): void {
		foreach ( array( ...array_keys( Question::WHATS ), self::STATUS ) as $what ) {
			$endpoint = array(
				'methods'             => 'GET',
				'callback'            => static fn ( WP_REST_Request $request ): WP_REST_Response|WP_Error => self::answer( $what, $request ),
				'permission_callback' => array( self::class, 'allowed' ),
				'args'                => self::arguments( $what ),
			);
			$route    = array(
				$endpoint,
				'schema' => static fn (): array => FiguresSchema::of( $what ),
			);
			if ( 'live' === $what ) {
				// In the place of live.php: the answer itself judges the token. Scripts post it, so that no cache keeps anything.
				$route[0]['permission_callback'] = static fn ( WP_REST_Request $request ): bool|WP_Error => self::with_token( $request ) ? true : self::allowed();
				$route[]                         = array(
					'methods'             => 'POST',
					'callback'            => array( Rest::class, 'live' ),
					'permission_callback' => '__return_true',
					'show_in_index'       => false,
				);
			}
			register_rest_route( Rest::SPACE, '/' . $what, $route );
		}
		add_filter( 'rest_post_dispatch', array( FiguresHeaders::class, 'add' ), 20, 3 ); // After _fields was applied.
	}

	/**
	 * Whether the user may see the figures.
	 */
	public static function allowed(): bool|WP_Error {
		return current_user_can( Capability::VIEW ) ? true : self::denied();
	}

	/**
	 * Whether a request carries a token, as those to live.php do.
	 *
	 * @param WP_REST_Request $request The request.
	 */
	public static function with_token( WP_REST_Request $request ): bool {
		return '' !== (string) $request->get_header( 'X-Qahm-Realtime-Token' );
	}

	/**
	 * Answers one of the questions.
	 *
	 * @param string          $what    A key of Question::WHATS, or STATUS.
	 * @param WP_REST_Request $request The request.
	 */
	private static function answer( string $what, WP_REST_Request $request ): WP_REST_Response|WP_Error {
		if ( 'live' === $what && self::with_token( $request ) ) {
			return Rest::live( $request );
		}
		if ( self::STATUS === $what ) {
			return new WP_REST_Response( self::status() );
		}
		$question = Question::of( $what, $request->get_query_params() );
		if ( is_string( $question ) ) {
			/* translators: %s: name of an argument. */
			return new WP_Error( 'rest_invalid_param', sprintf( __( 'The argument %s is not valid.', 'qahm-realtime' ), $question ), array( 'status' => 400 ) );
		}
		if ( ! Extension::loaded() ) {
			return new WP_Error( 'qahm_realtime_absent', InstallAdvice::sentence(), array( 'status' => 503 ) );
		}
		return self::ask( $question, $request );
	}

	/**
	 * Asks the engine.
	 *
	 * @param Question        $question What.
	 * @param WP_REST_Request $request  The request.
	 */
	private static function ask( Question $question, WP_REST_Request $request ): WP_REST_Response|WP_Error {
		$what    = $question->what;
		$answer  = self::as_arrays( json_decode( (string) qahm_realtime_ask( Site::id(), $question->json(), self::patience( $what ) ) ) );
		$figures = is_array( $answer ) ? $answer[ $what ] ?? null : null;
		if ( is_array( $figures ) ) {
			$response = new WP_REST_Response( $figures );
			if ( is_int( $figures['total'] ?? null ) ) {
				FiguresHeaders::paginate( $response, $request, $question, $figures['total'] );
			}
			return $response;
		}
		if ( 'live' === $what ) {
			$counters = qahm_realtime_counters( Site::id() );
			if ( null !== $counters ) {
				return new WP_REST_Response( array( 'stale' => true ) + $counters );
			}
		}
		return self::failure( is_array( $answer ) ? $answer : array() );
	}

	/**
	 * Objects as the arrays that WordPress's _fields looks into; but empty ones, which would become lists.
	 *
	 * @param mixed $value Decoded JSON.
	 */
	private static function as_arrays( mixed $value ): mixed {
		if ( is_object( $value ) ) {
			$members = get_object_vars( $value );
			return array() === $members ? $value : array_map( array( self::class, 'as_arrays' ), $members );
		}
		return is_array( $value ) ? array_map( array( self::class, 'as_arrays' ), $value ) : $value;
	}

	/**
	 * How long an answer is waited for, in milliseconds.
	 *
	 * @param string $what A key of Question::WHATS.
	 */
	private static function patience( string $what ): int {
		return match ( $what ) {
			'live'    => self::PATIENCE_LIVE,
			'history' => min( self::PATIENCE_HISTORY, 1000 * (int) Settings::value( 'MAX_EXECUTION_TIME' ) ),
			default   => self::PATIENCE,
		};
	}

	/**
	 * The error that stands for what the engine said, or did not.
	 *
	 * @param array<string, mixed> $answer Its answer, empty when there was none.
	 */
	private static function failure( array $answer ): WP_Error {
		$code   = is_string( $answer['code'] ?? null ) ? $answer['code'] : '';
		$status = LiveAnswer::STATUS[ $code ] ?? 503;
		$text   = match ( $status ) {
			/* translators: %s: an error message, in English. */
			400     => sprintf( __( 'The engine does not understand the question: %s', 'qahm-realtime' ), is_string( $answer['error'] ?? null ) ? $answer['error'] : $code ),
			404     => __( 'The engine does not know this site yet. Open the dashboard, which tells it.', 'qahm-realtime' ),
			default => __( 'The engine does not answer. Tools > Site Health says why.', 'qahm-realtime' ),
		};
		return new WP_Error( 'qahm_realtime_' . ( 503 === $status ? 'no_engine' : str_replace( '-', '_', $code ) ), $text, array( 'status' => $status ) );
	}

	/**
	 * State of extension and engine. Files, users and advice are for those who look after the server.
	 *
	 * @return array<string, mixed>
	 */
	private static function status(): array {
		$status = Extension::status();
		$shown  = array( 'version', 'state', 'engine_version', 'beat_age_ms', 'slots', 'used', 'dropped', 'skipped', 'torn', 'engine_health' );
		if ( current_user_can( 'view_site_health_checks' ) ) {
			$shown[] = 'notes';
		}
		return array( 'site' => Site::id(), 'cost' => OwnCost::of_pages( $status ) ) + array_intersect_key( $status, array_flip( $shown ) ) + array( 'state' => 'absent' );
	}

	/**
	 * Arguments of a question for WordPress, which refuses what is not valid and names it.
	 *
	 * @param string $what A key of Question::WHATS, or STATUS.
	 * @return array<string, array<string, mixed>>
	 */
	private static function arguments( string $what ): array {
		static $all = array(); // Every REST request of the site comes here: each is described once.
		$arguments  = array();
		foreach ( Question::WHATS[ $what ] ?? array() as $name ) {
			$all[ $name ]     ??= Question::ARGUMENTS[ $name ] + array( 'description' => FiguresSchema::argument( $name ) );
			$arguments[ $name ] = $all[ $name ];
		}
		return $arguments;
	}

	/**
	 * The refusal: 401 for who is not logged in, else 403.
	 */
	private static function denied(): WP_Error {
		return new WP_Error( 'rest_forbidden', __( 'You may not see the live figures of this site.', 'qahm-realtime' ), array( 'status' => rest_authorization_required_code() ) );
	}
}
