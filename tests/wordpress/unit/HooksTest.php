<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;

/** Other plugins fire WordPress's hooks with whatever arguments they like: no callback of ours may end a page for it. */
final class HooksTest extends TestCase {

	/** What may end somebody's tokens. */
	private const ACCESS = array(
		'updated_user_meta', 'deleted_user_meta', 'update_user_meta', 'delete_user_meta', 'set_user_role', 'remove_user_role', 'updated_option', 'profile_update', 'wp_set_password', 'clear_auth_cookie',
		'remove_user_from_blog', 'after_password_reset', 'wp_logout', 'wp_delete_application_password', 'delete_user', 'deleted_user', 'wpmu_delete_user', 'make_spam_user', 'revoked_super_admin',
	);

	protected function setUp(): void {
		FakeExtension::reset();
	}

	/** @return array<string, list<array{callable, int}>> Our callbacks by hook, with how many arguments they get. */
	private static function callbacks(): array {
		static $found = null;
		if ( null !== $found ) {
			return $found;
		}
		FakeWordPress::$admin = true; // Those of the admin area, too.
		require __DIR__ . '/../../../wp-plugin/src/hooks.php';
		restore_error_handler(); // That of the tests is first again.
		FakeWordPress::$admin = false;
		$found                = array();
		foreach ( $GLOBALS['wp_filter'] as $hook => $registered ) {
			foreach ( $registered->callbacks as $callbacks ) {
				foreach ( $callbacks as $callback ) {
					if ( is_array( $callback['function'] ) && is_string( $callback['function'][0] ) && str_starts_with( $callback['function'][0], 'QahmRealtime\\' ) ) {
						$found[ $hook ][] = array( $callback['function'], $callback['accepted_args'] );
					}
				}
			}
		}
		return $found;
	}

	public function test_every_callback_takes_whatever_comes(): void {
		$callbacks = self::callbacks();
		$this->assertGreaterThan( 15, count( $callbacks ), 'the hooks are found' );
		foreach ( $callbacks as $hook => $ours ) {
			foreach ( $ours as [ $callback ] ) {
				foreach ( ( new ReflectionMethod( ...$callback ) )->getParameters() as $parameter ) {
					$this->assertTrue( $parameter->isOptional(), "$hook: $parameter may be left out" );
					$this->assertContains( (string) $parameter->getType(), array( '', 'mixed' ), "$hook: $parameter may be anything" );
				}
			}
		}
	}

	public function test_filters_give_back_what_they_cannot_read(): void {
		foreach ( array( 'map_meta_cap', 'site_status_tests', 'debug_information' ) as $hook ) {
			$this->assertNotEmpty( self::callbacks()[ $hook ] ?? array(), $hook );
			foreach ( array( null, false, 'x', 5 ) as $odd ) {
				$this->assertSame( $odd, apply_filters( $hook, $odd, null, array(), null ), $hook );
			}
		}
		$this->assertSame( array( 'edit_posts' ), apply_filters( 'map_meta_cap', array( 'edit_posts' ), 'edit_post', 1, array() ) );
	}

	public function test_our_capability_stands_for_another_one(): void {
		self::callbacks();
		$this->assertSame( array( 'manage_options' ), apply_filters( 'map_meta_cap', null, 'view_qahm_realtime' ) );
		foreach ( array( null, array(), '', new stdClass() ) as $odd ) {
			$filter = static fn (): mixed => $odd;
			add_filter( 'qahm_realtime_view_capability', $filter );
			$this->assertSame( array( 'manage_options' ), apply_filters( 'map_meta_cap', array(), 'view_qahm_realtime' ) );
			remove_filter( 'qahm_realtime_view_capability', $filter );
		}
	}

	public function test_actions_survive_odd_arguments(): void {
		self::callbacks();
		foreach ( array( 'wp_login', 'wp_uninitialize_site', ...self::ACCESS, 'qahm_realtime_track', ...array_keys( QahmRealtime\SiteChanges::HOOKS ), ...array_keys( QahmRealtime\CachePurges::HOOKS ), ...array_keys( QahmRealtime\FormSubmissions::HOOKS ) ) as $hook ) {
			do_action( $hook );
			do_action( $hook, null, 'nobody' );
			do_action( $hook, array(), new stdClass() );
		}
		QahmRealtime\Revocation::finish();
		$this->assertSame( array(), FakeExtension::$commands, 'nothing was forgotten, nobody\'s token ended' );
		$this->assertSame( array( 'core-updated' ), array_unique( array_column( FakeExtension::signals(), 'what' ) ), 'only what needs no name' );
	}

	public function test_whatever_may_take_access_away_is_listened_to(): void {
		self::callbacks();
		foreach ( self::ACCESS as $hook ) {
			$this->assertNotFalse( has_action( $hook ), $hook );
		}
	}

	/** Where a host disables functions that the two files could do without. */
	public function test_the_endpoints_answer_without_ini_set(): void {
		$answers = array(
			'collect' => 'absent',
			'live'    => '{"error":"absent"}',
		);
		foreach ( $answers as $name => $answer ) {
			$file = __DIR__ . "/../../../wp-plugin/$name.php";
			exec( escapeshellarg( PHP_BINARY ) . ' -n -d disable_functions=ini_set -d display_errors=1 ' . escapeshellarg( $file ), $lines, $code );
			$this->assertSame( array( 0, $answer ), array( $code, implode( "\n", $lines ) ), $name );
			$lines = array();
		}
	}
}
