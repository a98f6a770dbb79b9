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
	 * @param list<string> $needed     Capabilities needed so far.
	 * @param string       $capability The capability asked for.
	 * @return list<string>
	 */
	public static function map( array $needed, string $capability ): array {
		if ( self::VIEW !== $capability ) {
			return $needed;
		}
		/**
		 * Filters which capability lets a user see the live figures.
		 *
		 * @param string $capability A capability, by default manage_options.
		 */
		return array( (string) apply_filters( 'qahm_realtime_view_capability', 'manage_options' ) );
	}
}
