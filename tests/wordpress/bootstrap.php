<?php
/**
 * Tests of the plugin. Those in unit/ need nothing but PHP; those in http/ drive a real WordPress, named by
 * QAHM_TEST_URL, QAHM_TEST_WP_DIR, QAHM_TEST_USER and QAHM_TEST_PASSWORD, and are skipped without one.
 */

declare(strict_types=1);

define( 'ABSPATH', __DIR__ . '/' );

require __DIR__ . '/unit/wordpress.php';
require __DIR__ . '/unit/extension.php';
require __DIR__ . '/../../wp-plugin/src/autoload.php';
require __DIR__ . '/unit/SignalTestCase.php';
require __DIR__ . '/http/Browser.php';
require __DIR__ . '/http/SiteTestCase.php';
