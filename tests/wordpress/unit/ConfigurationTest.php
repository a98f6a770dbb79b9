<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Configuration;
use QahmRealtime\Settings;

final class ConfigurationTest extends TestCase {

	/** A blog of its own for each test: the JSON is kept per blog. */
	protected function setUp(): void {
		++FakeWordPress::$blog;
		remove_all_filters( 'qahm_realtime_hosts' );
		remove_all_filters( 'qahm_realtime_query_keys' );
		FakeWordPress::$options = array(
			'home'            => 'https://example.com/blog',
			'siteurl'         => 'https://example.com/blog/wp',
			'blogname'        => 'Le café &amp; l’été',
			'WPLANG'          => 'fr_FR',
			'timezone_string' => 'Europe/Paris',
		);
	}

	public function test_it_is_canonical(): void {
		$json  = Configuration::json();
		$again = json_decode( $json, true, 8, JSON_THROW_ON_ERROR );
		$keys  = array_keys( $again );
		$sorted = $keys;
		sort( $sorted, SORT_STRING );
		$this->assertSame( $sorted, $keys );
		$this->assertStringNotContainsString( '\/', $json );
		$this->assertStringContainsString( 'Le café & l’été', $json );
		$this->assertSame( json_encode( $again, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION ), $json, 'no spaces' );
		$this->assertLessThanOrEqual( 16384, strlen( $json ) );
	}

	public function test_the_members(): void {
		$values = json_decode( Configuration::json(), true );
		$this->assertSame( 1, $values['v'] );
		$this->assertSame( FakeWordPress::$blog, $values['blog'] );
		$this->assertSame( 'https://example.com/blog', $values['home'] );
		$this->assertSame( array( 'example.com' ), $values['hosts'] );
		$this->assertSame( 'https://example.com/blog/?rest_route=/qahm-realtime/v1/deliver', $values['deliver'] );
		$this->assertSame( 'https://example.com/blog/wp/wp-admin/', $values['link'] );
		$this->assertSame( 'fr_FR', $values['locale'] );
		$this->assertSame( 'Europe/Paris', $values['timezone'] );
		$this->assertFalse( $values['alert_high_traffic_set'] );
		foreach ( Settings::TABLE as $name => $row ) {
			$this->assertEquals( $row['default'], $values[ strtolower( $name ) ], $name );
		}
	}

	public function test_the_order_of_a_filter_does_not_change_it(): void {
		add_filter( 'qahm_realtime_query_keys', static fn (): array => array( 'p', 'lang', 'lang', 5 ) );
		$this->assertSame( array( 'lang', 'p' ), Configuration::values()['query_keys'] );
	}

	public function test_a_name_that_is_no_utf_8_breaks_nothing(): void {
		FakeWordPress::$options['blogname'] = "caf\xe9";
		$this->assertNotNull( json_decode( Configuration::json(), true ) );
	}

	public function test_the_largest_lists_fit(): void {
		$networks = array_map( static fn ( int $n ): string => "2001:0db8:1111:2222:3333:4444:5555:$n/128", range( 1000, 1099 ) );
		$settings = new Settings( array( 'QAHM_REALTIME_EXCLUDE_IPS' => $networks ) );
		$this->assertSame( array(), $settings->problems() );
		$this->assertLessThan( 16384 / 3, strlen( (string) json_encode( $settings->get( 'EXCLUDE_IPS' )->value ) ) );
	}
}
