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
	Lifecycle::uninstall();
}
