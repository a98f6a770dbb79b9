<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The section of Tools > Site Health > Info: settings in force and where they come from, state of extension and engine.
 */
final class DebugInformation {

	/**
	 * Adds the section.
	 *
	 * @param mixed $sections Sections so far: an array, unless another plugin left something else.
	 * @return mixed
	 */
	public static function add( mixed $sections = array() ): mixed {
		if ( ! is_array( $sections ) ) {
			return $sections;
		}
		$modes  = Endpoints::modes();
		$fields = array(
			'site'      => self::field( __( 'Site id', 'qahm-realtime' ), Site::id() ),
			'hosts'     => self::field( __( 'Hosts', 'qahm-realtime' ), implode( ', ', Site::hosts() ) ),
			'endpoints' => self::field( __( 'Endpoints', 'qahm-realtime' ), sprintf( 'collect: %s, live: %s', $modes['collect'], $modes['live'] ) ),
			'extension' => self::field( __( 'PHP extension', 'qahm-realtime' ), Extension::loaded() ? __( 'loaded', 'qahm-realtime' ) : __( 'not installed', 'qahm-realtime' ) ),
		);
		$fields['live'] = self::field( __( 'Live channel', 'qahm-realtime' ), self::live() );
		$status         = Extension::status();
		foreach ( OwnCost::described( $status ) as $label => $text ) {
			$fields[ 'cost_' . count( $fields ) ] = self::field( $label, $text );
		}
		foreach ( $status as $name => $value ) {
			// With spaces: the table could not break the line.
			$text                       = is_array( $value ) ? str_replace( array( ',"', '":' ), array( ', "', '": ' ), (string) wp_json_encode( $value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) ) : (string) $value;
			$fields[ 'status_' . $name ] = self::field( $name, $text );
		}
		foreach ( Settings::current()->all() as $setting ) {
			$source                         = $setting->chosen() ? $setting->source : __( 'default', 'qahm-realtime' );
			$fields[ 'set_' . $setting->key() ] = self::field(
				Settings::PREFIX . $setting->name,
				/* translators: 1: a value, 2: where it comes from. */
				sprintf( __( '%1$s (%2$s)', 'qahm-realtime' ), $setting->text(), '' === $setting->refused ? $source : $setting->problem() )
			);
		}
		$sections['qahm-realtime'] = array(
			'label'  => __( 'Live analytics', 'qahm-realtime' ),
			'fields' => $fields,
		);
		return $sections;
	}

	/**
	 * What is known of the live channel. English, for bug reports.
	 */
	private static function live(): string {
		$prefix = LivePath::prefix();
		if ( null === $prefix ) {
			return 'off';
		}
		$path  = LivePath::state();
		$found = 0 === $path['at'] ? 'not tested' : ( $path['works'] ? $path['latency'] . ' ms' : trim( $path['reason'] . ' ' . $path['detail'] ) );
		$texts = array( "$prefix: $found" );
		foreach ( Rungs::all() as $rung => $report ) {
			$texts[] = sprintf( '%s: %s, %s ms', $rung, gmdate( 'Y-m-d H:i', $report['time'] ), $report['latency'] ?? '?' );
			foreach ( $report['reasons'] as $name => $reason ) {
				$texts[] = "not $name: $reason";
			}
		}
		return implode( '; ', $texts );
	}

	/**
	 * One line.
	 *
	 * @param string $label Label.
	 * @param string $value Value.
	 * @return array{label: string, value: string}
	 */
	private static function field( string $label, string $value ): array {
		return array(
			'label' => $label,
			'value' => $value,
		);
	}
}
