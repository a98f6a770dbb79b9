<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Runs the site's handlers for alerts that the engine raised: the actions qahm_realtime_alert and qahm_realtime_alert_resolved.
 *
 * An alert is claimed by one request at a time, and acknowledged after its handlers. A handler that throws, or ends
 * the request, stops no other.
 */
final class Alerts {

	/** Seconds added to MAX_EXECUTION_TIME: the claim outlives the request. */
	private const LEASE_MARGIN = 10;

	/** A claim that is being worked off by this request. */
	private static ?Delivery $delivery = null;

	/**
	 * Claims what waits and runs it.
	 *
	 * @return int How many alerts were run.
	 */
	public static function deliver(): int {
		if ( null !== self::$delivery || ! Extension::loaded() ) {
			return 0;
		}
		$site  = Site::id();
		$lease = (int) Settings::value( 'MAX_EXECUTION_TIME' ) + self::LEASE_MARGIN;
		$claim = json_decode( (string) qahm_realtime_alerts_claim( $site, $lease ), true );
		if ( ! is_array( $claim ) || ! is_int( $claim['claim'] ?? null ) || ! is_array( $claim['alerts'] ?? null ) ) {
			return 0;
		}
		$alerts         = array_values( array_filter( $claim['alerts'], 'is_array' ) );
		$acknowledge    = static function ( array $results ) use ( $site, $claim ): void {
			qahm_realtime_alerts_acknowledge( $site, $claim['claim'], (string) wp_json_encode( $results, JSON_INVALID_UTF8_SUBSTITUTE ) );
		};
		self::$delivery = new Delivery( $alerts, $acknowledge );
		// A handler may call exit or die of a fatal error: the rest is done, and acknowledged, on the way out.
		register_shutdown_function( array( self::$delivery, 'rescue' ) );
		self::$delivery->run();
		self::$delivery = null;
		return count( $alerts );
	}
}
