<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Every id that the engine knows this blog by: the address makes the id, so a site that moved has several.
 */
final class KnownIds {

	/** Autoloaded: ids, oldest first, with commas between them. */
	public const OPTION = 'qahm_realtime_ids';

	/** Ids at most: some sites take their address from the request, and must not write for ever. */
	private const MOST = 50;

	/**
	 * Remembers the blog's present id. Writes when it is a new one, which is hardly ever; otherwise no query.
	 */
	public static function remember(): void {
		$ids = self::stored();
		if ( ! in_array( Site::id(), $ids, true ) && count( $ids ) < self::MOST ) {
			update_option( self::OPTION, implode( ',', array( ...$ids, Site::id() ) ), true );
		}
	}

	/**
	 * All of them, the present one last.
	 *
	 * @return list<string>
	 */
	public static function all(): array {
		return array( ...array_values( array_diff( self::stored(), array( Site::id() ) ) ), Site::id() );
	}

	/**
	 * What is stored.
	 *
	 * @return list<string>
	 */
	private static function stored(): array {
		// From the autoloaded options: get_option() would ask the database for an option that is not there.
		$ids = wp_load_alloptions()[ self::OPTION ] ?? '';
		preg_match_all( '/\b[0-9a-f]{16}\b/', is_string( $ids ) ? $ids : '', $found );
		return array_values( array_unique( $found[0] ) );
	}
}
