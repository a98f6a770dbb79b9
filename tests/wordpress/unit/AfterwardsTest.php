<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Afterwards;

/** This PHP cannot send the answer before its own end: only requests that no visitor waits for may talk to the engine. */
final class AfterwardsTest extends TestCase {

	/** How often the path of the live channel was looked at. */
	private int $looks = 0;

	protected function setUp(): void {
		FakeExtension::reset();
		FakeWordPress::$options = array( 'home' => 'https://example.com', 'siteurl' => 'https://example.com' );
		FakeWordPress::$remote  = function (): array {
			++$this->looks;
			return array( 404, '' );
		};
	}

	protected function tearDown(): void {
		FakeWordPress::$admin = FakeWordPress::$ajax = FakeWordPress::$cron = FakeWordPress::$user = false;
		unset( $GLOBALS['wp'] );
	}

	/** @return iterable<string, array{array<string, bool>, string, bool}> */
	public function requests(): iterable {
		yield 'a page' => array( array(), '', false );
		yield 'a page, logged in' => array( array( 'user' => true ), '', false );
		yield 'cron' => array( array( 'cron' => true ), '', true );
		yield 'the admin area' => array( array( 'admin' => true, 'user' => true ), '', true );
		yield 'admin-ajax' => array( array( 'admin' => true, 'ajax' => true ), '', false );
		yield 'admin-ajax, logged in' => array( array( 'admin' => true, 'ajax' => true, 'user' => true ), '', false );
		yield 'admin-post of a visitor' => array( array( 'admin' => true ), '', false );
		yield 'REST of others' => array( array( 'user' => true ), '/wp/v2/posts', false );
		yield 'REST of others, alike' => array( array(), '/qahm-realtime/v10/x', false );
		yield 'our REST' => array( array(), '/qahm-realtime/v1/deliver', true );
	}

	/**
	 * @dataProvider requests
	 * @param array<string, bool> $state
	 */
	public function test_who_is_kept_waiting( array $state, string $route, bool $talks ): void {
		foreach ( $state as $name => $value ) {
			FakeWordPress::$$name = $value;
		}
		$GLOBALS['wp'] = (object) array( 'query_vars' => '' === $route ? array() : array( 'rest_route' => $route ) );
		FakeExtension::$pending = true;
		Afterwards::run();
		$this->assertSame( array( $talks ? 1 : 0, $talks ? 1 : 0 ), array( count( FakeExtension::$configured ), count( FakeExtension::$leases ) ) );
	}

	public function test_cron_looks_at_the_path_of_the_live_channel(): void {
		Afterwards::run();
		$this->assertSame( 0, $this->looks, 'a visitor waits' );
		FakeWordPress::$cron = true;
		Afterwards::run();
		Afterwards::run();
		$this->assertSame( 1, $this->looks );
	}

	public function test_alerts_are_claimed_only_when_some_wait(): void {
		FakeWordPress::$cron = true;
		Afterwards::run();
		$this->assertSame( array( 1, 0 ), array( count( FakeExtension::$configured ), count( FakeExtension::$leases ) ) );
	}
}
