<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Which way of the live channel worked in a browser, how fast, and why better ones did not: only a browser can tell.
 */
final class Rungs {

	/** Best first: names of the client, as it reports them. */
	public const NAMES = array( 'websocket', 'events', 'polling' );

	/** The last report of each; not autoloaded. */
	public const OPTION = 'qahm_realtime_rungs';

	/** Characters of a reason, milliseconds of a round trip at most. */
	public const REASON_MAX  = 200;
	public const LATENCY_MAX = 600000;

	/** Seconds within which the same report again is not written, and after which a report says nothing any more. */
	private const SAME = 300;
	private const OLD  = 7 * 86400;

	/**
	 * Keeps a report.
	 *
	 * @param string               $rung    The way that works: one of NAMES.
	 * @param float|null           $latency Milliseconds of a round trip, null when it is not known.
	 * @param array<string, mixed> $reasons Why others did not work, by name.
	 */
	public static function note( string $rung, ?float $latency, array $reasons ): void {
		if ( ! in_array( $rung, self::NAMES, true ) ) {
			return;
		}
		$reports = self::all();
		$clean   = self::reasons( $reasons, $rung );
		$same    = isset( $reports[ $rung ] ) && $reports[ $rung ]['reasons'] === $clean && $reports[ $rung ]['time'] > time() - self::SAME;
		if ( $same ) {
			return;
		}
		$reports[ $rung ] = array(
			'time'    => time(),
			'latency' => null === $latency ? null : (int) round( min( self::LATENCY_MAX, max( 0.0, $latency ) ) ),
			'reasons' => $clean,
		);
		update_option( self::OPTION, $reports, false );
	}

	/**
	 * The last report of each way, best first, none older than a week.
	 *
	 * @return array<string, array{time: int, latency: int|null, reasons: array<string, string>}>
	 */
	public static function all(): array {
		$stored  = get_option( self::OPTION );
		$reports = array();
		foreach ( self::NAMES as $rung ) {
			$report = is_array( $stored ) ? $stored[ $rung ] ?? null : null;
			if ( is_array( $report ) && is_int( $report['time'] ?? null ) && $report['time'] > time() - self::OLD ) {
				$reports[ $rung ] = array(
					'time'    => $report['time'],
					'latency' => is_int( $report['latency'] ?? null ) ? $report['latency'] : null,
					'reasons' => self::reasons( (array) ( $report['reasons'] ?? array() ), $rung ),
				);
			}
		}
		return $reports;
	}

	/**
	 * When a browser last reported that it is told at once: Unix time, 0 if none did.
	 */
	public static function pushed(): int {
		return max( array( 0, ...array_column( array_diff_key( self::all(), array( 'polling' => true ) ), 'time' ) ) );
	}

	/**
	 * A reason for people: the client's word for it in theirs. What it does not say itself, as an error of the browser, stays as it is.
	 *
	 * @param string $reason As a browser reported it.
	 */
	public static function in_words( string $reason ): string {
		if ( 1 === preg_match( '/^(?:status|token|nonce|busy \()\s?(\d{3})\)?$/D', $reason, $matches ) ) {
			/* translators: %s: a status code of HTTP such as 404. */
			return sprintf( __( 'HTTP status %s', 'qahm-realtime' ), $matches[1] );
		}
		return match ( $reason ) {
			'not reached'                => __( 'no connection was possible', 'qahm-realtime' ),
			'no WebSocket'               => __( 'the browser has none', 'qahm-realtime' ),
			'nothing in time'            => __( 'nothing came in time', 'qahm-realtime' ),
			'silent'                     => __( 'nothing came any more', 'qahm-realtime' ),
			'buffered'                   => __( 'something on the way keeps messages back', 'qahm-realtime' ),
			'no event stream', 'no JSON' => __( 'something else answered', 'qahm-realtime' ),
			'busy'                       => __( 'the engine was busy', 'qahm-realtime' ),
			default                      => $reason,
		};
	}

	/**
	 * Reasons as short plain text: they come from a browser, which may say anything.
	 *
	 * @param array<mixed> $given By name.
	 * @param string       $rung  The way that works, for which there is none.
	 * @return array<string, string>
	 */
	private static function reasons( array $given, string $rung ): array {
		$reasons = array();
		foreach ( array_diff( self::NAMES, array( $rung ) ) as $name ) {
			if ( is_string( $given[ $name ] ?? null ) ) {
				$reasons[ $name ] = mb_substr( sanitize_text_field( $given[ $name ] ), 0, self::REASON_MAX );
			}
		}
		return array_filter( $reasons, static fn ( string $reason ): bool => '' !== $reason );
	}
}
