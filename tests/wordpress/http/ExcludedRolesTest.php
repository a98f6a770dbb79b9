<?php
declare(strict_types=1);

/** The one cookie, and who gets it. */
final class ExcludedRolesTest extends SiteTestCase {

	private const COOKIE = 'qahm_realtime_exclude';

	private static function set_cookie( Answer $answer ): string {
		foreach ( $answer->headers['set-cookie'] ?? array() as $cookie ) {
			if ( str_starts_with( $cookie, self::COOKIE . '=' ) ) {
				return $cookie;
			}
		}
		return '';
	}

	public function test_a_visitor_gets_no_cookie(): void {
		$this->assertArrayNotHasKey( 'set-cookie', self::browser()->get( '/' )->headers );
	}

	public function test_an_administrator_gets_it_at_login_and_loses_it_at_logout(): void {
		$browser = self::browser();
		$cookie  = self::set_cookie( $browser->login( getenv( 'QAHM_TEST_USER' ) ?: 'admin', getenv( 'QAHM_TEST_PASSWORD' ) ?: 'admin' ) );
		$this->assertMatchesRegularExpression( '/^qahm_realtime_exclude=1;/', $cookie );
		$this->assertStringContainsStringIgnoringCase( 'HttpOnly', $cookie );
		$this->assertStringContainsStringIgnoringCase( 'SameSite=Lax', $cookie );
		$this->assertStringNotContainsStringIgnoringCase( 'expires', $cookie, 'a session cookie' );

		$this->assertSame( '', self::set_cookie( $browser->get( '/' ) ), 'it is set once' );

		preg_match( '~action=logout&(?:amp|#038);_wpnonce=([0-9a-f]+)~', $browser->get( '/wp-admin/' )->body, $nonce );
		$gone = self::set_cookie( $browser->get( "/wp-login.php?action=logout&_wpnonce={$nonce[1]}" ) );
		$this->assertStringContainsStringIgnoringCase( 'expires=', $gone );
		$this->assertArrayNotHasKey( self::COOKIE, $browser->cookies );
	}

	public function test_it_is_set_when_missing(): void {
		$browser = self::administrator();
		unset( $browser->cookies[ self::COOKIE ] );
		$this->assertStringStartsWith( self::COOKIE . '=1', self::set_cookie( $browser->get( '/' ) ) );
	}

	/** A visitor's own choice is theirs: neither a role nor a logout takes it away. */
	public function test_the_choice_of_a_visitor_stays(): void {
		foreach ( array( '', 'define( "QAHM_REALTIME_EXCLUDE_ROLES", "editor" );' ) as $roles ) {
			self::inside( $roles );
			$browser                          = self::browser();
			$browser->cookies[ self::COOKIE ] = 'visitor';
			$login                            = $browser->login( getenv( 'QAHM_TEST_USER' ) ?: 'admin', getenv( 'QAHM_TEST_PASSWORD' ) ?: 'admin' );
			$this->assertSame( '', self::set_cookie( $login ), 'login' );
			$this->assertSame( '', self::set_cookie( $browser->get( '/' ) ), 'a page' );
			preg_match( '~action=logout&(?:amp|#038);_wpnonce=([0-9a-f]+)~', $browser->get( '/wp-admin/' )->body, $nonce );
			$this->assertSame( '', self::set_cookie( $browser->get( "/wp-login.php?action=logout&_wpnonce={$nonce[1]}" ) ), 'logout' );
			$this->assertSame( 'visitor', $browser->cookies[ self::COOKIE ] );
		}
		self::inside( '' );
	}

	public function test_who_is_not_excluded_loses_it(): void {
		self::inside( 'define( "QAHM_REALTIME_EXCLUDE_ROLES", "editor" );' );
		$browser = self::browser();
		$browser->login( getenv( 'QAHM_TEST_USER' ) ?: 'admin', getenv( 'QAHM_TEST_PASSWORD' ) ?: 'admin' );
		$this->assertArrayNotHasKey( self::COOKIE, $browser->cookies );
		$browser->cookies[ self::COOKIE ] = '1';
		$this->assertStringContainsStringIgnoringCase( 'expires=', self::set_cookie( $browser->get( '/' ) ) );
	}
}
