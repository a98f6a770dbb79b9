<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Configuration;
use QahmRealtime\Settings;

final class ConfigurationTest extends TestCase {

	/** A blog of its own for each test: the JSON is kept per blog. */
	protected function setUp(): void {
		FakeExtension::reset();
		remove_all_filters( 'qahm_realtime_deliver_url' );
		++FakeWordPress::$blog;
		remove_all_filters( 'qahm_realtime_hosts' );
		remove_all_filters( 'qahm_realtime_query_keys' );
		FakeWordPress::$options = array(
			'home'            => 'https://example.com/blog',
			'siteurl'         => 'https://example.com/blog/wp',
			'blogname'        => 'Le café &amp; l’été',
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

	/** Every list as long as it may be, of the entries that take most room in JSON. */
	public function test_the_longest_lists_are_cut_until_they_fit(): void {
		$long    = static fn ( string $character ): array => array_map( static fn ( int $n ): string => str_repeat( $character, 60 ) . $n, range( 1000, 1099 ) );
		$network = static fn ( int $n ): string => "2001:0db8:1111:2222:3333:4444:5555:$n/128";
		$defines = array(
			'EXCLUDE_PATHS'   => $long( "\xff" ),
			'EXCLUDE_ROLES'   => $long( '"' ),
			'EXCLUDE_IPS'     => array_map( $network, range( 1000, 1099 ) ),
			'TRUSTED_PROXIES' => array_map( $network, range( 2000, 2099 ) ),
		);
		$code  = '';
		foreach ( $defines as $name => $value ) {
			$code .= sprintf( 'define( %s, unserialize( base64_decode( %s ) ) );', var_export( "QAHM_REALTIME_$name", true ), var_export( base64_encode( serialize( $value ) ), true ) );
		}
		foreach ( array( 'wordpress.php', 'extension.php', '../../../wp-plugin/src/autoload.php' ) as $file ) {
			$code .= sprintf( 'require %s;', var_export( __DIR__ . "/$file", true ) );
		}
		$code .= 'FakeExtension::reset();
			FakeWordPress::$options = [ "home" => "https://example.com", "siteurl" => "https://example.com", "blogname" => str_repeat( "\"", 200 ) ];
			add_filter( "qahm_realtime_query_keys", fn () => array_map( fn ( $n ) => str_repeat( "k", 59 ) . $n, range( 1000, 9000 ) ) );
			echo json_encode( [ QahmRealtime\Configuration::send(), FakeExtension::$configured[0][1], QahmRealtime\Configuration::problems() ] );';
		exec( escapeshellarg( PHP_BINARY ) . ' -r ' . escapeshellarg( "define('ABSPATH', '/');$code" ), $lines );
		[ $answer, $json, $problems ] = json_decode( $lines[0], true, 8, JSON_THROW_ON_ERROR );

		$this->assertSame( 'current', $answer );
		$this->assertLessThanOrEqual( 16384, strlen( $json ) );
		$this->assertGreaterThan( 16384 - 250, strlen( $json ), 'no more is lost than need be' );
		$values = json_decode( $json, true, 8, JSON_THROW_ON_ERROR );
		$this->assertSame( array( 'example.com' ), $values['hosts'] );
		foreach ( array( 'exclude_paths', 'exclude_roles', 'exclude_ips', 'trusted_proxies', 'query_keys' ) as $key ) {
			$this->assertNotEmpty( $values[ $key ], "$key: every list keeps something" );
		}
		$this->assertStringContainsString( sprintf( 'the last %d entries of QAHM_REALTIME_EXCLUDE_PATHS', 100 - count( $values['exclude_paths'] ) ), implode( "\n", $problems ) );
		$this->assertStringContainsString( 'of qahm_realtime_query_keys are not in force', implode( "\n", $problems ) );
	}

	public function test_usual_lists_lose_nothing(): void {
		$this->assertSame( array(), Configuration::problems() );
	}

	public function test_sending_never_throws(): void {
		FakeExtension::$configure = new ValueError( 'no' );
		$this->assertSame( 'refused: no', Configuration::send() );
		add_filter( 'qahm_realtime_hosts', static fn () => throw new Error( 'a broken filter' ) );
		++FakeWordPress::$blog;
		$this->assertSame( 'refused: a broken filter', Configuration::send() );
	}

	public function test_odd_filters_are_survived(): void {
		foreach ( array( null, array(), new stdClass() ) as $odd ) {
			add_filter( 'qahm_realtime_deliver_url', static fn (): mixed => $odd );
			$this->assertSame( 'https://example.com/blog/?rest_route=/qahm-realtime/v1/deliver', Configuration::values()['deliver'] );
		}
		add_filter( 'qahm_realtime_hosts', static fn (): array => array( str_repeat( 'x', 256 ), 'example.com' ) );
		$this->assertSame( array( 'example.com' ), Configuration::values()['hosts'] );
	}

	/** Every option that a page needs is among the autoloaded ones. WPLANG is not, on a network. */
	public function test_it_asks_for_no_other_option(): void {
		FakeWordPress::$asked = array();
		Configuration::values();
		$this->assertSame( array(), array_values( array_diff( FakeWordPress::$asked, array( 'home', 'siteurl', 'blogname' ) ) ) );
	}
}
