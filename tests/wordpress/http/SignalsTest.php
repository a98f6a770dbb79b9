<?php
declare(strict_types=1);

/** What happens on a real WordPress is recorded: the extension is told, and takes it. */
final class SignalsTest extends SiteTestCase {

	/** Notes what the plugin gives to the extension, and whether that takes it; and does as the header asks. */
	private const SPY = <<<'PHP'
		eval( 'namespace QahmRealtime; function qahm_realtime_record( string $site, string $kind, array $fields ): bool { $taken = \qahm_realtime_record( $site, $kind, $fields ); \qahm_test_log( $kind, $fields, $taken ); return $taken; }' );
		if ( isset( $_SERVER['HTTP_X_TEST_SIGNAL'] ) ) {
			ini_set( 'log_errors', '0' );
			ini_set( 'display_errors', '0' );
			add_action( 'init', function () {
				switch ( $_SERVER['HTTP_X_TEST_SIGNAL'] ) {
					case 'warning':
						return trigger_error( 'Undefined array key "anna@example.com"', E_USER_WARNING );
					case 'silenced':
						return @trigger_error( 'silenced', E_USER_WARNING );
					case 'fatal':
						return qahm_test_nothing( 'anna@example.com' );
					case 'database':
						$GLOBALS['wpdb']->suppress_errors();
						return $GLOBALS['wpdb']->query( "SELECT * FROM qahm_nothing WHERE email = 'anna@example.com'" );
					case 'track':
						return do_action( 'qahm_realtime_track', 'order', array( 'total' => 3 ) );
					case 'slow':
						return $GLOBALS['wpdb']->query( 'SELECT SLEEP(0.25)' );
				}
			} );
			if ( 'slow' === $_SERVER['HTTP_X_TEST_SIGNAL'] ) {
				define( 'SAVEQUERIES', true );
			}
		}
	PHP;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::known_site();
	}

	protected function setUp(): void {
		self::inside( self::SPY );
	}

	/** @return list<array<string, mixed>> What the signals of a name say, once there is one. */
	private static function signals( string $name, int $least = 1 ): array {
		return self::until(
			static function () use ( $name, $least ): array {
				$found = array();
				foreach ( self::logged() as [ $kind, $fields, $taken ] ) {
					if ( 'signal' === $kind && $name === $fields['name'] ) {
						self::assertTrue( $taken, 'the extension takes it' );
						$found[] = $fields;
					}
				}
				return count( $found ) >= $least ? $found : array();
			},
			10,
			"a signal $name"
		);
	}

	/** @param list<string> $names */
	private static function only( array $signal, array $names ): array {
		return array_intersect_key( $signal, array_flip( $names ) );
	}

	public function test_a_page_that_is_not_there(): void {
		$this->assertSame( 404, self::browser()->get( '/?p=987654', array( 'Referer' => self::$url . '/?p=1', 'X-Forwarded-For' => '198.51.100.7' ) )->status );
		[ [ $kind, $fields, $taken ] ] = self::until( static fn (): array => self::logged(), 10, 'the request is recorded' );
		$this->assertSame( array( 'request', 404, true ), array( $kind, $fields['status'], $taken ) );
		$this->assertSame( array( '/?p=987654', self::$url . '/?p=1', '198.51.100.7' ), array( $fields['url'], $fields['referrer'], $fields['forwarded_for'] ) );
	}

	public function test_a_warning(): void {
		$this->assertSame( 200, self::browser()->get( '/?from=mail', array( 'X-Test-Signal' => 'warning' ) )->status );
		[ $signal ] = self::signals( 'php-error' );
		$this->assertSame(
			array( 'what' => 'warning', 'title' => 'Undefined array key "…"', 'target' => 'wp-content/mu-plugins/qahm-realtime-test.php' ),
			self::only( $signal, array( 'what', 'title', 'target' ) )
		);
		$this->assertGreaterThan( 0, $signal['line'] );
		$this->assertSame( '/?from=mail', $signal['url'] );
	}

	public function test_a_silenced_warning_is_none(): void {
		self::browser()->get( '/', array( 'X-Test-Signal' => 'silenced' ) );
		self::until( static fn (): array => self::logged(), 10, 'the request is recorded' );
		$this->assertSame( array( 'request' ), array_column( self::logged(), 0 ) );
	}

	public function test_a_fatal_error(): void {
		$this->assertSame( 500, self::browser()->get( '/', array( 'X-Test-Signal' => 'fatal' ) )->status );
		[ $signal ] = self::signals( 'php-error' );
		$this->assertSame( array( 'fatal', 'Uncaught Error: Call to undefined function qahm_test_nothing()' ), array( $signal['what'], $signal['title'] ) );
		$this->assertStringNotContainsString( 'anna', (string) json_encode( $signal ) );
		[ [ , $request ] ] = self::logged();
		$this->assertSame( array( true, 500 ), array( $request['fatal'], $request['status'] ) );
	}

	public function test_a_failed_query(): void {
		self::browser()->get( '/', array( 'X-Test-Signal' => 'database' ) );
		[ $signal ] = self::signals( 'database-error' );
		$this->assertSame(
			array( 'title' => "Table 'qahm_nothing' doesn't exist", 'target' => 'SELECT * FROM qahm_nothing WHERE email = ?' ),
			self::only( $signal, array( 'title', 'target' ) )
		);
	}

	public function test_a_slow_query(): void {
		self::browser()->get( '/', array( 'X-Test-Signal' => 'slow' ) );
		[ $signal ] = self::signals( 'slow-query' );
		$this->assertSame( 'SELECT SLEEP(?)', $signal['title'] );
		$this->assertGreaterThanOrEqual( 250_000, $signal['generation_us'] );
	}

	public function test_searches_with_and_without_result(): void {
		$title = self::ask( 'return get_posts( array( "numberposts" => 1 ) )[0]->post_title;' );
		self::browser()->get( '/?s=' . rawurlencode( $title ) );
		self::browser()->get( '/?s=' . rawurlencode( 'nothing of "that"' ) );
		$found = array_column( self::signals( 'search', 2 ), 'results', 'title' );
		$this->assertGreaterThan( 0, $found[ $title ] );
		$this->assertSame( 0, $found['nothing of "that"'] );
	}

	public function test_no_search_in_gdpr_mode(): void {
		self::inside( 'define( "QAHM_REALTIME_GDPR_MODE", true );' . self::SPY );
		self::browser()->get( '/?s=hello' );
		self::until( static fn (): array => self::logged(), 10, 'the request is recorded' );
		$this->assertSame( array( 'request' ), array_column( self::logged(), 0 ) );
	}

	public function test_a_failed_login_without_the_name(): void {
		self::browser()->login( 'anna', 'secret' );
		[ $signal ] = self::signals( 'login-failed' );
		$this->assertDoesNotMatchRegularExpression( '/anna|secret/', (string) json_encode( $signal ) );
	}

	public function test_a_plugin_is_activated_and_deactivated(): void {
		$file = self::$wp . '/wp-content/plugins/qahm-test-change.php';
		file_put_contents( $file, "<?php\n/* Plugin Name: Test of a change */\n" );
		chmod( $file, 0644 );
		try {
			$admin = self::administrator();
			foreach ( array( 'activate', 'deactivate' ) as $action ) {
				$this->assertSame( 1, preg_match( "~plugins\.php\?action=$action&(?:amp;|#038;)plugin=qahm-test-change[^\"']+~", $admin->get( '/wp-admin/plugins.php' )->body, $link ) );
				$admin->get( '/wp-admin/' . html_entity_decode( $link[0] ) );
			}
			$said = self::signals( 'change', 2 );
			$this->assertSame( array( 'plugin-activated', 'plugin-deactivated' ), array_column( $said, 'what' ) );
			$this->assertSame( array( 'Test of a change' ), array_values( array_unique( array_column( $said, 'title' ) ) ) );
			$this->assertSame( '/wp-admin/plugins.php', $said[0]['url'], 'no nonce' );
		} finally {
			unlink( $file );
		}
	}

	public function test_a_post_is_published_and_taken_back(): void {
		$admin = self::administrator();
		$rest  = array( 'X-WP-Nonce' => self::widget_config( $admin )['nonce'], 'Content-Type' => 'application/json' );
		$post  = $admin->post( '/?rest_route=/wp/v2/posts', '{"title":"Fresh <b>news</b>","status":"publish"}', $rest );
		$this->assertSame( 201, $post->status );
		$admin->send( 'DELETE', '/index.php?rest_route=/wp/v2/posts/' . $post->json()['id'], null, $rest );
		$said = self::signals( 'change', 2 );
		$this->assertSame( array( 'published', 'unpublished' ), array_column( $said, 'what' ) );
		$this->assertSame( 'Fresh news', $said[0]['title'] );
	}

	public function test_an_event_of_the_site_s_own_code(): void {
		self::browser()->get( '/', array( 'X-Test-Signal' => 'track' ) );
		[ $signal ] = self::signals( 'track' );
		$this->assertSame( array( 'target' => 'order', 'properties' => '{"total":3}' ), self::only( $signal, array( 'target', 'properties' ) ) );
	}

	/** What was recorded comes out of the engine: in the stream of events, and among the errors. */
	public function test_the_engine_shows_it(): void {
		$mark    = substr( self::view(), 0, 8 );
		$browser = self::browser();
		$browser->get( "/?s=nothing-$mark" );
		$browser->get( "/missing-$mark", array( 'Referer' => self::$url . '/' ) );
		$browser->login( 'anna', 'secret' );
		foreach ( array( 'track', 'warning', 'database' ) as $what ) {
			$browser->get( '/', array( 'X-Test-Signal' => $what ) );
		}
		$post   = self::ask( 'return wp_insert_post( array( "post_title" => "News", "post_status" => "publish" ) );' );
		$admin  = self::administrator();
		$admin->post( "/index.php?rest_route=/wp/v2/posts/$post", '{"status":"draft"}', array( 'X-WP-Nonce' => self::widget_config( $admin )['nonce'], 'Content-Type' => 'application/json' ) );
		$ask    = static fn ( string $what ): ?array => self::ask( "return json_decode( (string) qahm_realtime_ask( \\QahmRealtime\\Site::id(), '{\"what\":\"$what\",\"limit\":1000}', 2000 ), true );" );
		$events = self::until(
			static function () use ( $ask ): ?array {
				$events = $ask( 'events' )['events']['events'] ?? array();
				return array() === array_diff( array( 'search', '404', 'login', 'custom', 'change' ), array_column( $events, 'kind' ) ) ? $events : null;
			},
			10,
			'events of each kind'
		);
		$this->assertStringContainsString( "nothing-$mark", (string) json_encode( $events ) );
		$this->assertStringNotContainsString( 'anna', (string) json_encode( $events ) );
		$errors = self::until(
			static function () use ( $ask ): ?array {
				$groups = $ask( 'errors' )['errors']['groups'] ?? array();
				return array() === array_diff( array( 'warning', 'database', '404' ), array_column( $groups, 'kind' ) ) ? $groups : null;
			},
			10,
			'errors of each kind'
		);
		$this->assertContains( 'Undefined array key "…"', array_column( $errors, 'message' ) );
	}
}
