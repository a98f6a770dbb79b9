<?php
declare(strict_types=1);

use QahmRealtime\Signal;

/** What every signal carries, and what no signal does. */
final class SignalTest extends SignalTestCase {

	public function test_it_carries_what_the_request_has(): void {
		$_SERVER = array(
			'REQUEST_URI'          => '/blog/it\\\'s?p=5',
			'HTTP_REFERER'         => 'https://example.org/',
			'HTTP_USER_AGENT'      => 'A',
			'REMOTE_ADDR'          => '192.0.2.1',
			'HTTP_X_FORWARDED_FOR' => '198.51.100.7',
			'HTTP_SEC_GPC'         => '1',
		);
		Signal::record( 'login-failed' );
		$this->assertSame(
			array(
				array(
					QahmRealtime\Site::id(),
					'signal',
					array(
						'name'          => 'login-failed',
						'url'           => '/blog/it\'s?p=5',
						'referrer'      => 'https://example.org/',
						'user_agent'    => 'A',
						'address'       => '192.0.2.1',
						'forwarded_for' => '198.51.100.7',
						'logged_in'     => false,
						'private'       => true,
					),
				),
			),
			FakeExtension::$recorded
		);
	}

	public function test_keys_in_addresses_of_the_admin_area_stay_there(): void {
		$_SERVER['REQUEST_URI'] = '/blog/wp-login.php?action=rp&key=secret&login=anna';
		$GLOBALS['pagenow']     = 'wp-login.php';
		Signal::record( 'login-failed' );
		unset( $GLOBALS['pagenow'] );
		$_SERVER['REQUEST_URI'] = '/blog/wp-admin/plugins.php?action=activate&_wpnonce=secret';
		FakeWordPress::$admin   = true;
		Signal::record( 'change', array( 'what' => 'plugin-activated' ) );
		$this->assertSame( array( '/blog/wp-login.php', '/blog/wp-admin/plugins.php' ), array_column( array_column( FakeExtension::$recorded, 2 ), 'url' ) );
	}

	public function test_the_same_is_said_once_and_a_flood_is_cut(): void {
		for ( $i = 0; $i < 100; $i++ ) {
			Signal::record( 'change', array( 'title' => 'same' ) );
		}
		$this->assertCount( 1, FakeExtension::$recorded );
		for ( $i = 0; $i < 100; $i++ ) {
			Signal::record( 'change', array( 'title' => "post $i" ) );
		}
		$this->assertCount( 20, FakeExtension::$recorded );
		Signal::record( 'track', array( 'target' => 'order' ) );
		$this->assertCount( 21, FakeExtension::$recorded, 'another kind has its own limit' );
	}

	public function test_every_event_of_others_code_counts(): void {
		$order = array( 'name' => 'track', 'target' => 'order', 'properties' => '{"total":30}' );
		QahmRealtime\Tracking::record( 'order', array( 'total' => 30 ) );
		QahmRealtime\Tracking::record( 'order', array( 'total' => 30 ) );
		$this->assertSame( array( $order, $order ), FakeExtension::signals() );
		for ( $i = 0; $i < 500; $i++ ) {
			Signal::record( 'track', array( 'target' => 'order' ) );
		}
		$this->assertCount( 200, FakeExtension::$recorded, 'but not without end' );
	}

	public function test_an_event_of_a_script_belongs_to_its_page(): void {
		FakeWordPress::$ajax    = true;
		FakeWordPress::$admin   = true;
		$_SERVER['REQUEST_URI'] = '/blog/wp-admin/admin-ajax.php';
		$cases                  = array(
			'https://example.com/blog/contact/?p=3#x' => '/blog/contact/?p=3',
			'https://example.com'                     => '/',
			'https://elsewhere.example/contact/'      => '/blog/wp-admin/admin-ajax.php',
			''                                        => '/blog/wp-admin/admin-ajax.php',
			'http:///'                                => '/blog/wp-admin/admin-ajax.php',
		);
		foreach ( $cases as $referrer => $url ) {
			FakeExtension::reset();
			self::forget( Signal::class, 'seen' );
			$_SERVER['HTTP_REFERER'] = $referrer;
			Signal::record( 'form-submit', array( 'target' => 'Contact' ), true );
			$this->assertSame( $url, FakeExtension::$recorded[0][2]['url'], $referrer );
		}
	}

	public function test_what_a_browser_that_is_not_counted_does_is_not_told(): void {
		foreach ( array( '1', 'visitor', '' ) as $value ) {
			FakeExtension::reset();
			self::forget( Signal::class, 'seen' );
			$_COOKIE['qahm_realtime_exclude'] = $value;
			foreach ( array( 'search', 'track', 'form-submit', 'change', 'login-failed', 'php-error', 'database-error', 'slow-query' ) as $name ) {
				Signal::record( $name );
			}
			$this->assertSame( array( 'change', 'login-failed', 'php-error', 'database-error', 'slow-query' ), array_column( FakeExtension::signals(), 'name' ) );
		}
	}

	/**
	 * @runInSeparateProcess
	 * @preserveGlobalState disabled
	 */
	public function test_consent_is_told_where_the_site_asks_for_it(): void {
		Signal::record( 'search', array( 'title' => 'no plugin asks' ) );
		eval( 'function wp_has_consent( string $of ): bool { return "statistics" === $of && FakeWordPress::$consent; }' );
		FakeWordPress::$consent = true;
		Signal::record( 'search', array( 'title' => 'nobody needs it' ) );
		define( 'QAHM_REALTIME_CONSENT', 'wait' );
		Signal::record( 'search', array( 'title' => 'given' ) );
		FakeWordPress::$consent = false;
		Signal::record( 'search', array( 'title' => 'refused' ) );
		$this->assertSame( array( null, null, true, null ), array_map( static fn ( array $one ): ?bool => $one[2]['consent'] ?? null, FakeExtension::$recorded ) );
	}

	public function test_whoever_fired_the_hook_goes_on(): void {
		FakeExtension::$record = new ValueError( 'an older extension' );
		Signal::record( 'login-failed' );
		$this->assertSame( array(), FakeExtension::$recorded );
	}
}
