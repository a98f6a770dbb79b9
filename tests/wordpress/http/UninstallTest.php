<?php
declare(strict_types=1);

/** Runs last: uninstall.php leaves nothing in WordPress, and the engine forgets the site. */
final class UninstallTest extends SiteTestCase {

	public function test_nothing_is_left(): void {
		$site = self::known_site();
		self::inside(
			'add_action( "wp_loaded", function () {
				if ( ! isset( $_SERVER["HTTP_X_TEST_UNINSTALL"] ) ) { return; }
				global $wpdb;
				update_option( "qahm_realtime_endpoints", array( "collect" => "rest", "live" => "direct" ) );
				update_option( "qahm_other_plugin", 1 );
				update_user_meta( 1, "qahm_realtime_notice_dismissed", 1 );
				update_user_meta( 1, "qahm_other_plugin", 1 );
				define( "WP_UNINSTALL_PLUGIN", "qahm-realtime/qahm-realtime.php" );
				include WP_PLUGIN_DIR . "/qahm-realtime/uninstall.php";
				$left = $wpdb->get_col( "SELECT option_name FROM $wpdb->options WHERE option_name LIKE \'%qahm%\' UNION SELECT meta_key FROM $wpdb->usermeta WHERE meta_key LIKE \'%qahm%\'" );
				delete_option( "qahm_other_plugin" );
				delete_user_meta( 1, "qahm_other_plugin" );
				wp_send_json( array( "left" => $left, "counters" => qahm_realtime_counters( $_GET["site"] ) ) );
			} );'
		);
		$answer = self::browser()->get( "/?site=$site", array( 'X-Test-Uninstall' => '1' ) )->json();
		$this->assertSame( array( 'qahm_other_plugin' ), $answer['left'], 'ours is gone, what others own stays' );
		$this->assertNull( $answer['counters'], 'the engine does not know the site any more' );
	}
}
