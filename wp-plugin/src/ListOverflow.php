<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Lists of a configuration that are too long together: each may be valid alone, and all of them more than the engine takes.
 */
final class ListOverflow {

	/** A site without hosts is none: they are few, and stay. */
	private const KEPT = array( 'hosts' );

	/**
	 * Takes entries off the end of whichever list is the longest, until enough is saved. The same lists always lose the same.
	 *
	 * @param array<string, mixed> $values The configuration.
	 * @param int                  $excess Bytes of JSON to save.
	 * @return array{array<string, mixed>, array<string, int>} The configuration that is left, and how many entries each list lost.
	 */
	public static function cut( array $values, int $excess ): array {
		$sizes = array(); // Of each entry, with its comma.
		foreach ( $values as $key => $value ) {
			if ( is_array( $value ) && array() !== $value && ! in_array( $key, self::KEPT, true ) ) {
				$sizes[ $key ] = array_map( static fn ( mixed $entry ): int => strlen( Configuration::encode( $entry ) ) + 1, $value );
			}
		}
		$lengths = array_map( 'array_sum', $sizes );
		$lost    = array();
		while ( $excess > 0 && array() !== $lengths && max( $lengths ) > 0 ) {
			$key              = (string) array_search( max( $lengths ), $lengths, true );
			$size             = (int) array_pop( $sizes[ $key ] );
			$lengths[ $key ] -= $size;
			$excess          -= $size;
			$lost[ $key ]     = ( $lost[ $key ] ?? 0 ) + 1;
			array_pop( $values[ $key ] );
		}
		return array( $values, $lost );
	}
}
