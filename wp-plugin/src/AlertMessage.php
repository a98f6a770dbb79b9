<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Throwable;

/**
 * The sentence that handlers get as $data['message'], in the site's language. The engine's own is English.
 */
final class AlertMessage {

	/**
	 * Composes it.
	 *
	 * @param string               $type       Type of the alert.
	 * @param string               $transition raised, level or resolved.
	 * @param array<string, mixed> $data       Data of the alert.
	 * @return string The engine's own for a type that is not known here, and when composing fails.
	 */
	public static function of( string $type, string $transition, array $data ): string {
		$engines = is_string( $data['message'] ?? null ) ? $data['message'] : '';
		try {
			return self::in_site_language( static fn (): ?string => self::compose( $type, $transition, $data ) ) ?? $engines;
		} catch ( Throwable ) {
			return $engines; // A filter of others broke.
		}
	}

	/**
	 * Does something in the site's language: handlers may run in an administrator's request, who reads another one.
	 *
	 * @param callable(): ?string $work What.
	 */
	private static function in_site_language( callable $work ): ?string {
		$site     = get_locale();
		$force    = static fn (): string => $site;
		$switched = switch_to_locale( $site ); // For numbers. Plugins' texts follow the user nevertheless, up to WordPress 6.1.
		try {
			add_filter( 'pre_determine_locale', $force, PHP_INT_MAX );
			unload_textdomain( 'qahm-realtime', true );
			Lifecycle::load_language();
			return $work();
		} finally {
			remove_filter( 'pre_determine_locale', $force, PHP_INT_MAX );
			if ( $switched ) {
				restore_previous_locale();
			}
			unload_textdomain( 'qahm-realtime', true );
			Lifecycle::load_language();
		}
	}

	/**
	 * The sentence in the language in force, null for a type that is not known.
	 *
	 * @param string               $type       Type of the alert.
	 * @param string               $transition raised, level or resolved.
	 * @param array<string, mixed> $data       Data of the alert.
	 */
	private static function compose( string $type, string $transition, array $data ): ?string {
		if ( ! is_numeric( $data['value'] ?? null ) ) {
			return null;
		}
		$value = (int) $data['value'];
		/* translators: 1: name of the site, 2: a number, 3: the threshold. */
		$raised = _n( '%1$s: %2$s visitor is active now (threshold: %3$s).', '%1$s: %2$s visitors are active now (threshold: %3$s).', $value, 'qahm-realtime' );
		/* translators: 1: name of the site, 2: a number, 3: the threshold. */
		$level = _n( '%1$s: traffic has risen further, %2$s visitor is active now (threshold: %3$s).', '%1$s: traffic has risen further, %2$s visitors are active now (threshold: %3$s).', $value, 'qahm-realtime' );
		/* translators: 1: name of the site, 2: a number. */
		$resolved = _n( '%1$s: the peak is over, %2$s visitor is active now.', '%1$s: the peak is over, %2$s visitors are active now.', $value, 'qahm-realtime' );
		/* translators: 1: name of the site, 2: a number. */
		$test = _n( '%1$s: this is a test. %2$s visitor is active now.', '%1$s: this is a test. %2$s visitors are active now.', $value, 'qahm-realtime' );

		$sentence = match ( "$type $transition" ) {
			'high_traffic raised'   => $raised,
			'high_traffic level'    => $level,
			'high_traffic resolved' => $resolved,
			'test raised'           => $test,
			default                 => null,
		};
		if ( null === $sentence ) {
			return null;
		}
		$threshold = is_numeric( $data['threshold'] ?? null ) ? number_format_i18n( (float) $data['threshold'] ) : '–';
		return sprintf( $sentence, self::name(), number_format_i18n( $value ), $threshold );
	}

	/**
	 * What the site is called, as plain text.
	 */
	private static function name(): string {
		return wp_specialchars_decode( (string) get_option( 'blogname' ), ENT_QUOTES );
	}
}
