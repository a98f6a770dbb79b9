<?php
declare(strict_types=1);

use QahmRealtime\CachePurges;
use QahmRealtime\DatabaseTroubles;
use QahmRealtime\FormSubmissions;
use QahmRealtime\PhpErrors;
use QahmRealtime\Searches;
use QahmRealtime\SiteChanges;
use QahmRealtime\Tracking;

/** Each family of signals: what it records of what WordPress and other plugins say. */
final class ServerSignalsTest extends SignalTestCase {

	/** @param array<string, mixed> $fields */
	private static function signal( string $name, array $fields ): array {
		return array( 'name' => $name ) + $fields;
	}

	public function test_warnings_are_told_at_the_end_each_place_once(): void {
		self::forget( PhpErrors::class, 'warnings' );
		for ( $i = 0; $i < 1000; $i++ ) {
			PhpErrors::warning( "Undefined array key $i", '/wordpress/wp-content/plugins/acme/a.php', 7 );
		}
		PhpErrors::warning( 'Undefined variable $x', '/wordpress/wp-content/plugins/acme/a.php', 8 );
		PhpErrors::warning( array(), null, 'x' );
		$this->assertSame( array(), FakeExtension::$recorded, 'not in the middle of others\' work' );
		do_action( 'shutdown' );
		do_action( 'shutdown' );
		$place = array( 'target' => 'wp-content/plugins/acme/a.php' );
		$this->assertSame(
			array(
				self::signal( 'php-error', array( 'what' => 'warning', 'title' => 'Undefined array key #' ) + $place + array( 'line' => 7 ) ),
				self::signal( 'php-error', array( 'what' => 'warning', 'title' => 'Undefined variable $x' ) + $place + array( 'line' => 8 ) ),
			),
			FakeExtension::signals()
		);
	}

	public function test_ten_warnings_of_a_request_and_a_fatal_error(): void {
		self::forget( PhpErrors::class, 'warnings' );
		for ( $i = 1; $i <= 50; $i++ ) {
			PhpErrors::warning( 'w', '/x/y.php', $i );
		}
		PhpErrors::tell();
		$this->assertCount( 10, FakeExtension::signals() );
		PhpErrors::fatal( array( 'type' => E_ERROR, 'message' => "Uncaught Error: Call to undefined function nope() in /wordpress/wp-content/themes/t/functions.php:3\nStack trace:\n#0 {main}\n  thrown", 'file' => '/wordpress/wp-content/themes/t/functions.php', 'line' => 3 ) );
		$this->assertSame(
			self::signal( 'php-error', array( 'what' => 'fatal', 'title' => 'Uncaught Error: Call to undefined function nope()', 'target' => 'wp-content/themes/t/functions.php', 'line' => 3 ) ),
			FakeExtension::signals()[10]
		);
	}

	public function test_failed_queries(): void {
		$errors = array_fill( 0, 3, array( 'query' => "SELECT * FROM wp_nothing WHERE name = 'Anna'", 'error_str' => "Table 'db.wp_nothing' doesn't exist" ) );
		DatabaseTroubles::record( array( ...$errors, array( 'query' => 5 ), 'odd', array( 'error_str' => '' ) ), array() );
		$this->assertSame(
			array( self::signal( 'database-error', array( 'title' => "Table 'wp_nothing' doesn't exist", 'target' => 'SELECT * FROM wp_nothing WHERE name = ?' ) ) ),
			FakeExtension::signals()
		);
	}

	public function test_slow_queries_the_slowest_of_each_shape(): void {
		$queries = array( array( 'SELECT 1', 0.1999, '' ), array( 'SELECT a WHERE b = 1', 0.2, '' ), array( 'SELECT a WHERE b = 2', 1.5, '' ), array( 'SELECT c', 0.3 ), 'odd', array( null, 9.0 ), array( 'SELECT d', '9' ) );
		DatabaseTroubles::record( array(), $queries );
		$this->assertSame(
			array(
				self::signal( 'slow-query', array( 'title' => 'SELECT a WHERE b = ?', 'generation_us' => 1_500_000 ) ),
				self::signal( 'slow-query', array( 'title' => 'SELECT c', 'generation_us' => 300_000 ) ),
			),
			FakeExtension::signals()
		);
	}

	public function test_what_is_slow_is_filtered(): void {
		$filter = static fn (): string => '1000';
		add_filter( 'qahm_realtime_slow_query_ms', $filter );
		DatabaseTroubles::record( array(), array( array( 'SELECT a', 0.9 ), array( 'SELECT b', 1.0 ) ) );
		remove_filter( 'qahm_realtime_slow_query_ms', $filter );
		$this->assertSame( array( 'SELECT b' ), array_column( FakeExtension::signals(), 'title' ) );
	}

	public function test_searches(): void {
		$GLOBALS['wp_query'] = new WP_Query( "  red \t shoes ", 12 );
		Searches::record();
		$GLOBALS['wp_query'] = new WP_Query( 'nothing' );
		Searches::record();
		$counted             = new WP_Query( 'not counted' );
		$counted->post_count = 3;
		$GLOBALS['wp_query'] = $counted;
		Searches::record();
		$this->assertSame(
			array(
				self::signal( 'search', array( 'title' => 'red shoes', 'results' => 12 ) ),
				self::signal( 'search', array( 'title' => 'nothing', 'results' => 0 ) ),
				self::signal( 'search', array( 'title' => 'not counted', 'results' => 3 ) ),
			),
			FakeExtension::signals()
		);
	}

	public function test_what_is_no_search(): void {
		foreach ( array( '', ' ', array( 'x' ), null ) as $term ) {
			$GLOBALS['wp_query'] = new WP_Query( $term );
			Searches::record();
		}
		$GLOBALS['wp_query']        = new WP_Query( 'page 2' );
		$GLOBALS['wp_query']->paged = true;
		Searches::record();
		$GLOBALS['wp_query']       = new WP_Query( 'feed' );
		$GLOBALS['wp_query']->feed = true;
		Searches::record();
		$GLOBALS['wp_query'] = 'odd';
		Searches::record();
		$this->assertSame( array(), FakeExtension::$recorded );
	}

	/**
	 * @runInSeparateProcess
	 * @preserveGlobalState disabled
	 */
	public function test_no_search_in_gdpr_mode(): void {
		define( 'QAHM_REALTIME_GDPR_MODE', true );
		$GLOBALS['wp_query'] = new WP_Query( 'private' );
		Searches::record();
		$this->assertSame( array(), FakeExtension::$recorded );
	}

	public function test_track(): void {
		Tracking::record( ' order ', array( 'total' => 30, 'url' => 'https://é/' ) );
		Tracking::record( 'order', array( 'long' => str_repeat( 'x', 600 ) ) );
		Tracking::record( str_repeat( 'é', 40 ), 'odd' );
		Tracking::record( array() );
		Tracking::record( ' ' );
		$this->assertSame(
			array(
				self::signal( 'track', array( 'target' => 'order', 'properties' => '{"total":30,"url":"https://é/"}' ) ),
				self::signal( 'track', array( 'target' => 'order', 'properties' => '' ) ),
				self::signal( 'track', array( 'target' => str_repeat( 'é', 32 ), 'properties' => '' ) ),
			),
			FakeExtension::signals()
		);
	}

	/** @return iterable<string, array{string, list<mixed>, string}> */
	public function forms(): iterable {
		$cf7       = new class() {
			public function title(): string {
				return ' <b>Contact</b>';
			}
		};
		$elementor = new class() {
			public function get_form_settings( string $name ): string {
				return 'form_name' === $name ? 'Newsletter' : 'secret';
			}
		};
		yield 'Contact Form 7' => array( 'wpcf7_mail_sent', array( $cf7 ), 'Contact' );
		yield 'WPForms' => array( 'wpforms_process_complete', array( array( 'secret' ), array( 'secret' ), array( 'settings' => array( 'form_title' => 'Quote' ) ) ), 'Quote' );
		yield 'Gravity Forms' => array( 'gform_after_submission', array( array( '1' => 'secret' ), array( 'title' => 'Booking' ) ), 'Booking' );
		yield 'Ninja Forms' => array( 'ninja_forms_after_submission', array( array( 'fields' => array( 'secret' ), 'settings' => array( 'title' => 'Survey' ) ) ), 'Survey' );
		yield 'Elementor' => array( 'elementor_pro/forms/new_record', array( $elementor ), 'Newsletter' );
		yield 'Fluent Forms' => array( 'fluentform/submission_inserted', array( 1, array( 'secret' ), (object) array( 'title' => 'Fluent' ) ), 'Fluent' );
		yield 'Fluent Forms, array' => array( 'fluentform_submission_inserted', array( 1, array( 'secret' ), array( 'title' => 'Fluent' ) ), 'Fluent' );
	}

	/** @dataProvider forms */
	public function test_forms( string $hook, array $arguments, string $name ): void {
		FormSubmissions::record( $hook, $arguments );
		FormSubmissions::record( $hook, $arguments );
		$this->assertSame( array( self::signal( 'form-submit', array( 'target' => $name ) ) ), FakeExtension::signals() );
	}

	public function test_form_plugins_of_another_version(): void {
		foreach ( array_keys( FormSubmissions::HOOKS ) as $hook ) {
			foreach ( array( array(), array( null, null, null ), array( array(), array(), array() ), array( 'x', 'y', 'z' ), array( new stdClass(), new stdClass(), new stdClass() ) ) as $arguments ) {
				@FormSubmissions::record( $hook, $arguments ); // A property that is not there is a warning of PHP.
			}
		}
		$this->assertSame( array(), FakeExtension::$recorded );
	}

	public function test_purges_of_caches_that_are_there(): void {
		define( 'LSCWP_V', '6' );
		foreach ( array_keys( CachePurges::HOOKS ) as $hook ) {
			CachePurges::record( $hook );
		}
		$this->assertSame( array( self::signal( 'change', array( 'what' => 'cache-purged', 'title' => 'LiteSpeed Cache' ) ) ), FakeExtension::signals() );
	}

	public function test_plugins_and_themes(): void {
		SiteChanges::activated( 'acme/acme.php' );
		SiteChanges::deactivated( 'hello.php' );
		SiteChanges::about_to_delete( 'gone/gone.php' );
		SiteChanges::deleted( 'gone/gone.php', false );
		SiteChanges::deleted( 'gone/gone.php', true );
		SiteChanges::theme_switched( 'Twenty' );
		SiteChanges::core_updated( '6.9' );
		SiteChanges::upgraded( null, array( 'type' => 'plugin', 'action' => 'update', 'plugins' => array( 'a/a.php', 5, 'b/b.php' ) ) );
		SiteChanges::upgraded( null, array( 'type' => 'plugin', 'action' => 'update', 'plugin' => 'c/c.php' ) );
		SiteChanges::upgraded( null, array( 'type' => 'theme', 'action' => 'update', 'themes' => array( 'twenty', 'nameless' ) ) );
		SiteChanges::upgraded( null, array( 'type' => 'plugin', 'action' => 'install' ) );
		SiteChanges::upgraded( (object) array( 'result' => new WP_Error() ), array( 'type' => 'plugin', 'action' => 'update', 'plugins' => array( 'failed/f.php' ) ) );
		$said = array_map( static fn ( array $one ): string => "$one[what] $one[title]", FakeExtension::signals() );
		$this->assertSame(
			array( 'plugin-activated acme', 'plugin-deactivated hello.php', 'plugin-deleted gone', 'theme-switched Twenty', 'core-updated WordPress 6.9', 'plugin-updated a', 'plugin-updated b', 'plugin-updated c', 'theme-updated Twenty', 'theme-updated nameless' ),
			$said
		);
	}

	public function test_posts_that_visitors_can_see(): void {
		$post = new WP_Post( 'post', 'Hello <em>world</em>' );
		SiteChanges::post_changed( 'publish', 'draft', $post );
		SiteChanges::post_changed( 'publish', 'publish', $post );
		SiteChanges::post_changed( 'publish', 'publish', $post );
		SiteChanges::post_changed( 'trash', 'publish', $post );
		SiteChanges::post_changed( 'draft', 'auto-draft', $post );
		SiteChanges::post_changed( 'publish', 'draft', new WP_Post( 'revision', 'no' ) );
		SiteChanges::post_changed( 'publish', 'draft', 'odd' );
		$said = array_map( static fn ( array $one ): string => "$one[what] $one[title]", FakeExtension::signals() );
		$this->assertSame( array( 'published Hello world', 'updated Hello world', 'unpublished Hello world' ), $said );
	}

	/** The handler of warnings stands before others and passes everything on. */
	public function test_the_chain_of_error_handlers(): void {
		$script = '
			define( "ABSPATH", getcwd() . "/" );
			require "unit/wordpress.php"; require "unit/extension.php"; require "../../wp-plugin/src/autoload.php";
			FakeExtension::reset();
			FakeWordPress::$options = array( "home" => "https://example.com" );
			$asked = array();
			function qahm_realtime_error_levels() { return (int) $GLOBALS["argv"][1]; }
			if ( $argv[1] ) { set_error_handler( function ( ...$e ) use ( &$asked ) { $asked[] = array( $e[0], $e[1], count( $e ) ); return true; }, (int) $argv[1] ); }
			require "../../wp-plugin/src/hooks.php";
			ini_set( "display_errors", "1" ); ini_set( "html_errors", "0" ); ini_set( "log_errors", "0" );
			ob_start();
			trigger_error( "warned", E_USER_WARNING ); trigger_error( "noted", E_USER_NOTICE ); @trigger_error( "silenced", E_USER_WARNING );
			echo $nowhere;
			$shown = ob_get_clean();
			do_action( "shutdown" );
			echo json_encode( array( array_column( FakeExtension::signals(), "title" ), $asked, preg_match_all( "/(warned|noted|nowhere)/", $shown, $m ) ) );';
		$ask    = static function ( int $before ) use ( $script ): array {
			exec( 'cd ' . escapeshellarg( dirname( __DIR__ ) ) . ' && ' . escapeshellarg( PHP_BINARY ) . ' -d error_reporting=-1 -r ' . escapeshellarg( $script ) . " $before 2>&1", $lines );
			return (array) json_decode( implode( "\n", $lines ), true ) ?: $lines;
		};
		$this->assertSame( array( array( 'warned', 'Undefined variable $nowhere' ), array(), 3 ), $ask( 0 ), 'PHP does what it always does' );
		$asked = array( array( E_USER_WARNING, 'warned', 4 ), array( E_USER_NOTICE, 'noted', 4 ), array( E_USER_WARNING, 'silenced', 4 ), array( E_WARNING, 'Undefined variable $nowhere', 4 ) );
		$this->assertSame( array( array( 'warned', 'Undefined variable $nowhere' ), $asked, 0 ), $ask( E_ALL ), 'the handler before is asked for everything' );
		$asked = array( array( E_WARNING, 'Undefined variable $nowhere', 4 ) );
		$this->assertSame( array( array( 'warned', 'Undefined variable $nowhere' ), $asked, 2 ), $ask( E_WARNING ), 'or for what it was set for only; PHP shows the others' );
		$asked = array( array( E_USER_NOTICE, 'noted', 4 ) );
		$this->assertSame( array( array( 'warned', 'Undefined variable $nowhere' ), $asked, 2 ), $ask( E_USER_NOTICE ), 'which may be nothing of ours' );
	}
}
