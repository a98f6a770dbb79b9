<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\AccessChanges;
use QahmRealtime\Lifecycle;
use QahmRealtime\Revocation;
use QahmRealtime\Site;

/** Who may do less than before: the engine is told once per request, however often WordPress says so, and until it has heard. */
final class RevocationTest extends TestCase {

	protected function setUp(): void {
		FakeExtension::reset();
		Revocation::finish();
		FakeExtension::reset();
		FakeWordPress::$blog    = 1;
		FakeWordPress::$network = null;
		FakeWordPress::$blogs   = FakeWordPress::$meta = array();
		FakeWordPress::$options = array( 'home' => 'https://example.com' );
		FakeWordPress::$written = array();
		$GLOBALS['wpdb']        = (object) array( 'base_prefix' => 'wp_' );
	}

	protected function tearDown(): void {
		FakeWordPress::$network = null;
		FakeWordPress::$user    = false;
		unset( $GLOBALS['wpdb'] );
	}

	/** @return list<array{string, int}> Site and user of each revocation. */
	private static function revoked(): array {
		Revocation::finish();
		return array_map(
			static function ( array $command ): array {
				self::assertSame( 'revoke', $command[1]['do'] );
				return array( $command[0], $command[1]['user'] );
			},
			FakeExtension::$commands
		);
	}

	/** @return iterable<string, array{callable}> */
	public function losses(): iterable {
		yield 'roles as stored' => array( static fn () => AccessChanges::meta( 3, 7, 'wp_capabilities', array() ) );
		yield 'roles deleted' => array( static fn () => AccessChanges::meta( array( '3' ), '7', 'wp_capabilities', '' ) );
		yield 'another role' => array( static fn () => AccessChanges::role( 7, 'subscriber', array( 'administrator' ) ) );
		yield 'a role less' => array( static fn () => AccessChanges::role_removed( 7, 'administrator' ) );
		yield 'a new password in the profile' => array( static fn () => AccessChanges::profile( 7, (object) array( 'user_pass' => 'a' ), array( 'user_pass' => 'b' ) ) );
		yield 'a new password' => array( static fn () => AccessChanges::password( 'secret', 7 ) );
		yield 'a password reset' => array( static fn () => AccessChanges::everywhere( new WP_User( 7 ) ) );
		yield 'a logout' => array( static fn () => AccessChanges::everywhere( 7 ) );
		yield 'a blog less' => array( static fn () => AccessChanges::blog( 7, 1 ) );
		yield 'all at once' => array(
			static function (): void {
				AccessChanges::meta( 3, 7, 'wp_capabilities', array() );
				AccessChanges::role( 7, '', array( 'editor' ) );
				AccessChanges::everywhere( 7 );
			},
		);
	}

	/** @dataProvider losses */
	public function test_the_engine_is_told_once( callable $happens ): void {
		$happens();
		$this->assertSame( array(), FakeExtension::$commands, 'nobody waits for it' );
		$this->assertSame( array( array( Site::id(), 7 ) ), self::revoked() );
		$this->assertSame( array( array( Site::id(), 7 ) ), self::revoked(), 'and not again' );
		$this->assertSame( array(), FakeWordPress::$written );
	}

	public function test_what_takes_nothing_away_is_no_matter(): void {
		AccessChanges::meta( 3, 7, 'first_name', 'x' );
		AccessChanges::meta( 3, 7, 'other_capabilities', array() );
		AccessChanges::role( 8, 'subscriber', array() );
		AccessChanges::profile( 7, (object) array( 'user_pass' => 'a' ), array( 'user_pass' => 'a', 'display_name' => 'x' ) );
		AccessChanges::cookie();
		$this->assertSame( array(), self::revoked() );
	}

	public function test_the_cookie_of_who_is_logged_in(): void {
		FakeWordPress::$user = true;
		AccessChanges::cookie();
		$this->assertSame( array( array( Site::id(), 7 ) ), self::revoked() );
	}

	public function test_sessions_that_end(): void {
		$session                                   = static fn ( int $in ): array => array( 'expiration' => time() + $in );
		FakeWordPress::$meta[7]['session_tokens'] = array( 'a' => $session( 100 ), 'b' => $session( 100 ), 'old' => $session( -100 ) );
		AccessChanges::sessions( 1, 7, 'session_tokens', array( 'a' => $session( 100 ), 'b' => $session( 100 ), 'c' => $session( 100 ) ) );
		$this->assertSame( array(), self::revoked(), 'a login, which leaves out what had ended anyway' );
		AccessChanges::sessions( 1, 7, 'session_tokens', array( 'a' => $session( 100 ) ) );
		$this->assertSame( array( array( Site::id(), 7 ) ), self::revoked(), 'log out everywhere else' );
		FakeExtension::reset();
		AccessChanges::sessions( array( '1' ), '7', 'session_tokens', '' );
		$this->assertSame( array( array( Site::id(), 7 ) ), self::revoked(), 'the last session' );
	}

	public function test_a_role_that_may_do_less(): void {
		$roles = array( 'editor' => array( 'name' => 'Editor', 'capabilities' => array( 'edit_posts' => true, 'manage_options' => true, 'x' => false ) ), 'reader' => array( 'capabilities' => array( 'read' => true ) ) );
		$less  = array();
		foreach ( array( 'taken' => null, 'refused' => false ) as $how => $value ) {
			$less[ $how ] = $roles;
			if ( null === $value ) {
				unset( $less[ $how ]['editor']['capabilities']['manage_options'] );
			} else {
				$less[ $how ]['editor']['capabilities']['manage_options'] = $value;
			}
		}
		$less['newly refused'] = $roles;
		$less['newly refused']['reader']['capabilities']['manage_options'] = false;
		$less['a role less'] = array( 'editor' => $roles['editor'] );
		$less['nonsense']    = 'x';
		foreach ( $less as $how => $new ) {
			FakeExtension::reset();
			AccessChanges::roles( $roles, $new );
			$this->assertSame( array( array( Site::id(), Revocation::EVERYBODY ) ), self::revoked(), $how );
		}
		FakeExtension::reset();
		$more = $roles;
		$more['reader']['capabilities']['edit_posts'] = true;
		$more['new']                                  = array( 'capabilities' => array() );
		foreach ( array( $roles, $more ) as $new ) {
			AccessChanges::roles( $roles, $new );
		}
		AccessChanges::roles( 'x', 'y' );
		$this->assertSame( array(), self::revoked(), 'one that may do more' );
	}

	public function test_many_users_at_once_are_everybody(): void {
		for ( $user = 1; $user <= 150; ++$user ) {
			AccessChanges::role_removed( $user );
		}
		$this->assertSame( array( array( Site::id(), 0 ) ), self::revoked() );
	}

	public function test_a_long_request_does_not_wait_for_its_end(): void {
		AccessChanges::role_removed( 7 );
		FakeExtension::$clock += 600_000_000;
		AccessChanges::role_removed( 8 );
		$this->assertSame( array( 7, 8 ), array_column( array_column( FakeExtension::$commands, 1 ), 'user' ) );
	}

	public function test_in_a_network_a_role_is_of_one_blog_and_a_logout_of_all(): void {
		FakeWordPress::$network = array( 7 => array( 2, 3 ) );
		$id                     = static fn ( int $blog ): string => Site::id_of( "https://example.com/blog$blog", $blog );
		AccessChanges::meta( 3, 7, 'wp_3_capabilities', array() );
		$this->assertSame( array( array( $id( 3 ), 7 ) ), self::revoked() );
		FakeExtension::reset();
		AccessChanges::meta( 3, 7, 'wp_capabilities', array() );
		AccessChanges::blog( 7, 2 );
		$this->assertSame( array( array( Site::id(), 7 ), array( $id( 2 ), 7 ) ), self::revoked() );
		FakeExtension::reset();
		AccessChanges::everywhere( 7 );
		$this->assertSame( array( array( Site::id(), 7 ), array( $id( 2 ), 7 ), array( $id( 3 ), 7 ) ), self::revoked() );
		FakeExtension::reset();
		FakeWordPress::$blogs = array( 1, 5 );
		AccessChanges::everywhere( 1 );
		$this->assertSame( array( array( Site::id(), 1 ), array( $id( 5 ), 1 ) ), self::revoked(), 'a network\'s administrator sees all of them' );
	}

	public function test_what_could_not_be_told_is_tried_again_while_it_matters(): void {
		FakeExtension::$command = static fn (): ?string => null;
		AccessChanges::everywhere( 7 );
		$this->assertCount( 1, self::revoked() );
		$stored = FakeWordPress::$options[ Revocation::OPTION ];
		$this->assertMatchesRegularExpression( '/^\d+:' . Site::id() . ':7$/D', $stored );
		$this->assertTrue( end( FakeWordPress::$written )[2], 'autoloaded, so that no page asks for it' );

		AccessChanges::everywhere( 8 );
		self::revoked();
		$this->assertStringStartsWith( "$stored,", FakeWordPress::$options[ Revocation::OPTION ] );
		FakeExtension::reset();
		FakeExtension::$command = static fn ( string $site, int $before ): ?string => 0 === $before ? '{"ok":true}' : null;
		Revocation::again();
		$this->assertStringEndsWith( ':8', FakeWordPress::$options[ Revocation::OPTION ], 'only that one is left' );
		$this->assertLessThanOrEqual( 100, FakeExtension::$commands[0][2], 'patience' );
		FakeExtension::$command = null;
		Revocation::again();
		$this->assertArrayNotHasKey( Revocation::OPTION, FakeWordPress::$options );
		$this->assertContains( Revocation::OPTION, Lifecycle::OPTIONS );
	}

	public function test_no_token_lives_longer_than_ten_minutes(): void {
		FakeWordPress::$options[ Revocation::OPTION ] = ( time() - 601 ) . ':' . Site::id() . ':7,nonsense';
		Revocation::again();
		$this->assertSame( array(), FakeExtension::$commands );
		$this->assertArrayNotHasKey( Revocation::OPTION, FakeWordPress::$options );
	}

	public function test_a_php_without_the_extension_keeps_it_for_one_that_has_it(): void {
		$root = dirname( __DIR__, 3 );
		$code = 'define( "ABSPATH", "/" ); require "tests/wordpress/unit/wordpress.php"; require "wp-plugin/src/autoload.php"; $GLOBALS["wpdb"] = (object) array( "base_prefix" => "wp_" );'
			. 'FakeWordPress::$options = array( "home" => "https://example.com" ); require "wp-plugin/src/hooks.php"; do_action( "wp_logout", 7 ); do_action( "shutdown" );'
			. 'register_shutdown_function( static fn () => print( json_encode( FakeWordPress::$written ) ) );';
		exec( 'cd ' . escapeshellarg( $root ) . ' && ' . escapeshellarg( PHP_BINARY ) . ' -n -d display_errors=stderr -r ' . escapeshellarg( $code ), $lines, $status );
		$written = json_decode( implode( '', $lines ), true );
		$this->assertSame( array( 0, 1 ), array( $status, is_array( $written ) ? count( $written ) : 0 ), implode( "\n", $lines ) );
		$this->assertSame( Revocation::OPTION, $written[0][0] );
		$this->assertMatchesRegularExpression( '/^\d+:' . Site::id() . ':7$/D', $written[0][1] );
		FakeWordPress::$options[ Revocation::OPTION ] = $written[0][1];
		Revocation::again();
		$this->assertSame( array( array( Site::id(), 7 ) ), self::revoked(), 'the site tells it' );
		$this->assertArrayNotHasKey( Revocation::OPTION, FakeWordPress::$options );
	}

	/** @return iterable<array{string}> */
	public function refusals(): iterable {
		yield array( '{"ok":false,"code":"unknown-site","error":"x"}' );
		yield array( '{"ok":false,"code":"bad-request","error":"an older engine"}' );
	}

	/** @dataProvider refusals */
	public function test_what_the_engine_will_never_take_is_not_tried_again( string $answer ): void {
		FakeExtension::$command = static fn (): string => $answer;
		AccessChanges::everywhere( 7 );
		self::revoked();
		$this->assertSame( array(), FakeWordPress::$written );
	}
}
