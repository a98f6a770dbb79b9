<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;

/** A test that drives a real WordPress over HTTP. What it needs inside WordPress goes into one must-use plugin, removed afterwards. */
abstract class SiteTestCase extends TestCase {

	protected static string $url;
	protected static string $wp;

	public static function setUpBeforeClass(): void {
		self::$url = rtrim( (string) getenv( 'QAHM_TEST_URL' ), '/' );
		self::$wp  = rtrim( (string) getenv( 'QAHM_TEST_WP_DIR' ), '/' );
		if ( '' === self::$url || '' === self::$wp ) {
			self::markTestSkipped( 'No site: set QAHM_TEST_URL and QAHM_TEST_WP_DIR' );
		}
	}

	public static function tearDownAfterClass(): void {
		foreach ( array( self::plugin_file(), self::log_file(), self::plugin_file( '-ask' ) ) as $file ) {
			if ( is_file( $file ) ) {
				unlink( $file );
			}
		}
	}

	protected static function browser(): Browser {
		return new Browser( self::$url );
	}

	protected static function administrator(): Browser {
		$browser = self::browser();
		$browser->login( (string) ( getenv( 'QAHM_TEST_USER' ) ?: 'admin' ), (string) ( getenv( 'QAHM_TEST_PASSWORD' ) ?: 'admin' ) );
		return $browser;
	}

	/** Has WordPress run this code before plugins. It may call qahm_test_log(). */
	protected static function inside( string $code ): void {
		file_put_contents( self::log_file(), '' );
		chmod( self::log_file(), 0666 );
		$head = '<?php function qahm_test_log( ...$values ) { file_put_contents( ' . var_export( self::log_file(), true ) . ', json_encode( $values ) . "\n", FILE_APPEND ); }';
		self::install( self::plugin_file(), "$head\n$code" );
	}

	/**
	 * Runs this code inside WordPress, once all plugins are loaded, and gives back what it returns.
	 *
	 * @param array<string, string> $headers Of the request.
	 */
	protected static function ask( string $code, array $headers = array() ): mixed {
		$key = self::view();
		self::install(
			self::plugin_file( '-ask' ),
			"<?php if ( '$key' === ( \$_SERVER['HTTP_X_TEST_ASK'] ?? '' ) ) { add_action( 'wp_loaded', function () { wp_send_json( array( ( function () { $code } )() ) ); } ); }"
		);
		// No page, so that no address is corrected and no visitor's request is recorded.
		$answer = self::browser()->get( '/?rest_route=/', array( 'X-Test-Ask' => $key ) + $headers );
		$json   = $answer->json();
		self::assertTrue( is_array( $json ) && array( 0 ) === array_keys( $json ), "$answer->status: " . substr( $answer->body, 0, 500 ) );
		return $json[0];
	}

	/** Puts a must-use plugin in its place, whole or not at all: a request may come at any time. */
	private static function install( string $file, string $code ): void {
		if ( ! is_dir( dirname( $file ) ) ) {
			mkdir( dirname( $file ), 0755 );
			chmod( dirname( $file ), 0755 );
		}
		file_put_contents( "$file.new", $code );
		chmod( "$file.new", 0644 );
		rename( "$file.new", $file );
	}

	/**
	 * Queries of a page with the plugin, and without it: the fewest of several times, since the first ones fill WordPress's own transients.
	 *
	 * @param string $off Code that switches the plugin off, before plugins are loaded.
	 * @return array{int, int}
	 */
	protected static function queries( Browser $browser, string $path, string $off, string $more = '' ): array {
		// Requests of before may still be working: they are answered first.
		$key = self::view();
		self::inside(
			"$more if ( 'without $key' === ( \$_SERVER['HTTP_X_TEST'] ?? '' ) ) { $off }
			if ( str_ends_with( \$_SERVER['HTTP_X_TEST'] ?? '', '$key' ) ) {" .
				'add_action( "shutdown", function () {
					// Behind all that the plugin does at the end.
					register_shutdown_function( fn () => register_shutdown_function( fn () => qahm_test_log( str_starts_with( $_SERVER["HTTP_X_TEST"], "without" ), get_num_queries(), defined( "QahmRealtime\\VERSION" ) ) ) );
				}, PHP_INT_MAX );
			}'
		);
		for ( $i = 0; $i < 4; $i++ ) {
			self::assertSame( 200, $browser->get( $path, array( 'X-Test' => "with $key" ) )->status );
			$browser->get( $path, array( 'X-Test' => "without $key" ) );
		}
		$logged = self::until( static fn () => count( self::logged() ) >= 8 ? self::logged() : null, 10, 'eight requests are logged' );
		foreach ( $logged as [ $without, , $ours ] ) {
			self::assertSame( ! $without, $ours, 'the plugin was at work' );
		}
		$fewest = static fn ( bool $without ): int => min( array_column( array_filter( $logged, static fn ( array $line ): bool => $without === $line[0] ), 1 ) );
		return array( $fewest( false ), $fewest( true ) );
	}

	/** @return list<list<mixed>> What qahm_test_log() was given. */
	protected static function logged(): array {
		return array_map( static fn ( string $line ): array => json_decode( $line, true ), file( self::log_file(), FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES ) );
	}

	/** Waits until the condition gives something true, and returns that. */
	protected static function until( callable $condition, int $seconds, string $what ): mixed {
		$end = microtime( true ) + $seconds;
		do {
			$value = $condition();
			if ( $value ) {
				return $value;
			}
			usleep( 100_000 );
		} while ( microtime( true ) < $end );
		self::fail( "Not within $seconds s: $what" );
	}

	/** @return array{string, string, int} Site id, collector, consent mode, as the page has them. */
	protected static function tracker_config( ?string $html = null ): array {
		$html ??= self::browser()->get( '/' )->body;
		self::assertSame( 1, preg_match( '~<script data-no-optimize[^>]*>\s*(.+?)\s*</script>~s', $html, $script ), 'the tracker is in the page' );
		self::assertSame( 1, preg_match( '~=(\["[0-9a-f]{16}","[^"]+",\d),~', $script[1], $config ) );
		return json_decode( $config[1] . ']', true );
	}

	/** @param list<list<mixed>> $events */
	protected static function beacon( string $site, string $view, int $sequence, array $events, string $url = '/' ): string {
		return (string) json_encode( array( 'v' => 1, 's' => $site, 'i' => $view, 'n' => $sequence, 'u' => $url, 'e' => $events ), JSON_UNESCAPED_SLASHES );
	}

	/** Makes sure that the engine knows the site: until then every beacon is refused. Pages tell it, beacons do not. */
	protected static function known_site(): string {
		[ $site, $collector ] = self::tracker_config();
		self::until(
			static function () use ( $site, $collector ): bool {
				$beacon = self::beacon( $site, self::view(), 0, array( array( 'h' ) ) );
				return 204 === self::browser()->post( $collector, $beacon, array( 'Content-Type' => 'text/plain' ) )->status || 0 === self::browser()->get( '/' )->status;
			},
			20,
			'the engine accepts beacons of the site'
		);
		return $site;
	}

	protected static function view(): string {
		return bin2hex( random_bytes( 8 ) );
	}

	/** @return array<string, mixed> What PHP hands to the dashboard's script. */
	protected static function widget_config( Browser $browser ): array {
		self::assertSame( 1, preg_match( '~id="qahm_realtime" data-config="([^"]+)"~', $browser->get( '/wp-admin/' )->body, $match ), 'the widget is on the dashboard' );
		return json_decode( html_entity_decode( $match[1], ENT_QUOTES ), true );
	}

	/** assertStringContainsString() would print the whole page. */
	protected static function assertPageHas( string $text, string $html, string $message = '' ): void {
		self::assertTrue( str_contains( $html, $text ), "$message: \"$text\" is not in the page" );
	}

	protected static function assertPageLacks( string $text, string $html, string $message = '' ): void {
		self::assertFalse( str_contains( $html, $text ), "$message: \"$text\" is in the page" );
	}

	private static function plugin_file( string $which = '' ): string {
		return self::$wp . "/wp-content/mu-plugins/qahm-realtime-test$which.php";
	}

	private static function log_file(): string {
		return self::$wp . '/wp-content/qahm-realtime-test.log';
	}
}
