<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_REST_Request;
use WP_REST_Response;

/**
 * HTTP headers of the figures: what is reused and for how long, and where the next part of a long answer is.
 */
final class FiguresHeaders {

	/** About half an hour or more: only these may be a little old. The engine's own list, in serve/answers.rs, is the same. */
	private const REUSED = array( 'pages', 'performance', 'errors', 'engagement', 'history' );

	/**
	 * Filter rest_post_dispatch: cache headers and ETag of our answers, 304 when the client has this one.
	 *
	 * @param mixed $response A WP_REST_Response, unless another plugin left something else.
	 * @param mixed $server   The server.
	 * @param mixed $request  The request.
	 */
	public static function add( mixed $response = null, mixed $server = null, mixed $request = null ): mixed { // phpcs:ignore Generic.CodeAnalysis.UnusedFunctionParameter -- the filter's.
		if ( ! $response instanceof WP_REST_Response || ! $request instanceof WP_REST_Request || Figures::with_token( $request ) ) {
			return $response;
		}
		$route = '/' . Rest::SPACE . '/';
		$what  = str_starts_with( $request->get_route(), $route ) ? substr( $request->get_route(), strlen( $route ) ) : '';
		if ( ( ! isset( Question::WHATS[ $what ] ) && Figures::STATUS !== $what ) || 'OPTIONS' === $request->get_method() ) {
			return $response;
		}
		if ( 200 !== $response->get_status() ) {
			$response->header( 'Cache-Control', 'private, no-store' );
			return $response;
		}
		$seconds = in_array( $what, self::REUSED, true ) ? self::life( $response->get_data(), null !== $request->get_param( '_fields' ) ) : 0;
		$etag    = self::etag( $response->get_data() );
		$response->header( 'Cache-Control', 0 === $seconds ? 'private, no-cache' : "private, max-age=$seconds" );
		$response->header( 'Vary', 'Authorization, Cookie' );
		$response->header( 'ETag', $etag );
		add_filter( 'rest_send_nocache_headers', '__return_false', PHP_INT_MAX ); // WordPress's would come after ours.
		if ( self::matches( (string) $request->get_header( 'If-None-Match' ), $etag ) ) {
			$response->set_status( 304 );
			$response->set_data( null );
		}
		return $response;
	}

	/**
	 * Headers of a part of a long answer, as WordPress's own routes have them.
	 *
	 * @param WP_REST_Response $response The answer.
	 * @param WP_REST_Request  $request  The request.
	 * @param Question         $question What was asked.
	 * @param int              $total    Rows there are.
	 */
	public static function paginate( WP_REST_Response $response, WP_REST_Request $request, Question $question, int $total ): void {
		// The engine gives fewer rows than asked for when more would not fit its answer, and says so.
		$given = $response->get_data();
		$limit = is_array( $given ) && is_int( $given['limit'] ?? null ) && $given['limit'] > 0 ? $given['limit'] : $question->limit;
		$response->header( 'X-WP-Total', (string) $total );
		$response->header( 'X-WP-TotalPages', (string) (int) ceil( $total / $limit ) );
		$known = array_intersect_key( $request->get_query_params(), array_flip( Question::WHATS[ $question->what ] ) );
		$known = array_map( static fn ( mixed $value ): string => rawurlencode( (string) $value ), array_filter( $known, 'is_scalar' ) );
		$link  = static fn ( int $offset ): string => add_query_arg( array( 'offset' => $offset ) + $known, rest_url( ltrim( $request->get_route(), '/' ) ) );
		if ( $question->offset > 0 ) {
			$response->link_header( 'prev', $link( max( 0, $question->offset - $limit ) ) );
		}
		if ( $question->offset + $limit < $total ) {
			$response->link_header( 'next', $link( $question->offset + $limit ) );
		}
	}

	/**
	 * How many seconds figures may still be reused: the engine may have had them for a while.
	 *
	 * @param mixed $figures  The body.
	 * @param bool  $filtered Whether the client asked for some of its fields only.
	 */
	private static function life( mixed $figures, bool $filtered ): int {
		$life = (int) Settings::value( 'CACHE_TTL' );
		$time = is_array( $figures ) ? $figures['time'] ?? null : null;
		if ( ! is_int( $time ) ) {
			return $filtered ? 0 : $life; // Without its time, nobody knows how old it is.
		}
		return max( 0, min( $life, $life - ( time() - $time ) ) );
	}

	/**
	 * A weak ETag: equal when the figures are, whenever they were asked for.
	 *
	 * @param mixed $figures The body.
	 */
	private static function etag( mixed $figures ): string {
		if ( is_array( $figures ) ) {
			unset( $figures['time'] );
		}
		return 'W/"' . substr( hash( 'sha256', (string) wp_json_encode( $figures ) ), 0, 32 ) . '"';
	}

	/**
	 * Whether the client has this very answer.
	 *
	 * @param string $header If-None-Match.
	 * @param string $etag   Of the answer.
	 */
	private static function matches( string $header, string $etag ): bool {
		$opaque = static fn ( string $tag ): string => preg_replace( '~^W/~', '', trim( $tag ) ) ?? '';
		return '*' === trim( $header ) || in_array( $opaque( $etag ), array_map( $opaque, explode( ',', $header ) ), true );
	}
}
