<?php
declare(strict_types=1);

use QahmRealtime\RequestEvent;

/**
 * Which pages are told, and what of them. Each test is a process of its own: one that is not the command line's.
 *
 * @runTestsInSeparateProcesses
 * @preserveGlobalState disabled
 */
final class RequestEventTest extends SignalTestCase {

	protected function setUp(): void {
		parent::setUp();
		define( 'QahmRealtime\PHP_SAPI', 'fpm-fcgi' );
	}

	public function test_a_page(): void {
		$_SERVER['REQUEST_URI'] = '/blog/contact/';
		RequestEvent::record();
		[ [ , $kind, $fields ] ] = FakeExtension::$recorded;
		$this->assertSame( array( 'request', '/blog/contact/', 7, false ), array( $kind, $fields['url'], $fields['queries'], $fields['fatal'] ) );
		$this->assertArrayNotHasKey( 'consent', $fields );
	}

	public function test_what_we_took_ourselves(): void {
		$GLOBALS['qahm_realtime_seconds'] = 0.25;
		RequestEvent::record( microtime( true ) - 0.5 );
		$this->assertGreaterThanOrEqual( 750_000, FakeExtension::$recorded[0][2]['added_us'] );
		$this->assertLessThan( 60_000_000, FakeExtension::$recorded[0][2]['added_us'] );
		// A clock that was set, a hook of ours that somebody ended half-way, one that did not begin.
		foreach ( array( -3600.0, 3600.0, -microtime( true ), null ) as $GLOBALS['qahm_realtime_seconds'] ) {
			RequestEvent::record( microtime( true ) );
		}
		$GLOBALS['qahm_realtime_seconds'] = 0.25;
		RequestEvent::record();
		$this->assertCount( 6, FakeExtension::$recorded );
		foreach ( array_slice( FakeExtension::$recorded, 1 ) as [ , , $fields ] ) {
			$this->assertArrayNotHasKey( 'added_us', $fields );
		}
	}

	public function test_not_of_a_browser_that_is_not_counted(): void {
		foreach ( array( '1', 'visitor', '' ) as $value ) {
			$_COOKIE['qahm_realtime_exclude'] = $value;
			RequestEvent::record();
		}
		$this->assertSame( array(), FakeExtension::$recorded );
	}

	public function test_not_of_who_looks_for_the_live_channel(): void {
		foreach ( array( array( 404, '/qahm-live/probe?nonce=x', 0 ), array( 200, '/qahm-live/', 1 ), array( 404, '/qahm-liveliness', 1 ) ) as [ $status, $url, $recorded ] ) {
			http_response_code( $status );
			$_SERVER['REQUEST_URI']  = $url;
			FakeExtension::$recorded = array();
			RequestEvent::record();
			$this->assertCount( $recorded, FakeExtension::$recorded, "$status $url" );
		}
	}

	public function test_consent_where_the_site_asks_for_it(): void {
		eval( 'function wp_has_consent( string $of ): bool { return "statistics" === $of && FakeWordPress::$consent; }' );
		define( 'QAHM_REALTIME_CONSENT', 'limited' );
		foreach ( array( true, false ) as FakeWordPress::$consent ) {
			RequestEvent::record();
		}
		$this->assertSame( array( true, null ), array_map( static fn ( array $one ): ?bool => $one[2]['consent'] ?? null, FakeExtension::$recorded ) );
	}
}
