<?php
declare(strict_types=1);

/** Who is logged out, deleted, or may do less sees no more figures, although the token would be good for minutes. */
final class RevokedTest extends SiteTestCase {

	private const LOGIN    = 'qahm_test_reader';
	private const PASSWORD = 'correct horse battery staple';
	private const ROLE     = 'qahm_test_role';

	/** User id. */
	private static int $user;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::known_site();
	}

	protected function setUp(): void {
		self::$user = self::ask(
			"add_role( '" . self::ROLE . "', 'Reader', array( 'read' => true, 'manage_options' => true ) );
			\$id = username_exists( '" . self::LOGIN . "' ) ?: wp_insert_user( array( 'user_login' => '" . self::LOGIN . "', 'user_pass' => '" . self::PASSWORD . "', 'user_email' => 'reader@example.org', 'role' => '" . self::ROLE . "' ) );
			return \$id;"
		);
	}

	protected function tearDown(): void {
		$others = self::widget_config( self::administrator() );
		self::ask( "require_once ABSPATH . 'wp-admin/includes/user.php'; \$id = username_exists( '" . self::LOGIN . "' ); if ( \$id ) { wp_delete_user( \$id ); } remove_role( '" . self::ROLE . "' );" );
		// A role less ends everybody's tokens: the next test must not be hit by that.
		self::until( static fn (): bool => 401 === self::live( $others )->status, 10, 'the engine knows' );
	}

	private static function reader(): Browser {
		$browser = self::browser();
		$browser->login( self::LOGIN, self::PASSWORD );
		return $browser;
	}

	/** @param array<string, mixed> $config */
	private static function live( array $config, ?string $token = null ): Answer {
		return self::browser()->post( $config['live'], '', array( 'X-Qahm-Realtime-Token' => $token ?? $config['token'], 'Origin' => self::$url ) );
	}

	/**
	 * A token that is good: one of a second in which access was changed, for whatever reason, is not.
	 *
	 * @return array{array<string, mixed>, string} The page's configuration, and the token that renews its own.
	 */
	private static function let_in( Browser $browser ): array {
		return self::until(
			static function () use ( $browser ): ?array {
				$config = self::widget_config( $browser );
				$answer = self::live( $config );
				return 200 === $answer->status ? array( $config, $answer->json()['token'] ) : null;
			},
			10,
			'a token that is good'
		);
	}

	/**
	 * Has a token refused by what happens.
	 *
	 * @param callable( Browser, int ): void $happens
	 */
	private function ends( callable $happens ): Browser {
		$reader = self::reader();
		[ $others ] = self::let_in( self::administrator() );
		[ $config, $renewed ] = self::let_in( $reader );

		$happens( $reader, self::$user );
		$refused = self::until( static fn (): ?Answer => self::live( $config )->status === 401 ? self::live( $config ) : null, 5, 'the token is refused' );
		$this->assertSame( array( 'error' => 'revoked' ), $refused->json() );
		$this->assertSame( 'revoked', $refused->header( 'X-Qahm-Realtime' ) );
		$this->assertSame( 401, self::live( $config, $renewed )->status, 'and so is the one that it was renewed by' );
		foreach ( array( 'pages', 'events', 'history', 'poll' ) as $what ) {
			$this->assertSame( 401, self::live( array( 'live' => "{$config['live']}&what=$what" ) + $config )->status, "whatever it asks: $what" );
		}
		$this->assertSame( 200, self::live( $others )->status, 'somebody else\'s token is as good as before' );
		return $reader;
	}

	/** Whether WordPress gives the user a new token. */
	private static function may_go_on( Browser $reader ): bool {
		$second = time();
		self::until( static fn (): bool => time() > $second, 3, 'the next second' );
		$page = $reader->get( '/wp-admin/' )->body;
		return 1 === preg_match( '~id="qahm_realtime" data-config="([^"]+)"~', $page ) && 200 === self::live( self::widget_config( $reader ) )->status;
	}

	public function test_logout(): void {
		$reader = $this->ends(
			function ( Browser $reader ): void {
				$this->assertSame( 1, preg_match( '~href=[\'"]([^\'"]*action=logout[^\'"]*)~', $reader->get( '/wp-admin/' )->body, $match ) );
				$this->assertSame( 302, $reader->get( html_entity_decode( $match[1] ) )->status );
			}
		);
		$this->assertFalse( self::may_go_on( $reader ) );
	}

	public function test_another_role(): void {
		$reader = $this->ends( static fn ( Browser $reader, int $user ) => self::ask( "( new WP_User( $user ) )->set_role( 'subscriber' );" ) );
		$this->assertFalse( self::may_go_on( $reader ) );
	}

	public function test_a_role_less(): void {
		$reader = $this->ends( static fn ( Browser $reader, int $user ) => self::ask( "( new WP_User( $user ) )->remove_role( '" . self::ROLE . "' );" ) );
		$this->assertFalse( self::may_go_on( $reader ) );
	}

	public function test_a_capability_that_is_refused(): void {
		$reader = $this->ends( static fn ( Browser $reader, int $user ) => self::ask( "( new WP_User( $user ) )->add_cap( 'manage_options', false );" ) );
		$this->assertFalse( self::may_go_on( $reader ) );
	}

	public function test_a_new_password_in_the_profile(): void {
		$reader = $this->ends( static fn ( Browser $reader, int $user ) => self::ask( "wp_update_user( array( 'ID' => $user, 'user_pass' => 'another one' ) );" ) );
		$this->assertFalse( self::may_go_on( $reader ) );
	}

	public function test_a_password_reset(): void {
		$this->ends( static fn ( Browser $reader, int $user ) => self::ask( "reset_password( get_userdata( $user ), 'another one' );" ) );
	}

	public function test_log_out_everywhere_else(): void {
		$this->ends( static fn ( Browser $reader, int $user ) => self::ask( "WP_Session_Tokens::get_instance( $user )->destroy_all();" ) );
	}

	public function test_deletion(): void {
		$reader = $this->ends( static fn ( Browser $reader, int $user ) => self::ask( "require_once ABSPATH . 'wp-admin/includes/user.php'; wp_delete_user( $user );" ) );
		$this->assertFalse( self::may_go_on( $reader ) );
	}

	public function test_somebody_who_still_may_goes_on_with_a_new_token(): void {
		$reader = $this->ends( static fn ( Browser $reader, int $user ) => self::ask( "( new WP_User( $user ) )->set_role( 'administrator' );" ) );
		$this->assertTrue( self::may_go_on( $reader ), 'who still may gets another token' );
	}

	public function test_a_role_that_may_do_less_ends_everybodys(): void {
		$reader = self::reader();
		$config = self::widget_config( $reader );
		$others = self::widget_config( self::administrator() );
		self::ask( "get_role( '" . self::ROLE . "' )->remove_cap( 'manage_options' );" );
		self::until( static fn (): bool => 401 === self::live( $config )->status, 5, 'the token is refused' );
		$this->assertSame( 401, self::live( $others )->status, 'nobody knows whose it was' );
		$this->assertFalse( self::may_go_on( $reader ) );
		$this->assertTrue( self::may_go_on( self::administrator() ) );
	}

	public function test_an_engine_that_was_not_there_is_told_later(): void {
		$reader = self::reader();
		[ $config ] = self::let_in( $reader );
		self::ask( "update_option( 'qahm_realtime_revocations', time() . ':' . QahmRealtime\\Site::id() . ':" . self::$user . "', true );" );
		self::until( static fn (): bool => 401 === self::live( $config )->status || 0 === self::browser()->get( '/' )->status, 5, 'a visitor\'s page tells it' );
		self::until( static fn (): bool => self::ask( "return false === get_option( 'qahm_realtime_revocations' );" ), 5, 'and nothing is left to tell' );
	}
}
