<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Reads what a person may write for a setting: strict in range, generous in form ("5" for 5, "on" for true, "a, b" for a list).
 */
final class SettingTypes {

	/** Entries of a list, and bytes of an entry. What is too long together nevertheless, Configuration cuts. */
	private const LIST_MAX  = 100;
	private const ENTRY_MAX = 64;

	/** Bytes of a file's path, and of a path of the site. */
	private const PATH_MAX   = 1024;
	private const PREFIX_MAX = 100;

	/**
	 * The value in the form of the site configuration.
	 *
	 * @param mixed                $given What the constant holds.
	 * @param array<string, mixed> $row   Row of Settings::TABLE.
	 * @return mixed null when it is not valid.
	 */
	public static function parse( mixed $given, array $row ): mixed {
		return match ( $row['type'] ) {
			'whole'     => self::in_range( self::whole( $given ), $row ),
			'decimal'   => self::in_range( self::decimal( $given ), $row ),
			'bytes'     => self::in_range( self::bytes( $given ), $row ),
			'flag'      => self::flag( $given ),
			'choice'    => is_string( $given ) && in_array( strtolower( trim( $given ) ), $row['choices'], true ) ? strtolower( trim( $given ) ) : null,
			'roles'     => self::entries( $given, static fn ( string $entry ): ?string => $entry ),
			'paths'     => self::entries( $given, static fn ( string $entry ): ?string => '/' . ltrim( $entry, '/' ) ),
			'networks'  => self::entries( $given, array( self::class, 'network' ) ),
			'countries' => self::entries( $given, static fn ( string $entry ): ?string => 1 === preg_match( '/^[a-z]{2}$/i', $entry ) ? strtoupper( $entry ) : null ),
			'file'      => is_string( $given ) ? self::file( trim( $given ) ) : null,
			'prefix'    => self::prefix( $given ),
			'proxies'   => is_string( $given ) && 'auto' === strtolower( trim( $given ) ) ? 'auto' : self::entries( $given, array( self::class, 'network' ) ),
		};
	}

	/**
	 * What is valid, translated, for the middle of a sentence.
	 *
	 * @param array<string, mixed> $row Row of Settings::TABLE.
	 */
	public static function describe( array $row ): string {
		return match ( $row['type'] ) {
			/* translators: 1: lowest, 2: highest value. */
			'whole'     => sprintf( __( 'a whole number from %1$s to %2$s', 'qahm-realtime' ), $row['min'], $row['max'] ),
			/* translators: 1: a number, 2: highest value. */
			'decimal'   => sprintf( __( 'a number above %1$s, up to %2$s', 'qahm-realtime' ), $row['above'], $row['max'] ),
			/* translators: 1: smallest, 2: largest size. */
			'bytes'     => sprintf( __( 'a size such as \'128M\', from %1$s to %2$s', 'qahm-realtime' ), size_format( $row['min'] ), size_format( $row['max'] ) ),
			'flag'      => __( 'true or false', 'qahm-realtime' ),
			/* translators: %s: the values to choose from. */
			'choice'    => sprintf( __( 'one of %s', 'qahm-realtime' ), implode( ', ', $row['choices'] ) ),
			'roles'     => __( 'a list of role names', 'qahm-realtime' ),
			'paths'     => __( 'a list of paths', 'qahm-realtime' ),
			'networks'  => __( 'a list of IP addresses or networks such as 10.0.0.0/8', 'qahm-realtime' ),
			'countries' => __( 'a list of two-letter country codes', 'qahm-realtime' ),
			'file'      => __( 'the absolute path of a file', 'qahm-realtime' ),
			'prefix'    => __( 'a path that begins and ends with a slash, of letters, digits, "-" and "_", such as /qahm-live/, or \'off\'', 'qahm-realtime' ),
			'proxies'   => __( '\'auto\', or a list of IP addresses or networks such as 10.0.0.0/8', 'qahm-realtime' ),
		};
	}

	/**
	 * A whole number.
	 *
	 * @param mixed $given Anything.
	 */
	private static function whole( mixed $given ): ?int {
		if ( is_int( $given ) ) {
			return $given;
		}
		if ( is_float( $given ) && floor( $given ) === $given && abs( $given ) < 1e15 ) {
			return (int) $given;
		}
		return is_string( $given ) && 1 === preg_match( '/^\s*\d{1,15}\s*$/', $given ) ? (int) trim( $given ) : null;
	}

	/**
	 * A finite number.
	 *
	 * @param mixed $given Anything.
	 */
	private static function decimal( mixed $given ): ?float {
		if ( is_string( $given ) && ! is_numeric( trim( $given ) ) ) {
			return null;
		}
		return ( is_int( $given ) || is_float( $given ) || is_string( $given ) ) && is_finite( (float) $given ) ? (float) $given : null;
	}

	/**
	 * A size: bytes, or a number with K, M, G or T.
	 *
	 * @param mixed $given Anything.
	 */
	private static function bytes( mixed $given ): ?int {
		if ( is_string( $given ) && 1 === preg_match( '/^\s*(\d{1,12})\s*([KMGT])(?:i?B)?\s*$/i', $given, $match ) ) {
			$power = array( 'K' => 1, 'M' => 2, 'G' => 3, 'T' => 4 )[ strtoupper( $match[2] ) ];
			$bytes = (float) $match[1] * 1024 ** $power;
			return $bytes < PHP_INT_MAX ? (int) $bytes : null;
		}
		return self::whole( $given );
	}

	/**
	 * True or false.
	 *
	 * @param mixed $given Anything.
	 */
	private static function flag( mixed $given ): ?bool {
		if ( is_bool( $given ) || 1 === $given || 0 === $given ) {
			return (bool) $given;
		}
		return is_string( $given ) && '' !== trim( $given ) ? filter_var( trim( $given ), FILTER_VALIDATE_BOOLEAN, FILTER_NULL_ON_FAILURE ) : null;
	}

	/**
	 * An array or a comma-separated list. The result is sorted: the same list must always give the same configuration.
	 *
	 * @param mixed                      $given Anything.
	 * @param callable( string ): ?string $read  Turns an entry into its usual form, null when it is not valid.
	 * @return list<string>|null
	 */
	private static function entries( mixed $given, callable $read ): ?array {
		$entries = is_string( $given ) ? explode( ',', $given ) : $given;
		if ( ! is_array( $entries ) || count( $entries ) > self::LIST_MAX ) {
			return null;
		}
		$values = array();
		foreach ( $entries as $entry ) {
			if ( ! is_string( $entry ) || strlen( $entry ) > self::ENTRY_MAX || 1 === preg_match( '/[\x00-\x1f\x7f]/', $entry ) ) {
				return null;
			}
			$entry = trim( $entry );
			if ( '' === $entry ) {
				continue;
			}
			$value = $read( $entry );
			if ( null === $value ) {
				return null;
			}
			$values[] = $value;
		}
		$values = array_values( array_unique( $values ) );
		sort( $values, SORT_STRING );
		return $values;
	}

	/**
	 * An IP address, or a network in CIDR form.
	 *
	 * @param string $entry Trimmed.
	 */
	private static function network( string $entry ): ?string {
		[ $address, $bits ] = explode( '/', $entry, 2 ) + array( '', null );
		if ( false === filter_var( $address, FILTER_VALIDATE_IP ) ) {
			return null;
		}
		if ( null === $bits ) {
			return strtolower( $address );
		}
		$most = str_contains( $address, ':' ) ? 128 : 32;
		return 1 === preg_match( '/^\d{1,3}$/', $bits ) && (int) $bits <= $most ? strtolower( $address ) . '/' . (int) $bits : null;
	}

	/**
	 * An absolute path. Whether the file is there, Site Health says: it may come later.
	 *
	 * @param string $path Trimmed; '' for none.
	 */
	private static function file( string $path ): ?string {
		$good = '' === $path || ( '/' === $path[0] && strlen( $path ) <= self::PATH_MAX && 1 !== preg_match( '/[\x00-\x1f\x7f]/', $path ) && 1 === preg_match( '//u', $path ) );
		return $good ? $path : null;
	}

	/**
	 * A path of the site that is not the whole site; '' for none. It stands in the configuration of web servers as it is.
	 *
	 * @param mixed $given Anything.
	 */
	private static function prefix( mixed $given ): ?string {
		$path = false === $given ? '' : $given;
		if ( ! is_string( $path ) || in_array( strtolower( trim( $path ) ), array( '', 'off' ), true ) ) {
			return is_string( $path ) ? '' : null;
		}
		$path = trim( $path );
		return strlen( $path ) <= self::PREFIX_MAX && 1 === preg_match( '~^/(?:[A-Za-z0-9_-]+/)+$~D', $path ) ? $path : null;
	}

	/**
	 * A number within the row's bounds, else null.
	 *
	 * @param int|float|null       $value The number.
	 * @param array<string, mixed> $row   Row of Settings::TABLE.
	 */
	private static function in_range( int|float|null $value, array $row ): int|float|null {
		if ( null === $value || $value > $row['max'] || ( isset( $row['min'] ) && $value < $row['min'] ) || ( isset( $row['above'] ) && $value <= $row['above'] ) ) {
			return null;
		}
		return $value;
	}
}
