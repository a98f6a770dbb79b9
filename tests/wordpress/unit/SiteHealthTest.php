<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\SiteHealth;

/** What the extension and its engine have to say is shown, whatever the state, and each thing once. */
final class SiteHealthTest extends TestCase {

	protected function setUp(): void {
		FakeExtension::reset();
		FakeWordPress::$options = array( 'home' => 'https://example.com', 'siteurl' => 'https://example.com' );
	}

	/** @return iterable<string, array{string, list<string>, string}> */
	public function states(): iterable {
		yield 'all well' => array( 'running', array(), 'good' );
		yield 'a note' => array( 'running', array( 'The history is lost when the machine restarts.' ), 'recommended' );
		yield 'nothing is stored' => array( 'running', array( 'alerts wait', 'events are not stored: no space left' ), 'critical' );
		yield 'nothing is stored, in capitals' => array( 'running', array( 'Events are not stored.' ), 'critical' );
		foreach ( array( 'starting', 'stale', 'absent', 'off' ) as $state ) {
			yield $state => array( $state, array( 'The engine has not run yet.' ), 'critical' );
		}
	}

	/**
	 * @dataProvider states
	 * @param list<string> $notes
	 */
	public function test_notes_are_shown_in_every_state( string $state, array $notes, string $status ): void {
		FakeExtension::$status = array( 'state' => $state, 'notes' => $notes );
		$result                = SiteHealth::engine();
		$this->assertSame( $status, $result['status'] );
		foreach ( $notes as $note ) {
			$this->assertStringContainsString( $note, $result['description'] );
		}
	}

	public function test_a_configuration_that_is_refused(): void {
		FakeExtension::$configure       = 'refused: hosts: 1 to 8 names';
		FakeExtension::$status['notes'] = array( 'a note' );
		$result                         = SiteHealth::engine();
		$this->assertSame( 'critical', $result['status'] );
		$this->assertStringContainsString( 'refused: hosts', $result['description'] );
		$this->assertStringContainsString( 'a note', $result['description'] );
	}

	public function test_an_invalid_setting_is_told_once(): void {
		$problem               = 'qahm_realtime.engine_mode must be auto, external or off';
		FakeExtension::$status = array( 'state' => 'absent', 'notes' => array( "$problem.", "There is no ring in use: $problem. The first event makes it.", "$problem." ) );
		$this->assertSame( 1, substr_count( SiteHealth::engine()['description'], $problem ) );
	}

	public function test_notes_are_text(): void {
		FakeExtension::$status['notes'] = array( '<script>alert(1)</script>', array( 'odd' ), null );
		$this->assertStringNotContainsString( '<script>', SiteHealth::engine()['description'] );
	}

	/**
	 * @runInSeparateProcess
	 * @preserveGlobalState disabled
	 */
	public function test_a_database_of_countries_that_is_not_there(): void {
		define( 'QAHM_REALTIME_GEOIP_DB', '/nowhere/country.mmdb' );
		$result = SiteHealth::settings();
		$this->assertSame( 'recommended', $result['status'] );
		$this->assertStringContainsString( 'QAHM_REALTIME_GEOIP_DB names the file /nowhere/country.mmdb', $result['description'] );
		$this->assertStringContainsString( '"geoip_db":"/nowhere/country.mmdb"', QahmRealtime\Configuration::json(), 'it may come later' );
	}

	/**
	 * @runInSeparateProcess
	 * @preserveGlobalState disabled
	 */
	public function test_a_database_of_countries_that_is_there(): void {
		define( 'QAHM_REALTIME_GEOIP_DB', __FILE__ );
		$this->assertSame( 'good', SiteHealth::settings()['status'] );
	}

	/**
	 * @runInSeparateProcess
	 * @preserveGlobalState disabled
	 */
	public function test_a_goal_that_is_none(): void {
		add_filter( 'qahm_realtime_goals', static fn (): array => array( array( 'name' => 'x' ) ) );
		$this->assertStringContainsString( 'Goal number 1', SiteHealth::settings()['description'] );
	}
}
