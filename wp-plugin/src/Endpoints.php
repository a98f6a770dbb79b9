<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Where beacons and the dashboard's questions go: collect.php and live.php, which load no WordPress,
 * or the REST routes of the same name on hosts that block PHP files of plugins.
 */
final class Endpoints {

	/** 'direct' or 'rest' for each endpoint, autoloaded. Absent until a test said something: then direct. */
	public const OPTION = 'qahm_realtime_endpoints';

	/**
	 * Where the tracker sends its beacons: a path, same origin as the page, unless a filter says otherwise.
	 */
	public static function collector(): string {
		$usual = self::path( 'collect' );
		/**
		 * Filters where the tracker sends its beacons, such as to the engine's own collector, /qahm-live/collect.
		 *
		 * @param string $collector Path or address; anything but a string that is not empty changes nothing.
		 */
		$collector = apply_filters( 'qahm_realtime_collector', $usual );
		return is_string( $collector ) && '' !== $collector ? $collector : $usual;
	}

	/**
	 * Path that answers the live question, same origin as the page.
	 */
	public static function live(): string {
		return self::path( 'live' );
	}

	/**
	 * What is in use.
	 *
	 * @return array{collect: string, live: string}
	 */
	public static function modes(): array {
		// From the autoloaded options: get_option() would ask the database for an option that is not there.
		$modes = maybe_unserialize( wp_load_alloptions()[ self::OPTION ] ?? array() );
		$mode  = static fn ( string $name ): string => is_array( $modes ) && 'rest' === ( $modes[ $name ] ?? '' ) ? 'rest' : 'direct';
		return array(
			'collect' => $mode( 'collect' ),
			'live'    => $mode( 'live' ),
		);
	}

	/**
	 * Asks both files over HTTP and remembers which of them cannot be used.
	 *
	 * @return array{collect: string, live: string} 'direct', 'rest', or the error when the site cannot reach itself.
	 */
	public static function test(): array {
		$found = array();
		$modes = self::modes();
		foreach ( array( 'collect', 'live' ) as $name ) {
			$answer = wp_remote_post(
				plugins_url( $name . '.php', FILE ),
				array(
					'timeout'     => 5,
					'redirection' => 0,
					'sslverify'   => false, // As WordPress's own loopback requests.
					'headers'     => array( 'Content-Type' => 'text/plain' ),
					'body'        => '',
				)
			);
			if ( is_wp_error( $answer ) ) {
				// The site cannot reach itself, which says nothing of its visitors: what was in use stays.
				$found[ $name ] = $answer->get_error_message();
				continue;
			}
			// Only our own files send this header, whatever they say.
			$found[ $name ] = '' !== (string) wp_remote_retrieve_header( $answer, 'x-qahm-realtime' ) ? 'direct' : 'rest';
			$modes[ $name ] = $found[ $name ];
		}
		if ( maybe_unserialize( wp_load_alloptions()[ self::OPTION ] ?? '' ) !== $modes ) {
			update_option( self::OPTION, $modes, true );
		}
		return $found;
	}

	/**
	 * Path and query of an endpoint.
	 *
	 * @param string $name collect or live.
	 */
	private static function path( string $name ): string {
		if ( 'rest' === self::modes()[ $name ] ) {
			return rtrim( (string) wp_parse_url( (string) get_option( 'home' ), PHP_URL_PATH ), '/' ) . '/?rest_route=/' . Rest::SPACE . '/' . $name;
		}
		return (string) wp_parse_url( plugins_url( $name . '.php', FILE ), PHP_URL_PATH );
	}
}
