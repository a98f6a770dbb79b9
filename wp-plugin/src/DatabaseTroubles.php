<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Queries of $wpdb that failed, and slow ones where WordPress times them (SAVEQUERIES). Loaded at the end of a request that has any.
 *
 * Nothing in wpdb tells when a query is over, but SAVEQUERIES: without it there are no slow queries.
 */
final class DatabaseTroubles {

	/** Of one request at most, each. */
	private const MOST = 10;

	/** Milliseconds from which a query is slow. */
	private const SLOW_MS = 200;

	/**
	 * Records what there is.
	 *
	 * @param array<mixed> $errors  $EZSQL_ERROR: wpdb notes every failed query there, those whose message is suppressed, too.
	 * @param array<mixed> $queries $wpdb->queries.
	 */
	public static function record( array $errors, array $queries ): void {
		foreach ( array_slice( $errors, 0, 10 * self::MOST ) as $error ) {
			if ( is_array( $error ) ) {
				self::error( $error );
			}
		}
		self::slow( $queries );
	}

	/**
	 * Records a failed query.
	 *
	 * @param array<mixed> $error Members query and error_str.
	 */
	private static function error( array $error ): void {
		static $told = 0;
		if ( ! is_string( $error['error_str'] ?? null ) || '' === $error['error_str'] || $told >= self::MOST ) {
			return;
		}
		++$told;
		Signal::record(
			'database-error',
			array(
				'title'  => Masked::database( $error['error_str'] ),
				'target' => is_string( $error['query'] ?? null ) ? Masked::query( $error['query'] ) : '',
			)
		);
	}

	/**
	 * Records the slowest queries, each shape once.
	 *
	 * @param array<mixed> $queries Each a list: SQL, seconds, and more.
	 */
	private static function slow( array $queries ): void {
		/**
		 * Filters from how many milliseconds on a query is slow.
		 *
		 * @param int $ms Milliseconds.
		 */
		$from = array() === $queries ? 0 : apply_filters( 'qahm_realtime_slow_query_ms', self::SLOW_MS );
		$from = ( is_numeric( $from ) ? max( 1.0, (float) $from ) : self::SLOW_MS ) / 1000;
		$slow = array_filter( $queries, static fn ( mixed $query ): bool => is_array( $query ) && is_string( $query[0] ?? null ) && is_float( $query[1] ?? null ) && $query[1] >= $from );
		usort( $slow, static fn ( array $a, array $b ): int => $b[1] <=> $a[1] );
		$shapes = array();
		foreach ( array_slice( $slow, 0, 10 * self::MOST ) as [ $sql, $seconds ] ) {
			$shape = Masked::query( $sql );
			if ( ! isset( $shapes[ $shape ] ) && count( $shapes ) < self::MOST ) {
				$shapes[ $shape ] = true;
				Signal::record(
					'slow-query',
					array(
						'title'         => $shape,
						'generation_us' => (int) ( $seconds * 1e6 ),
					)
				);
			}
		}
	}
}
