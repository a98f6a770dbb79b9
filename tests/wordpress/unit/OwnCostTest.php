<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\OwnCost;

/** What we cost ourselves: asked of an engine that runs, and shown as far as it is known. */
final class OwnCostTest extends TestCase {

	private const HEALTH = array( 'rss_bytes' => 46_000_000, 'ring_bytes' => 12_000_000, 'processor_permille' => 12, 'events_per_minute' => 240 );

	protected function setUp(): void {
		FakeExtension::reset();
		FakeWordPress::$options = array( 'home' => 'https://example.com', 'siteurl' => 'https://example.com' );
	}

	public function test_of_pages(): void {
		FakeExtension::$answer = '{"ok":true,"status":{"time":5,"window":"5m","added_ms":{"n":523,"p50":0.21,"p95":1}}}';
		$this->assertSame(
			array( 'window' => '5m', 'added_ms' => array( 'n' => 523, 'p50' => 0.21, 'p95' => 1.0 ), 'queries' => 0 ),
			OwnCost::of_pages( array( 'state' => 'running' ) )
		);
		$this->assertSame( array( 'what' => 'status' ), FakeExtension::$asked[0][1] );
	}

	public function test_what_nobody_tells_is_null_and_no_engine_is_started_for_it(): void {
		foreach ( array( 'starting', 'stale', 'absent', 'off' ) as $state ) {
			$this->assertNull( OwnCost::of_pages( array( 'state' => $state ) ), $state );
		}
		$this->assertNull( OwnCost::of_pages( array() ) );
		$this->assertSame( array(), FakeExtension::$asked );
		foreach ( array( null, 'no JSON', '[]', '{"ok":false,"code":"unknown-site"}', '{"ok":true,"status":{"added_ms":7}}', '{"ok":true,"status":{"added_ms":{"n":"x"}}}' ) as FakeExtension::$answer ) {
			$this->assertNull( OwnCost::of_pages( array( 'state' => 'running' ) ), (string) FakeExtension::$answer );
		}
		FakeExtension::$answer = '{"ok":true,"status":{"added_ms":{"n":0,"p50":null,"p95":null}}}';
		$this->assertSame( array( 'n' => 0, 'p50' => null, 'p95' => null ), OwnCost::of_pages( array( 'state' => 'running' ) )['added_ms'] ?? null, 'no page yet' );
	}

	public function test_in_words(): void {
		FakeExtension::$answer = '{"ok":true,"status":{"added_ms":{"n":523,"p50":3.1,"p95":4.2}}}';
		$texts                 = OwnCost::described( array( 'state' => 'running', 'engine_health' => self::HEALTH ) );
		$this->assertSame( '3 ms, at most 4 ms for 95 of 100 pages, and no database query (523 pages in 5 minutes)', $texts['Added to a page'] );
		$this->assertSame( '46000000 B of the engine, 12000000 B set aside for events on their way', $texts['Memory'] );
		$this->assertSame( '1 % of one processor, 4 events a second taken in', $texts['Last minute'] );
		foreach ( array( array(), array( 'rss_bytes' => 'x' ), null ) as $health ) {
			$this->assertSame( array( 'Added to a page' ), array_keys( OwnCost::described( array( 'state' => 'running', 'engine_health' => $health ) ) ), 'an older engine tells less' );
		}
		$this->assertSame( array(), OwnCost::described( array( 'state' => 'absent', 'engine_health' => array() ) ) );
	}
}
