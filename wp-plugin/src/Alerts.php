<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Runs the site's handlers for alerts that the engine raised: the actions qahm_realtime_alert and qahm_realtime_alert_resolved.
 *
 * The engine hands out one transition per claim: it is claimed by one request at a time, and acknowledged after its
 * handlers. A handler that throws, or ends the request, stops no other.
 */
final class Alerts {

	/** Claims of one request at most. What waits beyond is the next request's. */
	private const MOST = 50;

	/** Seconds added to MAX_EXECUTION_TIME: the claim outlives the request. The extension grants an hour at most. */
	private const LEASE_MARGIN = 10;
	private const LEASE_MAX    = 3600;

	/** A claim that is being worked off by this request. */
	private static ?Delivery $delivery = null;

	/**
	 * Claims and runs what waits, one after another, as long as there is something and time.
	 *
	 * @return int How many alerts were run.
	 */
	public static function deliver(): int {
		if ( null !== self::$delivery || ! Extension::loaded() ) {
			return 0;
		}
		// A handler may call exit or die of a fatal error: its claim is finished on the way out.
		register_shutdown_function( array( self::class, 'rescue' ) );
		$time = (int) Settings::value( 'MAX_EXECUTION_TIME' );
		$end  = hrtime( true ) + $time * 1_000_000_000;
		$run  = 0;
		for ( $claims = 0; $claims < self::MOST && hrtime( true ) < $end; ++$claims ) {
			$alerts = self::claim( min( self::LEASE_MAX, $time + self::LEASE_MARGIN ) );
			if ( 0 === $alerts ) {
				break;
			}
			$run += $alerts;
		}
		return $run;
	}

	/**
	 * At the end of the request: finishes the claim within which it ended, and claims no other.
	 */
	public static function rescue(): void {
		self::$delivery?->rescue();
	}

	/**
	 * One claim: its handlers, its acknowledgement.
	 *
	 * @param int $lease Seconds the claim may take.
	 * @return int How many alerts it held. 0 also when the engine took no note: it would hand out the same again.
	 */
	private static function claim( int $lease ): int {
		$site  = Site::id();
		$claim = json_decode( (string) qahm_realtime_alerts_claim( $site, $lease ), true );
		if ( ! is_array( $claim ) || ! is_int( $claim['claim'] ?? null ) || ! is_array( $claim['alerts'] ?? null ) ) {
			return 0;
		}
		$noted       = false;
		$alerts      = array_values( array_filter( $claim['alerts'], 'is_array' ) );
		$acknowledge = static function ( array $results ) use ( $site, $claim, &$noted ): void {
			$noted = qahm_realtime_alerts_acknowledge( $site, $claim['claim'], (string) wp_json_encode( $results, JSON_INVALID_UTF8_SUBSTITUTE ) );
		};

		self::$delivery = new Delivery( $alerts, $acknowledge );
		self::$delivery->run();
		self::$delivery = null;
		return $noted ? count( $alerts ) : 0;
	}
}
