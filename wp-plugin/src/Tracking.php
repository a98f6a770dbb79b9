<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The action qahm_realtime_track: events and goals that code on the server knows of.
 */
final class Tracking {

	/** Bytes of a name and of the properties as JSON at most, as the records have them. */
	private const NAME_MAX       = 64;
	private const PROPERTIES_MAX = 512;

	/**
	 * Records an event: do_action( 'qahm_realtime_track', 'order', array( 'total' => 30 ) ).
	 *
	 * @param mixed $name       Name of the event, or of a goal of type event.
	 * @param mixed $properties An array; left out when it is longer than 512 bytes of JSON.
	 */
	public static function record( mixed $name = '', mixed $properties = array() ): void {
		if ( ! is_string( $name ) || '' === trim( $name ) ) {
			return;
		}
		$json = is_array( $properties ) && array() !== $properties ? Configuration::encode( $properties ) : '';
		Signal::record(
			'track',
			array(
				'target'     => Text::cut( trim( $name ), self::NAME_MAX ),
				'properties' => strlen( $json ) <= self::PROPERTIES_MAX ? $json : '',
			),
			true
		);
	}
}
