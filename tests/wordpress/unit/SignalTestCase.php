<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;

/** A test of what is recorded: each begins as a request of its own. */
abstract class SignalTestCase extends TestCase {

	private array $server;

	protected function setUp(): void {
		FakeExtension::reset();
		FakeWordPress::$admin             = FakeWordPress::$ajax = FakeWordPress::$cron = FakeWordPress::$user = FakeWordPress::$search = false;
		FakeWordPress::$options['home']   = 'https://example.com/blog';
		FakeWordPress::$options['siteurl'] = 'https://example.com/blog';
		$this->server                     = $_SERVER;
		self::forget( QahmRealtime\Signal::class, 'seen' );
	}

	protected function tearDown(): void {
		$_SERVER = $this->server;
		unset( $GLOBALS['wp_query'], $GLOBALS['pagenow'], $_COOKIE['qahm_realtime_exclude'] );
	}

	/** Empties an array that a class keeps for the length of a request. */
	protected static function forget( string $class, string $property ): void {
		( new ReflectionProperty( $class, $property ) )->setValue( null, array() );
	}
}
