<?php
declare(strict_types=1);

/** Runs last: uninstalling leaves nothing in WordPress, and the engine deletes what it stored, and ends. */
final class UninstallTest extends SiteTestCase {

	private const PLUGIN = 'qahm-realtime/qahm-realtime.php';

	protected function setUp(): void {
		if ( '' === (string) getenv( 'QAHM_TEST_DIR' ) ) {
			self::markTestSkipped( 'No directory of the engine: set QAHM_TEST_DIR' );
		}
		self::inside( 'add_filter( "option_home", fn ( $home ) => $home . ( $_SERVER["HTTP_X_TEST_MOVED"] ?? "" ), 20 );' );
	}

	/** As it was before: active. */
	protected function tearDown(): void {
		$this->assertNull( self::ask( 'require_once ABSPATH . "wp-admin/includes/plugin.php"; return activate_plugin( "' . self::PLUGIN . '" );' ) );
	}

	public function test_nothing_is_left(): void {
		$former = $this->site_that_moved();
		$this->assertNotSame( array(), self::databases() );
		self::ask(
			'update_option( "qahm_realtime_endpoints", array( "collect" => "rest", "live" => "direct" ) );
			update_option( "qahm_other_plugin", 1 );
			update_user_meta( 1, "qahm_realtime_notice_dismissed", 1 );
			update_user_meta( 1, "qahm_other_plugin", 1 );'
		);
		$left = $this->uninstall();
		$this->assertSame( array( 'qahm_other_plugin' ), $left, 'ours is gone, what others own stays' );
		$this->assert_engine_and_data_are_gone();
		$this->assertNull( self::ask( "return qahm_realtime_counters( '$former' );" ) );
		self::ask( 'delete_option( "qahm_other_plugin" ); delete_user_meta( 1, "qahm_other_plugin" );' );
	}

	/** The engine is started by the very command, which then has to be repeated until it listens. */
	public function test_an_engine_that_just_died_is_started_to_forget(): void {
		$this->site_that_moved();
		foreach ( self::engines() as $engine ) {
			posix_kill( $engine, SIGKILL );
		}
		self::until( static fn (): bool => array() === self::engines(), 10, 'the engine is dead' );
		$this->assertNotSame( array(), self::databases(), 'its data survives it' );
		$this->assertSame( array(), $this->uninstall() );
		$this->assert_engine_and_data_are_gone();
	}

	/** A site that the engine knows by two ids, since its address changed. Returns the former one. */
	private function site_that_moved(): string {
		$moved  = array( 'X-Test-Moved' => '/moved' );
		$former = self::ask( 'return QahmRealtime\Site::id();', $moved );
		$this->assertNotSame( $former, self::known_site() );
		foreach ( array( $moved, array() ) as $headers ) {
			self::until(
				static fn (): bool => self::ask( 'return null !== qahm_realtime_counters( QahmRealtime\Site::id() ) && in_array( QahmRealtime\Site::id(), explode( ",", get_option( "qahm_realtime_ids" ) ), true );', $headers ),
				20,
				'the engine knows the site, and WordPress its id'
			);
		}
		return $former;
	}

	/** As an administrator does it. @return list<string> Names of options and user meta that are left. */
	private function uninstall(): array {
		self::ask( 'require_once ABSPATH . "wp-admin/includes/plugin.php"; deactivate_plugins( "' . self::PLUGIN . '" );' );
		$this->assertTrue( self::ask( 'require_once ABSPATH . "wp-admin/includes/plugin.php"; return uninstall_plugin( "' . self::PLUGIN . '" );' ) );
		return self::ask( 'global $wpdb; return $wpdb->get_col( "SELECT option_name FROM $wpdb->options WHERE option_name LIKE \'%qahm%\' UNION SELECT meta_key FROM $wpdb->usermeta WHERE meta_key LIKE \'%qahm%\'" );' );
	}

	private function assert_engine_and_data_are_gone(): void {
		self::until( static fn (): bool => array() === self::engines(), 10, 'the engine has ended' );
		$this->assertSame( array(), self::databases() );
	}

	/** @return list<string> Files of the engine's database. */
	private static function databases(): array {
		return glob( getenv( 'QAHM_TEST_DIR' ) . '/data/*/*.db*' );
	}

	/** @return list<int> Processes that run this site's engine. */
	private static function engines(): array {
		$found = array();
		foreach ( glob( '/proc/[0-9]*/exe' ) as $link ) {
			if ( getenv( 'QAHM_TEST_DIR' ) . '/bin/qahm-realtimed' === @readlink( $link ) ) { // It may end in this instant.
				$found[] = (int) basename( dirname( $link ) );
			}
		}
		return $found;
	}
}
