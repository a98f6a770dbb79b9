<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The capability view_qahm_realtime: no role holds it, it stands for another one.
 */
final class Capability {

	public const VIEW = 'view_qahm_realtime';

	/**
	 * Filter map_meta_cap.
	 *
	 * @param mixed $needed     Capabilities needed so far: a list, unless another plugin left something else.
	 * @param mixed $capability The capability asked for.
	 * @return mixed A list for our capability, else what came.
	 */
	public static function map( mixed $needed = array(), mixed $capability = '' ): mixed {
		if ( self::VIEW !== $capability ) {
			return $needed;
		}
		/**
		 * Filters which capability lets a user see the live figures.
		 *
		 * @param string $capability A capability, by default manage_options.
		 */
		$stands_for = apply_filters( 'qahm_realtime_view_capability', 'manage_options' );
		return array( is_string( $stands_for ) && '' !== $stands_for ? $stands_for : 'manage_options' );
	}
}
