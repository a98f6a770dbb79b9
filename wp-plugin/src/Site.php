<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Who the site is. Built on options alone, not on home_url(), which follows the scheme and language of the request.
 */
final class Site {

	/** Bytes of a host at most: the engine refuses the configuration otherwise. */
	private const HOST_MAX = 255;

	/**
	 * The site's public token: 16 hex digits, equal on every server of the site, never a secret.
	 */
	public static function id(): string {
		return self::id_of( (string) get_option( 'home' ), get_current_blog_id() );
	}

	/**
	 * The id of a site with this address. The scheme does not count.
	 *
	 * @param string $home Address of its front page.
	 * @param int    $blog Blog id.
	 */
	public static function id_of( string $home, int $blog ): string {
		static $known = array(); // A page needs it four times.
		return $known[ $home ][ $blog ] ??= self::digest( $home, $blog );
	}

	/**
	 * Works the id out.
	 *
	 * @param string $home Address of the front page.
	 * @param int    $blog Blog id.
	 */
	private static function digest( string $home, int $blog ): string {
		$path = rtrim( (string) wp_parse_url( $home, PHP_URL_PATH ), '/' );
		return substr( hash( 'sha256', "qahm1\n" . self::host( $home ) . $path . "\n" . $blog ), 0, 16 );
	}

	/**
	 * Hosts the site is reached by, as a browser names them: lower-case host[:port].
	 *
	 * @return list<string> At most 8, sorted.
	 */
	public static function hosts(): array {
		$hosts = array( self::host( (string) get_option( 'home' ) ), self::host( (string) get_option( 'siteurl' ) ) );
		/**
		 * Filters the hosts from which beacons of this site are accepted, such as those of a domain-mapping plugin.
		 *
		 * @param list<string> $hosts Each host[:port]; the first 8 count.
		 */
		$hosts = (array) apply_filters( 'qahm_realtime_hosts', $hosts );
		$hosts = array_map( static fn ( mixed $host ): string => is_string( $host ) && strlen( $host ) <= self::HOST_MAX ? strtolower( $host ) : '', $hosts );
		$hosts = array_slice( array_values( array_unique( array_filter( $hosts ) ) ), 0, 8 );
		sort( $hosts, SORT_STRING );
		return $hosts;
	}

	/**
	 * Scheme, host and port of an address, as a browser writes an origin.
	 *
	 * @param string $url An address.
	 */
	public static function origin( string $url ): string {
		return strtolower( (string) wp_parse_url( $url, PHP_URL_SCHEME ) ) . '://' . self::host( $url );
	}

	/**
	 * Lower-case host[:port] of an address, without the scheme's own port: browsers leave that out.
	 *
	 * @param string $url An address.
	 */
	public static function host( string $url ): string {
		$parts = wp_parse_url( $url );
		if ( ! is_array( $parts ) || ! isset( $parts['host'] ) ) {
			return '';
		}
		$usual = 'https' === strtolower( $parts['scheme'] ?? '' ) ? 443 : 80;
		$port  = isset( $parts['port'] ) && $usual !== $parts['port'] ? ':' . $parts['port'] : '';
		return strtolower( $parts['host'] ) . $port;
	}
}
