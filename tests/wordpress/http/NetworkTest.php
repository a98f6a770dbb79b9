<?php
declare(strict_types=1);

/** The same WordPress as a network of two blogs: for requests with the header X-Test-Network, and only for them. */
final class NetworkTest extends SiteTestCase {

	private const HEADERS = array( 'X-Test-Network' => '1' );

	/** A network's blogs have addresses of their own; the constants would give all of them one. */
	private const ADDRESSES = 'if ( is_multisite() ) { remove_filter( "option_home", "_config_wp_home" ); remove_filter( "option_siteurl", "_config_wp_siteurl" ); }';

	private static string $config;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::$config = (string) file_get_contents( self::$wp . '/wp-config.php' );
		$domain       = substr( self::$url, strlen( 'http://' ) );
		$network      = "if ( isset( \$_SERVER['HTTP_X_TEST_NETWORK'] ) ) {
			define( 'MULTISITE', true );
			define( 'SUBDOMAIN_INSTALL', false );
			define( 'DOMAIN_CURRENT_SITE', '$domain' );
			define( 'PATH_CURRENT_SITE', '/' );
			define( 'SITE_ID_CURRENT_SITE', 1 );
			define( 'BLOG_ID_CURRENT_SITE', 1 );
		}";
		self::ask(
			"global \$wpdb;
			\$permalinks = get_option( 'permalink_structure' );
			require_once ABSPATH . 'wp-admin/includes/upgrade.php';
			foreach ( \$wpdb->tables( 'ms_global' ) as \$table => \$name ) { \$wpdb->\$table = \$name; }
			install_network();
			populate_network( 1, '$domain', 'admin@example.org', 'Network', '/', false );
			// A network would have its first blog's posts below /blog.
			\$GLOBALS['wp_rewrite']->set_permalink_structure( \$permalinks );
			flush_rewrite_rules( false );"
		);
		file_put_contents( self::$wp . '/wp-config.php', preg_replace( '/^<\?php\n/', "<?php\n$network\n", self::$config ) );
		self::inside( self::ADDRESSES );
		self::ask(
			"require_once ABSPATH . 'wp-admin/includes/plugin.php';
			activate_plugin( 'qahm-realtime/qahm-realtime.php', '', true );
			update_option( 'home', '" . self::$url . "' );
			update_option( 'siteurl', '" . self::$url . "' );
			\$url  = '" . self::$url . "/second';
			\$blog = wp_insert_site( array( 'domain' => '$domain', 'path' => '/second/', 'title' => 'Second', 'user_id' => 1, 'network_id' => 1, 'options' => array( 'home' => \$url, 'siteurl' => \$url ) ) );
			// WordPress makes no blog on a port, but serves one.
			\$GLOBALS['wpdb']->update( \$GLOBALS['wpdb']->blogs, array( 'domain' => '$domain' ), array( 'blog_id' => \$blog ) );
			clean_blog_cache( \$blog );",
			self::HEADERS
		);
	}

	public static function tearDownAfterClass(): void {
		file_put_contents( self::$wp . '/wp-config.php', self::$config );
		parent::tearDownAfterClass();
	}

	private static function visitor(): Browser {
		$browser          = self::browser();
		$browser->headers = self::HEADERS;
		return $browser;
	}

	public function test_each_blog_is_a_site(): void {
		$first  = self::tracker_config( self::visitor()->get( '/' )->body )[0];
		$second = self::tracker_config( self::visitor()->get( '/second/' )->body )[0];
		$this->assertNotSame( $first, $second );
		$this->assertSame( self::tracker_config()[0], $first, 'becoming a network does not change who the first one is' );
	}

	public function test_no_query_is_added(): void {
		$off = 'add_filter( "site_option_active_sitewide_plugins", fn () => array() );';
		[ $with, $without ] = self::queries( self::visitor(), '/second/', $off, self::ADDRESSES );
		$this->assertSame( $without, $with );

		$administrator = self::visitor();
		$administrator->login( (string) ( getenv( 'QAHM_TEST_USER' ) ?: 'admin' ), (string) ( getenv( 'QAHM_TEST_PASSWORD' ) ?: 'admin' ) );
		self::assertPageHas( 'id="wpadminbar"', $administrator->get( '/second/' )->body, 'logged in' );
		[ $with, $without ] = self::queries( $administrator, '/second/', $off, self::ADDRESSES );
		$this->assertSame( $without, $with, 'logged in' );
		self::inside( self::ADDRESSES );
	}

	/** @depends test_each_blog_is_a_site */
	public function test_a_new_password_ends_access_to_every_blog(): void {
		self::visitor()->get( '/second/' );
		$origin = self::$url;
		self::ask(
			"\$user = wp_insert_user( array( 'user_login' => 'qahm_test_network', 'user_pass' => 'x', 'user_email' => 'network@example.org' ) );
			foreach ( array( 1, (int) get_sites( array( 'path' => '/second/', 'fields' => 'ids' ) )[0] ) as \$blog ) { add_user_to_blog( \$blog, \$user, 'administrator' ); }",
			self::HEADERS
		);
		$mint   = static fn (): array => self::ask(
			"\$user = get_user_by( 'login', 'qahm_test_network' )->ID;
			foreach ( array_keys( get_blogs_of_user( \$user ) ) as \$blog ) {
				switch_to_blog( \$blog );
				\$site            = QahmRealtime\\Site::id();
				\$tokens[ \$site ] = qahm_realtime_token_mint( \$site, \$user, '$origin' );
				restore_current_blog();
			}
			return \$tokens;",
			self::HEADERS
		);
		$path   = '/wp-content/plugins/qahm-realtime/live.php?site=';
		$status = static fn ( array $tokens ): array => array_map(
			static fn ( string $site, string $token ): int => self::browser()->post( $path . $site, '', array( 'X-Qahm-Realtime-Token' => $token, 'Origin' => $origin ) )->status,
			array_keys( $tokens ),
			$tokens
		);
		// Roles were just given: tokens are refused until the engine has been told of that, and in the second in which it was.
		$tokens = self::until(
			static function () use ( $mint, $status ): ?array {
				$tokens = $mint();
				return array( 200, 200 ) === $status( $tokens ) ? $tokens : null;
			},
			10,
			'both tokens are good'
		);
		self::ask( "reset_password( get_user_by( 'login', 'qahm_test_network' ), 'y' );", self::HEADERS );
		self::until( static fn (): bool => array( 401, 401 ) === $status( $tokens ), 5, 'both tokens are refused' );
		self::ask( "require_once ABSPATH . 'wp-admin/includes/ms.php'; require_once ABSPATH . 'wp-admin/includes/user.php'; wpmu_delete_user( get_user_by( 'login', 'qahm_test_network' )->ID );", self::HEADERS );
	}

	/** @depends test_each_blog_is_a_site */
	public function test_a_blog_that_is_deleted_is_forgotten(): void {
		$first  = self::tracker_config( self::visitor()->get( '/' )->body )[0];
		$second = self::tracker_config( self::visitor()->get( '/second/' )->body )[0];
		$known  = static fn ( string $site ): bool => null !== self::ask( "return qahm_realtime_counters( '$site' );", self::HEADERS );
		self::until( static fn (): bool => $known( $first ) && $known( $second ), 20, 'the engine knows both' );
		$deleted = self::ask( 'return wp_delete_site( get_sites( array( "path" => "/second/", "fields" => "ids" ) )[0] )->path;', self::HEADERS );
		$this->assertSame( '/second/', $deleted );
		$this->assertFalse( $known( $second ) );
		$this->assertTrue( $known( $first ) );
	}
}
