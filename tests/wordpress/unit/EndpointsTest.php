<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Endpoints;

/** Where the tracker sends its beacons. */
final class EndpointsTest extends TestCase {

	private const USUAL = '/blog/wp-content/plugins/qahm-realtime/collect.php';

	protected function setUp(): void {
		FakeWordPress::$options = array( 'home' => 'https://example.com/blog' );
	}

	/** @return iterable<array{mixed, string}> */
	public function choices(): iterable {
		yield 'the engine' => array( '/qahm-live/collect', '/qahm-live/collect' );
		yield 'an address' => array( 'https://stats.example.com/collect', 'https://stats.example.com/collect' );
		foreach ( array( '', null, false, array( '/x' ) ) as $odd ) {
			yield 'no address: ' . json_encode( $odd ) => array( $odd, self::USUAL );
		}
	}

	/** @dataProvider choices */
	public function test_a_filter_says_where( mixed $given, string $expected ): void {
		$this->assertSame( self::USUAL, Endpoints::collector() );
		$filter = function ( mixed $usual ) use ( $given ): mixed {
			$this->assertSame( self::USUAL, $usual );
			return $given;
		};
		add_filter( 'qahm_realtime_collector', $filter );
		try {
			$this->assertSame( $expected, Endpoints::collector() );
		} finally {
			remove_filter( 'qahm_realtime_collector', $filter );
		}
	}
}
