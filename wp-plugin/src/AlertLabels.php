<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What each type of alert is called.
 */
final class AlertLabels {

	/**
	 * Names by type, translated.
	 *
	 * @return array<string, string>
	 */
	public static function all(): array {
		return array(
			'high_traffic'       => __( 'High traffic', 'qahm-realtime' ),
			'traffic_spike'      => __( 'Sudden rise of traffic', 'qahm-realtime' ),
			'traffic_drop'       => __( 'Sudden drop of traffic', 'qahm-realtime' ),
			'suspicious_traffic' => __( 'Suspicious traffic', 'qahm-realtime' ),
			'unusual_source'     => __( 'Unusual source of traffic', 'qahm-realtime' ),
			'error_404_rise'     => __( 'Rising number of 404 errors', 'qahm-realtime' ),
			'error_rate'         => __( 'High error rate', 'qahm-realtime' ),
			'slow_load'          => __( 'Slow site', 'qahm-realtime' ),
			'js_errors'          => __( 'JavaScript errors', 'qahm-realtime' ),
			'database_errors'    => __( 'Database errors', 'qahm-realtime' ),
			'site_down'          => __( 'Site down', 'qahm-realtime' ),
			'slow_page'          => __( 'Slow page', 'qahm-realtime' ),
			'high_bounce'        => __( 'High bounce rate', 'qahm-realtime' ),
			'form_abandonment'   => __( 'Abandoned forms', 'qahm-realtime' ),
			'conversion_errors'  => __( 'Errors of conversion', 'qahm-realtime' ),
		);
	}
}
