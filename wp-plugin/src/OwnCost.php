<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What we cost the site ourselves: time and queries added to its pages, memory and processor of the engine.
 */
final class OwnCost {

	/** Milliseconds to wait for the engine, which answers from memory. */
	private const PATIENCE = 250;

	/**
	 * What was added to the pages of the last five minutes: milliseconds that each took us (median and 95 of 100), of how
	 * many pages. Queries are none: pages only read options that WordPress has loaded, which the tests count.
	 *
	 * @param array<string, mixed> $status As Extension::status() gives it.
	 * @return array{window: string, added_ms: array{n: int, p50: float|null, p95: float|null}, queries: int}|null Null when no engine tells.
	 */
	public static function of_pages( array $status ): ?array {
		if ( 'running' !== ( $status['state'] ?? '' ) ) {
			return null; // To ask would start one.
		}
		$answer = json_decode( (string) qahm_realtime_ask( Site::id(), '{"what":"status"}', self::PATIENCE ), true );
		$added  = is_array( $answer ) ? $answer['status']['added_ms'] ?? null : null;
		if ( ! is_array( $added ) || ! is_int( $added['n'] ?? null ) ) {
			return null;
		}
		$ms = static fn ( mixed $value ): ?float => is_int( $value ) || is_float( $value ) ? (float) $value : null;
		return array(
			'window'   => '5m',
			'added_ms' => array(
				'n'   => $added['n'],
				'p50' => $ms( $added['p50'] ?? null ),
				'p95' => $ms( $added['p95'] ?? null ),
			),
			'queries'  => 0,
		);
	}

	/**
	 * The same and the engine's share of the machine, for people: label => text. Empty when no engine tells.
	 *
	 * @param array<string, mixed> $status As Extension::status() gives it.
	 * @return array<string, string>
	 */
	public static function described( array $status ): array {
		$lines = array();
		$cost  = self::of_pages( $status );
		if ( null !== $cost && null !== $cost['added_ms']['p50'] && null !== $cost['added_ms']['p95'] ) {
			$lines[ __( 'Added to a page', 'qahm-realtime' ) ] = sprintf(
				/* translators: 1, 2: milliseconds, 3: a number of pages. */
				__( '%1$s ms, at most %2$s ms for 95 of 100 pages, and no database query (%3$s pages in 5 minutes)', 'qahm-realtime' ),
				number_format_i18n( $cost['added_ms']['p50'], 2 ),
				number_format_i18n( $cost['added_ms']['p95'], 2 ),
				number_format_i18n( $cost['added_ms']['n'] )
			);
		}
		$health = is_array( $status['engine_health'] ?? null ) ? $status['engine_health'] : array();
		$number = static fn ( string $name ): ?int => is_int( $health[ $name ] ?? null ) ? $health[ $name ] : null;
		if ( null !== $number( 'rss_bytes' ) ) {
			$lines[ __( 'Memory', 'qahm-realtime' ) ] = sprintf(
				/* translators: 1: memory of the engine, 2: memory of the ring, with their units. */
				__( '%1$s of the engine, %2$s set aside for events on their way', 'qahm-realtime' ),
				size_format( (int) $number( 'rss_bytes' ), 1 ),
				size_format( (int) $number( 'ring_bytes' ), 1 )
			);
		}
		if ( null !== $number( 'processor_permille' ) ) {
			$lines[ __( 'Last minute', 'qahm-realtime' ) ] = sprintf(
				/* translators: 1: a number, 2: a number of events. */
				__( '%1$s %% of one processor, %2$s events a second taken in', 'qahm-realtime' ),
				number_format_i18n( $number( 'processor_permille' ) / 10, 1 ),
				number_format_i18n( (int) $number( 'events_per_minute' ) / 60, 1 )
			);
		}
		return $lines;
	}
}
