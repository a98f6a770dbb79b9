<?php
declare(strict_types=1);

require_once __DIR__ . '/PlainServer.php';

/** Without the extension the plugin can be activated, changes nothing, and says what to install. */
final class NoExtensionTest extends SiteTestCase {

	private const PLUGIN = 'qahm-realtime/qahm-realtime.php';

	private static PlainServer $server;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		if ( '' === (string) getenv( 'QAHM_TEST_DIR' ) ) {
			self::markTestSkipped( 'No php.ini of the site: set QAHM_TEST_DIR' );
		}
		self::$server = new PlainServer( self::$wp, substr( self::$url, strlen( 'http://' ) ) );
		self::until( static fn (): bool => '' !== self::$server->address(), 20, 'the server listens' );
		self::inside( 'if ( isset( $_SERVER["HTTP_X_TEST_WITHOUT"] ) ) { add_filter( "option_active_plugins", fn () => array() ); }' );
	}

	public static function tearDownAfterClass(): void {
		self::$server->stop();
		parent::tearDownAfterClass();
	}

	private static function plain_administrator(): Browser {
		$browser = self::$server->browser();
		$browser->login( (string) ( getenv( 'QAHM_TEST_USER' ) ?: 'admin' ), (string) ( getenv( 'QAHM_TEST_PASSWORD' ) ?: 'admin' ) );
		return $browser;
	}

	public function test_it_is_activated_and_says_what_to_install(): void {
		self::ask( 'require_once ABSPATH . "wp-admin/includes/plugin.php"; deactivate_plugins( "' . self::PLUGIN . '" );' );
		$administrator = self::plain_administrator();
		$plugins       = $administrator->get( '/wp-admin/plugins.php' )->body;
		self::assertPageLacks( 'qahm_realtime_notice', $plugins, 'not active yet' );
		$this->assertSame( 1, preg_match( '~plugins\.php\?action=activate&amp;plugin=' . urlencode( self::PLUGIN ) . '[^"]+~', $plugins, $link ) );
		$answer = $administrator->get( '/wp-admin/' . html_entity_decode( $link[0] ) );
		$this->assertSame( 302, $answer->status, 'no error' );
		$this->assertStringContainsString( 'activate=true', $answer->header( 'Location' ) );

		$html = $administrator->get( '/wp-admin/plugins.php' )->body;
		self::assertPageHas( 'id="qahm_realtime_notice"', $html );
		self::assertPageHas( 'needs the PHP extension qahm_realtime', $html );
		self::assertPageHas( 'could you please install the PHP extension', $html, 'a message for the host' );
	}

	/** @depends test_it_is_activated_and_says_what_to_install */
	public function test_site_health_and_the_widget_say_so_too(): void {
		$administrator = self::plain_administrator();
		$health        = $administrator->get( '/wp-admin/site-health.php' )->body;
		self::assertPageHas( 'The PHP extension of live analytics is not installed', $health );
		self::assertPageLacks( 'qahm_realtime_endpoints', $health, 'nothing else is tested' );
		self::assertPageHas( 'not installed', $administrator->get( '/wp-admin/site-health.php?tab=debug' )->body );
		$dashboard = $administrator->get( '/wp-admin/' )->body;
		self::assertPageHas( 'qahm_realtime_widget', $dashboard );
		self::assertPageLacks( 'widget.js', $dashboard );
	}

	/** @depends test_it_is_activated_and_says_what_to_install */
	public function test_nothing_else_changes(): void {
		$browser = self::$server->browser();
		foreach ( array( '/', '/?p=1', '/no-such-page', '/?feed=rss2', '/wp-login.php' ) as $path ) {
			$with    = $browser->get( $path );
			$without = $browser->get( $path, array( 'X-Test-Without' => '1' ) );
			$this->assertSame( array( $without->status, $without->body ), array( $with->status, $with->body ), $path );
			$this->assertSame( $without->header( 'Set-Cookie' ), $with->header( 'Set-Cookie' ), $path );
		}
		$administrator = self::plain_administrator();
		$this->assertArrayNotHasKey( 'qahm_realtime_exclude', $administrator->cookies );
		[ $with, $without ] = self::queries( $browser, '/', 'add_filter( "option_active_plugins", fn () => array() );' );
		$this->assertSame( $without, $with );
	}

	/** @depends test_it_is_activated_and_says_what_to_install */
	public function test_the_endpoints_say_that_it_is_absent(): void {
		$browser = self::$server->browser();
		foreach ( array( 'collect', 'live' ) as $name ) {
			foreach ( array( "/wp-content/plugins/qahm-realtime/$name.php", "/?rest_route=/qahm-realtime/v1/$name" ) as $path ) {
				$answer = $browser->post( $path, '{}' );
				$this->assertSame( array( 503, 'absent' ), array( $answer->status, $answer->header( 'X-Qahm-Realtime' ) ), $path );
			}
		}
	}

	/** @depends test_it_is_activated_and_says_what_to_install */
	public function test_the_notice_is_dismissed_for_good(): void {
		$administrator = self::plain_administrator();
		$this->assertSame( 1, preg_match( '~[^"]+admin-post\.php\?action=qahm_realtime_dismiss[^"]+~', $administrator->get( '/wp-admin/plugins.php' )->body, $link ) );
		$path = substr( html_entity_decode( $link[0] ), strlen( self::$url ) );
		$this->assertSame( 302, $administrator->get( $path )->status );
		self::assertPageLacks( 'qahm_realtime_notice', $administrator->get( '/wp-admin/plugins.php' )->body );
		self::ask( 'delete_user_meta( 1, "qahm_realtime_notice_dismissed" );' );
	}

	/** Once the extension is there, it works at once. */
	public function test_with_the_extension_it_records(): void {
		self::assertPageHas( 'data-no-optimize', self::browser()->get( '/' )->body );
		self::known_site();
	}
}
