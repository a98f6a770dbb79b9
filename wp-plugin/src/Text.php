<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Texts of limited length. PHP may lack the extension mbstring, which WordPress replaces only in part.
 */
final class Text {

	/**
	 * The beginning of a text, in whole characters.
	 *
	 * @param string $text  UTF-8.
	 * @param int    $bytes The most that is left of it.
	 */
	public static function cut( string $text, int $bytes ): string {
		return function_exists( 'mb_strcut' ) ? mb_strcut( $text, 0, $bytes, 'UTF-8' ) : self::cut_plainly( $text, $bytes );
	}

	/**
	 * The same without the extension mbstring.
	 *
	 * @param string $text  UTF-8.
	 * @param int    $bytes The most that is left of it.
	 */
	public static function cut_plainly( string $text, int $bytes ): string {
		if ( strlen( $text ) <= $bytes ) {
			return $text;
		}
		// A character goes on with bytes 10xxxxxx: at most three of them, in UTF-8.
		$end = max( 0, $bytes );
		while ( $end > max( 0, $bytes - 4 ) && 0x80 === ( ord( $text[ $end ] ) & 0xC0 ) ) {
			--$end;
		}
		return substr( $text, 0, $end );
	}
}
