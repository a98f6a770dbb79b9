<?php
/**
 * Removes everything the plugin and the engine hold of this site or network.
 *
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

if ( ! defined( 'WP_UNINSTALL_PLUGIN' ) ) {
	exit;
}

if ( PHP_VERSION_ID >= 80100 ) {
	require_once __DIR__ . '/src/autoload.php';
	if ( ! Lifecycle::uninstall() ) {
		$qahm_realtime_failure = sprintf(
			'QAHM Realtime was removed, but its engine did not answer: what it stored is still in %s.',
			is_string( Extension::status()['data_dir'] ?? null ) ? Extension::status()['data_dir'] : 'its data directory'
		);
		if ( defined( 'WP_CLI' ) && WP_CLI ) {
			\WP_CLI::warning( $qahm_realtime_failure );
		} else {
			error_log( $qahm_realtime_failure ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_error_log -- WordPress answers in JSON here: nothing can be printed.
		}
	}
}
