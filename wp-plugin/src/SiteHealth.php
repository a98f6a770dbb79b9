<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Tests of Tools > Site Health: extension and engine, settings, endpoints. That of the live channel is LiveHealth's.
 */
final class SiteHealth {

	/**
	 * Adds the tests.
	 *
	 * @param mixed $tests Tests so far: an array, unless another plugin left something else.
	 * @return mixed
	 */
	public static function tests( mixed $tests = array() ): mixed {
		if ( ! is_array( $tests ) ) {
			return $tests;
		}
		$tests['direct']['qahm_realtime_engine']   = array(
			'label' => __( 'Live analytics: extension and engine', 'qahm-realtime' ),
			'test'  => array( self::class, 'engine' ),
		);
		$tests['direct']['qahm_realtime_settings'] = array(
			'label' => __( 'Live analytics: settings', 'qahm-realtime' ),
			'test'  => array( self::class, 'settings' ),
		);
		if ( Extension::loaded() ) {
			$tests['async']['qahm_realtime_endpoints'] = array(
				'label'             => __( 'Live analytics: endpoints', 'qahm-realtime' ),
				'test'              => rest_url( Rest::SPACE . '/health/endpoints' ),
				'has_rest'          => true,
				'async_direct_test' => array( self::class, 'endpoints' ),
			);
			$tests['async']['qahm_realtime_live']      = array(
				'label'             => __( 'Live analytics: live channel', 'qahm-realtime' ),
				'test'              => rest_url( Rest::SPACE . '/health/live' ),
				'has_rest'          => true,
				'async_direct_test' => array( LiveHealth::class, 'test' ),
			);
		}
		return $tests;
	}

	/**
	 * Is the extension there, does its engine run, does it know this site?
	 *
	 * @return array<string, mixed>
	 */
	public static function engine(): array {
		if ( ! Extension::loaded() ) {
			return self::result( 'engine', 'recommended', __( 'The PHP extension of live analytics is not installed', 'qahm-realtime' ), array( InstallAdvice::sentence() ), InstallAdvice::html() );
		}
		$sent    = Configuration::send( true );
		$status  = Extension::status();
		$details = self::details( $status );
		if ( 'running' !== $status['state'] ) {
			return self::result( 'engine', 'critical', __( 'The engine of live analytics is not running', 'qahm-realtime' ), array( __( 'Pages are served as usual, but visitors are not counted.', 'qahm-realtime' ), ...$details ) );
		}
		if ( str_starts_with( $sent, 'refused' ) ) {
			return self::result( 'engine', 'critical', __( 'The engine of live analytics refuses this site\'s configuration', 'qahm-realtime' ), array( $sent, ...$details ) );
		}
		if ( array() !== preg_grep( '/^events are not stored/i', $details ) ) {
			return self::result( 'engine', 'critical', __( 'The engine of live analytics cannot store what it counts', 'qahm-realtime' ), $details );
		}
		if ( array() !== $details ) {
			return self::result( 'engine', 'recommended', __( 'Live analytics runs, with something to improve', 'qahm-realtime' ), $details );
		}
		return self::result( 'engine', 'good', __( 'Live analytics runs', 'qahm-realtime' ), array( __( 'The extension is loaded and its engine answers.', 'qahm-realtime' ) ) );
	}

	/**
	 * Are all constants valid?
	 *
	 * @return array<string, mixed>
	 */
	public static function settings(): array {
		$problems = array( ...Settings::current()->problems(), ...Goals::problems(), ...self::missing_files(), ...Configuration::problems() );
		return array() === $problems
			? self::result( 'settings', 'good', __( 'The settings of live analytics are valid', 'qahm-realtime' ), array( __( 'Every QAHM_REALTIME_ constant that is defined has a valid value.', 'qahm-realtime' ) ) )
			: self::result( 'settings', 'recommended', __( 'A setting of live analytics is not valid', 'qahm-realtime' ), $problems );
	}

	/**
	 * Is the database of countries where the owner says it is? The engine reads it, as the user that PHP runs as.
	 *
	 * @return list<string>
	 */
	private static function missing_files(): array {
		$file = (string) Settings::value( 'GEOIP_DB' );
		if ( '' === $file || @is_readable( $file ) ) { // phpcs:ignore WordPress.PHP.NoSilencedErrors.Discouraged -- open_basedir may forbid PHP to look.
			return array();
		}
		/* translators: 1: name of a constant, 2: path of a file. */
		return array( sprintf( __( '%1$s names the file %2$s, which is not there or cannot be read by PHP. Without it the country of visitors is unknown.', 'qahm-realtime' ), Settings::PREFIX . 'GEOIP_DB', $file ) );
	}

	/**
	 * Do collect.php and live.php answer?
	 *
	 * @return array<string, mixed>
	 */
	public static function endpoints(): array {
		$lines = array();
		$good  = true;
		foreach ( Endpoints::test() as $name => $found ) {
			if ( 'direct' === $found ) {
				/* translators: %s: a file name. */
				$lines[] = sprintf( __( '%s answers.', 'qahm-realtime' ), $name . '.php' );
			} elseif ( 'rest' === $found ) {
				$good = false;
				/* translators: %s: a file name. */
				$lines[] = sprintf( __( '%s does not answer: the web server or a security plugin blocks PHP files of plugins. The slower REST API is used instead; allow this file to spare your server work.', 'qahm-realtime' ), $name . '.php' );
			} else {
				$good = false;
				/* translators: 1: a file name, 2: an error message. */
				$lines[] = sprintf( __( '%1$s could not be tested, because the site cannot reach itself: %2$s', 'qahm-realtime' ), $name . '.php', $found );
			}
		}
		return $good
			? self::result( 'endpoints', 'good', __( 'The endpoints of live analytics answer', 'qahm-realtime' ), $lines )
			: self::result( 'endpoints', 'recommended', __( 'The endpoints of live analytics need attention', 'qahm-realtime' ), $lines );
	}

	/**
	 * What the extension and the engine have to say; their notes repeat their messages. English: they name files and
	 * commands. What another note says too is left out.
	 *
	 * @param array<string, mixed> $status Status of the extension.
	 * @return list<string>
	 */
	private static function details( array $status ): array {
		$notes    = array_unique( array_filter( (array) ( $status['notes'] ?? array() ), static fn ( mixed $text ): bool => is_string( $text ) && '' !== $text ) );
		$repeated = static fn ( string $text ): bool => array() !== array_filter( $notes, static fn ( string $other ): bool => $other !== $text && str_contains( $other, rtrim( $text, '.' ) ) );
		return array_values( array_filter( $notes, static fn ( string $text ): bool => ! $repeated( $text ) ) );
	}

	/**
	 * A result in WordPress's form.
	 *
	 * @param string       $test   Name of the test.
	 * @param string       $status good, recommended or critical.
	 * @param string       $label  Heading.
	 * @param list<string> $lines  Paragraphs, plain text.
	 * @param string       $html   More, as safe HTML.
	 * @return array<string, mixed>
	 */
	public static function result( string $test, string $status, string $label, array $lines, string $html = '' ): array {
		return array(
			'test'        => 'qahm_realtime_' . $test,
			'status'      => $status,
			'label'       => $label,
			'badge'       => array(
				'label' => __( 'Live analytics', 'qahm-realtime' ),
				'color' => 'blue',
			),
			'description' => '<p>' . implode( '</p><p>', array_map( 'esc_html', $lines ) ) . '</p>' . $html,
			'actions'     => '',
		);
	}
}
