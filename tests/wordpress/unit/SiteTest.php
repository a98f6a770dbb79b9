<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Site;

final class SiteTest extends TestCase {

	protected function setUp(): void {
		FakeWordPress::$options = array(
			'home'    => 'https://Example.com/blog/',
			'siteurl' => 'https://www.example.com:8443/wp',
		);
		remove_all_filters( 'qahm_realtime_hosts' );
		remove_all_filters( 'qahm_realtime_query_keys' );
	}

	/** @return iterable<array{string, int, string}> */
	public function vectors(): iterable {
		// Made with: printf 'qahm1\n%s\n%s' 'example.com' 1 | sha256sum | cut -c1-16
		yield array( 'https://example.com', 1, 'c218cb6c662e4819' );
		yield array( 'http://127.0.0.1:8080/blog', 3, '1d0fef81bf6ad7e4' );
	}

	/** @dataProvider vectors */
	public function test_vectors( string $home, int $blog, string $id ): void {
		$this->assertSame( $id, Site::id_of( $home, $blog ) );
	}

	public function test_what_does_not_matter(): void {
		$id = Site::id_of( 'https://example.com', 1 );
		foreach ( array( 'http://example.com', 'https://EXAMPLE.com/', 'https://example.com:443', 'http://example.com:80/' ) as $home ) {
			$this->assertSame( $id, Site::id_of( $home, 1 ), $home );
		}
	}

	public function test_what_matters(): void {
		$ids = array(
			Site::id_of( 'https://example.com', 1 ),
			Site::id_of( 'https://example.com', 2 ),
			Site::id_of( 'https://example.com:8080', 1 ),
			Site::id_of( 'https://example.com/Blog', 1 ),
			Site::id_of( 'https://example.com/blog', 1 ),
			Site::id_of( 'https://www.example.com', 1 ),
			Site::id_of( 'https://example.com/site1', 2 ),
			Site::id_of( 'https://example.com/site', 12 ),
		);
		$this->assertSame( $ids, array_unique( $ids ) );
	}

	public function test_hosts(): void {
		$this->assertSame( array( 'example.com', 'www.example.com:8443' ), Site::hosts() );
	}

	public function test_hosts_are_filtered_and_bounded(): void {
		add_filter( 'qahm_realtime_hosts', static fn ( array $hosts ): array => array_merge( $hosts, array( 'SHOP.example', '', 5 ), range( 'a', 'j' ) ) );
		$hosts = Site::hosts();
		$this->assertCount( 8, $hosts );
		$this->assertContains( 'shop.example', $hosts );
	}

	public function test_origin(): void {
		$this->assertSame( 'https://example.com', Site::origin( 'HTTPS://Example.com:443/x?y' ) );
		$this->assertSame( 'http://example.com:8080', Site::origin( 'http://example.com:8080' ) );
	}

	public function test_a_broken_address_breaks_nothing(): void {
		foreach ( array( '', 'http:///', '//', ':', 'example.com' ) as $home ) {
			$this->assertMatchesRegularExpression( '/^[0-9a-f]{16}$/', Site::id_of( $home, 1 ) );
		}
	}
}
