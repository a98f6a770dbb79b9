<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Settings;

/** Every constant: default, valid values, invalid values, other names. */
final class SettingsTest extends TestCase {

	/** Name => default, valid values with what they become, invalid values. The table of the documentation, written down a second time. */
	private const EXPECTED = array(
		'UPDATE_INTERVAL'    => array( 5, array( array( 1, 1 ), array( 300, 300 ), array( '7', 7 ), array( 10.0, 10 ) ), array( 0, 301, -1, 1.5, '', 'five', null, true, array() ) ),
		'MAX_VISITORS'       => array( 1000, array( array( 1, 1 ), array( 100000, 100000 ) ), array( 0, 100001, '1e3' ) ),
		'RETENTION'          => array( 24, array( array( 1, 1 ), array( 8760, 8760 ) ), array( 0, 8761 ) ),
		'ALERT_HIGH_TRAFFIC' => array( 500, array( array( 1, 1 ), array( '20', 20 ) ), array( 0, -5, 'many' ) ),
		'ALERT_ERROR_RATE'   => array( 0.05, array( array( 0.1, 0.1 ), array( 1, 1.0 ), array( '0.2', 0.2 ) ), array( 0, 1.01, -0.1, '5%', NAN, INF ) ),
		'ALERT_SLOW_PAGES'   => array( 3.0, array( array( 2, 2.0 ), array( 0.5, 0.5 ) ), array( 0, -1, 'slow', 601 ) ),
		'MEMORY_LIMIT'       => array( 134217728, array( array( '128M', 134217728 ), array( '1g', 1073741824 ), array( '64 MiB', 67108864 ), array( 33554432, 33554432 ), array( '40960K', 41943040 ) ), array( '1M', '16M', '128X', 'M', -1, '9999999999T', '' ) ),
		'MAX_EXECUTION_TIME' => array( 30, array( array( 1, 1 ), array( 3600, 3600 ) ), array( 0, 3601 ) ),
		'CACHE_TTL'          => array( 10, array( array( 0, 0 ), array( 3600, 3600 ) ), array( -1, 3601 ) ),
		'ACTIVE_WINDOW'      => array( 60, array( array( 60, 60 ), array( 600, 600 ) ), array( 59, 601 ) ),
		'EXCLUDE_ROLES'      => array( array( 'administrator' ), array( array( array( 'editor', 'author' ), array( 'author', 'editor' ) ), array( 'editor, author,', array( 'author', 'editor' ) ), array( '', array() ), array( array(), array() ) ), array( 5, null, array( 5 ), array( "a\nb" ), 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' ) ),
		'EXCLUDE_PATHS'      => array( array( '/wp-admin/', '/wp-login.php' ), array( array( 'private, /x/', array( '/private', '/x/' ) ) ), array( 1, array( array() ) ) ),
		'EXCLUDE_IPS'        => array( array(), array( array( '192.0.2.1, 2001:DB8::/32', array( '192.0.2.1', '2001:db8::/32' ) ) ), array( '192.0.2', '10.0.0.0/33', 'localhost', '10.0.0.0/x', '::/129' ) ),
		'EXCLUDE_COUNTRIES'  => array( array(), array( array( 'fr,DE', array( 'DE', 'FR' ) ) ), array( 'France', array( 'F' ) ) ),
		'EXCLUDE_BOTS'       => array( true, array( array( false, false ), array( 'off', false ), array( 1, true ), array( 'yes', true ) ), array( 2, 'maybe', '', null ) ),
		'ONLY_COUNTRIES'     => array( array(), array( array( array( 'fr' ), array( 'FR' ) ) ), array( 'F1' ) ),
		'TRUSTED_PROXIES'    => array( 'auto', array( array( 'AUTO', 'auto' ), array( '10.0.0.0/8', array( '10.0.0.0/8' ) ), array( array(), array() ) ), array( 'all', array( '10.0.0.0/99' ), true ) ),
		'RESPECT_DNT'        => array( true, array( array( false, false ), array( '0', false ) ), array( 'no way' ) ),
		'CONSENT'            => array( 'none', array( array( 'wait', 'wait' ), array( 'Limited', 'limited' ) ), array( 'always', true, '' ) ),
		'ANONYMIZE_IP'       => array( true, array( array( false, false ) ), array( 3 ) ),
		'GDPR_MODE'          => array( false, array( array( true, true ), array( 'on', true ) ), array( 'strict' ) ),
		'GEOIP_DB'           => array( '', array( array( ' /var/lib/geo/country.mmdb ', '/var/lib/geo/country.mmdb' ), array( '', '' ) ), array( 'country.mmdb', 'https://example.com/country.mmdb', 'phar:///x', "/a\nb", true, array( '/a' ) ) ),
		'LIVE_PATH'          => array( '/qahm-live/', array( array( ' /stats/live_1/ ', '/stats/live_1/' ), array( '', '' ), array( 'OFF', '' ), array( false, '' ) ), array( '/', '//', '/x', 'x/', '/a b/', '/a/../b/', '/a//b/', "/a\n/", '/é/', '/a;/', '/a}/', '/{{address}}/', '/$x/', true, null, array( '/a/' ), '/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/' ) ),
	);

	private const ALIASES = array(
		'MAX_VISITORS_DISPLAY' => 'MAX_VISITORS',
		'RETENTION_HOURS'      => 'RETENTION',
		'DATA_RETENTION'       => 'RETENTION',
		'CACHE_DURATION'       => 'CACHE_TTL',
	);

	public function test_the_table_has_exactly_these_constants(): void {
		$this->assertSame( array_keys( self::EXPECTED ), array_keys( Settings::TABLE ) );
	}

	/** @return iterable<string, array{string, mixed}> */
	public function defaults(): iterable {
		foreach ( self::EXPECTED as $name => [ $default ] ) {
			yield $name => array( $name, $default );
		}
	}

	/** @dataProvider defaults */
	public function test_default( string $name, mixed $default ): void {
		$setting = ( new Settings( array() ) )->get( $name );
		$this->assertSame( $default, $setting->value );
		$this->assertFalse( $setting->chosen() );
		$this->assertSame( '', $setting->problem() );
	}

	/** @return iterable<string, array{string, mixed, mixed}> */
	public function valid(): iterable {
		foreach ( self::EXPECTED as $name => [ , $values ] ) {
			foreach ( $values as $number => [ $given, $value ] ) {
				yield "$name $number" => array( $name, $given, $value );
			}
		}
	}

	/** @dataProvider valid */
	public function test_valid( string $name, mixed $given, mixed $value ): void {
		$setting = ( new Settings( array( "QAHM_REALTIME_$name" => $given ) ) )->get( $name );
		$this->assertSame( $value, $setting->value );
		$this->assertSame( "QAHM_REALTIME_$name", $setting->source );
		$this->assertSame( '', $setting->problem() );
	}

	/** @return iterable<string, array{string, mixed}> */
	public function invalid(): iterable {
		foreach ( self::EXPECTED as $name => [ , , $values ] ) {
			foreach ( $values as $number => $given ) {
				yield "$name $number" => array( $name, $given );
			}
		}
	}

	/** @dataProvider invalid */
	public function test_invalid_falls_back_and_is_named( string $name, mixed $given ): void {
		$settings = new Settings( array( "QAHM_REALTIME_$name" => $given ) );
		$setting  = $settings->get( $name );
		$this->assertSame( self::EXPECTED[ $name ][0], $setting->value );
		$this->assertFalse( $setting->chosen(), 'a default threshold is in force, not a chosen one' );
		$this->assertCount( 1, $settings->problems() );
		$this->assertStringContainsString( "QAHM_REALTIME_$name ", $settings->problems()[0] );
	}

	public function test_every_value_of_every_type_is_survived(): void {
		$odd = array( null, true, false, 0, -1, PHP_INT_MAX, PHP_INT_MIN, 0.0, NAN, INF, '', "\0", "\xff", str_repeat( '9', 40 ), array( array() ), array( null ), new stdClass(), STDIN );
		foreach ( array_keys( Settings::TABLE ) as $name ) {
			foreach ( $odd as $value ) {
				$settings = new Settings( array( "QAHM_REALTIME_$name" => $value ) );
				$this->assertIsArray( $settings->problems() );
				$this->assertIsString( $settings->get( $name )->text() );
			}
		}
	}

	public function test_other_names(): void {
		foreach ( self::ALIASES as $alias => $name ) {
			$setting = ( new Settings( array( "QAHM_REALTIME_$alias" => 48 ) ) )->get( $name );
			$this->assertSame( 48, $setting->value );
			$this->assertSame( "QAHM_REALTIME_$alias", $setting->source );
		}
	}

	public function test_the_first_name_decides_even_when_it_is_refused(): void {
		$both = new Settings( array( 'QAHM_REALTIME_RETENTION' => 12, 'QAHM_REALTIME_RETENTION_HOURS' => 48 ) );
		$this->assertSame( 12, $both->get( 'RETENTION' )->value );

		$refused = ( new Settings( array( 'QAHM_REALTIME_RETENTION' => 'long', 'QAHM_REALTIME_RETENTION_HOURS' => 48 ) ) )->get( 'RETENTION' );
		$this->assertSame( 24, $refused->value );
		$this->assertStringContainsString( 'QAHM_REALTIME_RETENTION ', $refused->problem() );
	}

	public function test_an_invalid_alias_is_named_by_its_own_name(): void {
		$problems = ( new Settings( array( 'QAHM_REALTIME_CACHE_DURATION' => 'x' ) ) )->problems();
		$this->assertStringContainsString( 'QAHM_REALTIME_CACHE_DURATION', $problems[0] );
	}

	public function test_a_list_is_bounded(): void {
		$this->assertCount( 1, ( new Settings( array( 'QAHM_REALTIME_EXCLUDE_IPS' => array_fill( 0, 101, '10.0.0.1' ) ) ) )->problems() );
	}
}
