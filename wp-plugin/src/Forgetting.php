<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Has the engine delete all it holds of a site. The last one forgotten takes the engine and its data with it.
 */
final class Forgetting {

	/** Nanoseconds for all of it: the engine may only be starting. */
	private const PATIENCE = 5_000_000_000;

	/** Microseconds between two tries. */
	private const PAUSE = 20_000;

	/**
	 * Has these ids forgotten.
	 *
	 * @param list<string> $ids Ids of sites.
	 * @return bool Whether the engine knows none of them any more.
	 */
	public static function of( array $ids ): bool {
		if ( ! Extension::loaded() ) {
			return true; // There is nobody to ask.
		}
		$own = Site::id();
		$end = hrtime( true ) + self::PATIENCE;
		// The own id comes last: waking the engine makes it known once more.
		usort( $ids, static fn ( string $a, string $b ): int => ( $a === $own ) <=> ( $b === $own ) );
		$all = true;
		foreach ( array_unique( $ids ) as $id ) {
			$all = self::one( $id, $end ) && $all;
		}
		return $all;
	}

	/**
	 * Has one forgotten: asks at least once, and until the engine answers or the time is over.
	 *
	 * @param string $id  Id of a site.
	 * @param int    $end On the clock of hrtime().
	 */
	private static function one( string $id, int $end ): bool {
		for ( ; ; ) {
			$answer = json_decode( (string) qahm_realtime_command( $id, '{"do":"forget"}', 1000 ), true );
			if ( is_array( $answer ) && ( true === ( $answer['ok'] ?? false ) || 'unknown-site' === ( $answer['code'] ?? '' ) ) ) {
				return true;
			}
			if ( hrtime( true ) >= $end || 'off' === ( Extension::status()['state'] ?? '' ) ) {
				return false;
			}
			Configuration::wake();
			usleep( self::PAUSE );
		}
	}
}
