<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Answers the dashboard's question for live figures. Knows the extension, not WordPress: live.php and the REST route share it.
 */
final class LiveAnswer {

	/** Milliseconds to wait for the engine, and pages to ask for. */
	private const PATIENCE = 250;
	private const QUESTION = '{"what":"live","pages":5}';

	/**
	 * @param int                  $status HTTP status.
	 * @param string               $reason For the header X-Qahm-Realtime.
	 * @param array<string, mixed> $body   What is sent as JSON.
	 */
	private function __construct(
		public readonly int $status,
		public readonly string $reason,
		public readonly array $body
	) {}

	/**
	 * The answer to a request.
	 *
	 * @param array<string, mixed> $server   $_SERVER.
	 * @param mixed                $site     Site id as the request gave it.
	 * @param mixed                $interval Seconds between two questions of this client, as the request gave it.
	 */
	public static function to( array $server, mixed $site, mixed $interval ): self {
		if ( ! \function_exists( 'qahm_realtime_ask' ) ) {
			return new self( 503, 'absent', array( 'error' => 'absent' ) );
		}
		if ( ! \in_array( $server['REQUEST_METHOD'] ?? '', array( 'GET', 'POST' ), true ) ) {
			return new self( 405, 'method', array( 'error' => 'method' ) );
		}
		$token = $server['HTTP_X_QAHM_REALTIME_TOKEN'] ?? '';
		if ( ! \is_string( $site ) || 1 !== \preg_match( '/^[0-9a-f]{16}$/D', $site ) || ! \is_string( $token ) || '' === $token ) {
			return new self( 401, 'malformed', array( 'error' => 'malformed' ) );
		}

		$origin = self::origin( $server );
		$user   = null === $origin ? 'origin' : \qahm_realtime_token_check( $site, $token, $origin, 'live' );
		if ( null === $origin || ! \is_int( $user ) ) {
			return new self( 401, (string) $user, array( 'error' => $user ) );
		}
		return self::live( $site, $token, $origin, \is_numeric( $interval ) ? (int) $interval : 5 );
	}

	/**
	 * The figures, with a token for the next time.
	 *
	 * @param string $site     Site id.
	 * @param string $token    A token that was found good.
	 * @param string $origin   Origin of the request, '' when it named none.
	 * @param int    $interval Seconds until the next question.
	 */
	private static function live( string $site, string $token, string $origin, int $interval ): self {
		$answer = \json_decode( (string) \qahm_realtime_ask( $site, self::QUESTION, self::PATIENCE ), true );
		$live   = \is_array( $answer ) && \is_array( $answer['live'] ?? null ) ? $answer['live'] : null;
		if ( null === $live ) {
			// The engine is busy or away: the counters in shared memory, if their beat is fresh.
			$live = \qahm_realtime_counters( $site );
			if ( null !== $live ) {
				$live['stale'] = true;
			}
		}
		return new self(
			200,
			null === $live ? 'no-engine' : 'live',
			array(
				'live'  => $live,
				'token' => \qahm_realtime_token_renew( $site, $token, $origin, \max( 60, 2 * \min( 300, \max( 1, $interval ) ) ) ),
			)
		);
	}

	/**
	 * The origin that the token must be bound to. A request that names none must be of the page's own origin, as the browser says.
	 *
	 * @param array<string, mixed> $server $_SERVER.
	 * @return string|null '' when there is nothing to compare, null when the request is refused.
	 */
	private static function origin( array $server ): ?string {
		if ( isset( $server['HTTP_ORIGIN'] ) ) {
			return \is_string( $server['HTTP_ORIGIN'] ) && '' !== $server['HTTP_ORIGIN'] ? \strtolower( $server['HTTP_ORIGIN'] ) : null;
		}
		return 'same-origin' === ( $server['HTTP_SEC_FETCH_SITE'] ?? '' ) ? '' : null;
	}
}
