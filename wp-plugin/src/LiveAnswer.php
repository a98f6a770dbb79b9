<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Answers the dashboard's questions. Knows the extension, not WordPress: live.php and the REST route share it.
 */
final class LiveAnswer {

	/** Milliseconds to wait for the engine. */
	private const PATIENCE = 250;

	/** What the engine says instead of an answer => HTTP status. Anything else is 503. */
	public const STATUS = array(
		'bad-request'      => 400,
		self::REVOKED      => 401,
		'unknown-site'     => 404,
		'too-many-filters' => 429,
		self::RATE         => 429,
	);

	/** The token's user is logged out, or may do less than before: only WordPress can give another one. */
	private const REVOKED = 'revoked';

	/** The token's user asks too often. */
	private const RATE = 'rate';

	/** Why somebody may come again later => seconds: as the engine says it over HTTP; until a filter that nobody asks for any more is let go. */
	private const AGAIN = array(
		self::RATE         => 2,
		'too-many-filters' => 30,
	);

	/** Bytes of a body, which says nothing here, and of the address: as the engine takes them over HTTP. */
	private const BODY_MAX = 16384;
	private const URL_MAX  = 4096;

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
	 * Headers of the answer beside the usual ones.
	 *
	 * @return array<string, string>
	 */
	public function headers(): array {
		$headers = array( 'X-Qahm-Realtime' => $this->reason );
		return isset( self::AGAIN[ $this->reason ] ) ? $headers + array( 'Retry-After' => (string) self::AGAIN[ $this->reason ] ) : $headers;
	}

	/**
	 * The answer to a request.
	 *
	 * @param array<string, mixed> $server $_SERVER.
	 * @param array<mixed>         $given  What the request's query says: site; what is asked ('live' by default, or
	 *                                     another of Question::WHATS, or 'poll') with its arguments; interval: seconds
	 *                                     until the client asks again.
	 */
	public static function to( array $server, array $given ): self {
		if ( ! \function_exists( 'qahm_realtime_ask' ) ) {
			return new self( 503, 'absent', array( 'error' => 'absent' ) );
		}
		if ( ! \in_array( $server['REQUEST_METHOD'] ?? '', array( 'GET', 'POST' ), true ) ) {
			return new self( 405, 'method', array( 'error' => 'method' ) );
		}
		if ( (int) ( $server['CONTENT_LENGTH'] ?? 0 ) > self::BODY_MAX ) {
			return new self( 413, 'too-large', array( 'error' => 'too-large' ) );
		}
		if ( \strlen( (string) ( $server['REQUEST_URI'] ?? '' ) ) > self::URL_MAX ) {
			return new self( 414, 'too-long', array( 'error' => 'too-long' ) );
		}
		$site  = $given['site'] ?? null;
		$token = $server['HTTP_X_QAHM_REALTIME_TOKEN'] ?? '';
		if ( ! \is_string( $site ) || 1 !== \preg_match( '/^[0-9a-f]{16}$/D', $site ) || ! \is_string( $token ) || '' === $token ) {
			return new self( 401, 'malformed', array( 'error' => 'malformed' ) );
		}

		$origin = self::origin( $server );
		$claims = null === $origin ? 'origin' : \qahm_realtime_token_claims( $site, $token, $origin );
		if ( null === $origin || ! \is_array( $claims ) ) {
			return new self( 401, (string) $claims, array( 'error' => $claims ) );
		}
		$what     = $given['what'] ?? 'live';
		$question = Poll::WHAT === $what ? Poll::of( $given ) : Question::of( $what, $given );
		if ( \is_string( $question ) ) {
			return new self( 400, 'bad-request', array( 'error' => 'bad-request', 'argument' => $question ) );
		}
		$interval = \is_numeric( $given['interval'] ?? null ) ? (int) $given['interval'] : 5;
		$renewed  = \qahm_realtime_token_renew( $site, $token, $origin, \max( 60, 2 * \min( 300, \max( 1, $interval ) ) ) );
		$address  = \filter_var( $server['REMOTE_ADDR'] ?? '', FILTER_VALIDATE_IP );
		return self::figures( $site, $question, false === $address ? $claims : array( 'address' => $address ) + $claims, $renewed );
	}

	/**
	 * The figures, with a token for the next time.
	 *
	 * @param string                    $site     Site id.
	 * @param Question                  $question What is asked.
	 * @param array<string, int|string> $claims   What the token says, and the address that it came from.
	 * @param string|null               $token    For the next time, null when WordPress has to be asked again.
	 */
	private static function figures( string $site, Question $question, array $claims, ?string $token ): self {
		$what = $question->what;
		// As objects: an empty one must not become a list.
		$answer  = \json_decode( (string) \qahm_realtime_ask( $site, $question->json( $claims ), self::PATIENCE ) );
		$figures = \is_object( $answer ) && \is_object( $answer->$what ?? null ) ? $answer->$what : null;
		if ( null !== $figures ) {
			return new self( 200, $what, array( $what => $figures, 'token' => $token ) );
		}
		$code = \is_object( $answer ) && \is_string( $answer->code ?? null ) ? $answer->code : 'no-engine';
		if ( self::REVOKED === $code ) {
			return new self( 401, $code, array( 'error' => $code ) ); // And no token: this chain has ended.
		}
		if ( $question->counted && ! \in_array( $code, array( 'bad-request', 'too-many-filters', self::RATE ), true ) ) {
			// The engine is busy or away: the counters in shared memory, if their beat is fresh.
			$live = \qahm_realtime_counters( $site );
			if ( null !== $live ) {
				$live['stale'] = true;
			}
			return new self( 200, null === $live ? 'no-engine' : 'live', array( 'live' => $live, 'token' => $token ) );
		}
		$status = self::STATUS[ $code ] ?? 503;
		return new self( $status, 503 === $status ? 'no-engine' : $code, array( 'error' => 503 === $status ? 'no-engine' : $code, 'token' => $token ) );
	}

	/**
	 * The origin that the token must be bound to. A request that names none must be of the page's own origin, as the browser
	 * says; or of a program, which has no cookies: no foreign page can make a browser send the token's header in silence.
	 *
	 * @param array<string, mixed> $server $_SERVER.
	 * @return string|null '' when there is nothing to compare, null when the request is refused.
	 */
	private static function origin( array $server ): ?string {
		if ( isset( $server['HTTP_ORIGIN'] ) ) {
			return \is_string( $server['HTTP_ORIGIN'] ) && '' !== $server['HTTP_ORIGIN'] ? \strtolower( $server['HTTP_ORIGIN'] ) : null;
		}
		$from = $server['HTTP_SEC_FETCH_SITE'] ?? null;
		return 'same-origin' === $from || ( null === $from && ! isset( $server['HTTP_COOKIE'] ) ) ? '' : null;
	}
}
