<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Closure;

/**
 * The settings, from constants in wp-config.php. One table says everything about each of them.
 *
 * An invalid value falls back to the default and is named in Site Health; it never breaks a page.
 */
final class Settings {

	public const PREFIX = 'QAHM_REALTIME_';

	/**
	 * Name without the prefix => type (a method of SettingTypes), default, range or choices, other names of the constant.
	 * Ranges are inclusive; `above` is an exclusive lower bound. `unit` is for the reader only.
	 */
	public const TABLE = array(
		'UPDATE_INTERVAL'    => array( 'type' => 'whole', 'default' => 5, 'min' => 1, 'max' => 300, 'unit' => 's' ),
		'MAX_VISITORS'       => array( 'type' => 'whole', 'default' => 1000, 'min' => 1, 'max' => 100000, 'aliases' => array( 'MAX_VISITORS_DISPLAY' ) ),
		'RETENTION'          => array( 'type' => 'whole', 'default' => 24, 'min' => 1, 'max' => 8760, 'unit' => 'h', 'aliases' => array( 'RETENTION_HOURS', 'DATA_RETENTION' ) ),
		'ALERT_HIGH_TRAFFIC' => array( 'type' => 'whole', 'default' => 500, 'min' => 1, 'max' => 100000000 ),
		'ALERT_ERROR_RATE'   => array( 'type' => 'decimal', 'default' => 0.05, 'above' => 0, 'max' => 1 ),
		'ALERT_SLOW_PAGES'   => array( 'type' => 'decimal', 'default' => 3.0, 'above' => 0, 'max' => 600, 'unit' => 's' ),
		'MEMORY_LIMIT'       => array( 'type' => 'bytes', 'default' => 134217728, 'min' => 33554432, 'max' => 1099511627776 ),
		'MAX_EXECUTION_TIME' => array( 'type' => 'whole', 'default' => 30, 'min' => 1, 'max' => 3600, 'unit' => 's' ),
		'CACHE_TTL'          => array( 'type' => 'whole', 'default' => 10, 'min' => 0, 'max' => 3600, 'unit' => 's', 'aliases' => array( 'CACHE_DURATION' ) ),
		'ACTIVE_WINDOW'      => array( 'type' => 'whole', 'default' => 60, 'min' => 60, 'max' => 600, 'unit' => 's' ),
		'EXCLUDE_ROLES'      => array( 'type' => 'roles', 'default' => array( 'administrator' ) ),
		// A site in maintenance loads no plugin, so WordPress's own maintenance page needs no entry.
		'EXCLUDE_PATHS'      => array( 'type' => 'paths', 'default' => array( '/wp-admin/', '/wp-login.php' ) ),
		'EXCLUDE_IPS'        => array( 'type' => 'networks', 'default' => array() ),
		'EXCLUDE_COUNTRIES'  => array( 'type' => 'countries', 'default' => array() ),
		'EXCLUDE_BOTS'       => array( 'type' => 'flag', 'default' => true ),
		'ONLY_COUNTRIES'     => array( 'type' => 'countries', 'default' => array() ),
		'TRUSTED_PROXIES'    => array( 'type' => 'proxies', 'default' => 'auto' ),
		'RESPECT_DNT'        => array( 'type' => 'flag', 'default' => true ),
		'CONSENT'            => array( 'type' => 'choice', 'default' => 'none', 'choices' => array( 'none', 'wait', 'limited' ) ),
		'ANONYMIZE_IP'       => array( 'type' => 'flag', 'default' => true ),
		'GDPR_MODE'          => array( 'type' => 'flag', 'default' => false ),
		'GEOIP_DB'           => array( 'type' => 'file', 'default' => '' ),
		'LIVE_PATH'          => array( 'type' => 'prefix', 'default' => '/qahm-live/' ),
	);

	/** The settings of this request: constants do not change. */
	private static ?self $current = null;

	/** @var array<string, Setting> Those that were asked for. */
	private array $settings = array();

	/** @var Closure( string ): array{bool, mixed} */
	private readonly Closure $lookup;

	/**
	 * @param Closure|array<string, mixed> $constants The constants that are defined, by full name; or what finds one: name => [ is it defined, value ].
	 */
	public function __construct( Closure|array $constants ) {
		$this->lookup = is_array( $constants )
			? static fn ( string $name ): array => array( array_key_exists( $name, $constants ), $constants[ $name ] ?? null )
			: $constants;
	}

	/**
	 * The settings as the constants of this request have them. Each is read when it is first asked for: a page needs one.
	 */
	public static function current(): self {
		self::$current ??= new self( static fn ( string $name ): array => defined( $name ) ? array( true, constant( $name ) ) : array( false, null ) );
		return self::$current;
	}

	/**
	 * The value in force.
	 *
	 * @param string $name Name without the prefix, a key of TABLE.
	 */
	public static function value( string $name ): mixed {
		$row = self::TABLE[ $name ];
		foreach ( array( $name, ...( $row['aliases'] ?? array() ) ) as $suffix ) {
			if ( defined( self::PREFIX . $suffix ) ) {
				return self::current()->get( $name )->value;
			}
		}
		return $row['default']; // Most are: a page then loads nothing to read them.
	}

	/**
	 * One setting.
	 *
	 * @param string $name Name without the prefix, a key of TABLE.
	 */
	public function get( string $name ): Setting {
		return $this->settings[ $name ] ??= $this->read( $name, self::TABLE[ $name ] );
	}

	/**
	 * All settings, in the table's order.
	 *
	 * @return array<string, Setting>
	 */
	public function all(): array {
		return array_combine( array_keys( self::TABLE ), array_map( array( $this, 'get' ), array_keys( self::TABLE ) ) );
	}

	/**
	 * What is wrong with the owner's values, translated, one sentence each.
	 *
	 * @return list<string>
	 */
	public function problems(): array {
		return array_values( array_filter( array_map( static fn ( Setting $setting ): string => $setting->problem(), $this->all() ) ) );
	}

	/**
	 * The first name that is defined decides, even when its value is refused.
	 *
	 * @param string               $name Name without the prefix.
	 * @param array<string, mixed> $row  Row of TABLE.
	 */
	private function read( string $name, array $row ): Setting {
		foreach ( array( $name, ...( $row['aliases'] ?? array() ) ) as $suffix ) {
			[ $defined, $given ] = ( $this->lookup )( self::PREFIX . $suffix );
			if ( $defined ) {
				$value = SettingTypes::parse( $given, $row );
				return null === $value
					? new Setting( $name, $row['default'], '', self::PREFIX . $suffix, $given )
					: new Setting( $name, $value, self::PREFIX . $suffix );
			}
		}
		return new Setting( $name, $row['default'] );
	}
}
