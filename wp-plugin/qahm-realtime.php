<?php
/**
 * Plugin Name:       QAHM Realtime
 * Description:       Live visitor analytics: who is on the site now, on which pages, and alerts, without slowing a page down.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      8.1
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       qahm-realtime
 * Domain Path:       /languages
 *
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

// Opened directly: there is nothing to see.
if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

// WordPress refuses to activate on an older PHP; this is for a site whose PHP was changed afterwards.
if ( PHP_VERSION_ID < 80100 ) {
	return;
}

// A second copy (a must-use plugin beside a plugin) stays silent.
if ( defined( __NAMESPACE__ . '\VERSION' ) ) {
	return;
}

const VERSION = '0.1.0';
const FILE    = __FILE__;
const DIR     = __DIR__;

// What we take of a page is told with it, in seconds. By the one clock that WordPress itself cannot do without.
$GLOBALS['qahm_realtime_seconds'] = -microtime( true );

require __DIR__ . '/src/autoload.php';
require __DIR__ . '/src/hooks.php';

$GLOBALS['qahm_realtime_seconds'] += microtime( true );
