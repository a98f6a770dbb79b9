<?php
declare(strict_types=1);

/** live.php: figures for who has a token of this site, for this origin; nothing for anybody else. */
final class LiveTest extends SiteTestCase {

	private static array $config;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::known_site();
		self::$config = self::widget_config( self::administrator() );
	}

	private function live( array $headers, ?string $path = null ): Answer {
		return self::browser()->post( $path ?? self::$config['live'], '', $headers );
	}

	private static function token( ?string $token = null ): array {
		return array( 'X-Qahm-Realtime-Token' => $token ?? self::$config['token'] );
	}

	private static function origin(): array {
		return array( 'Origin' => self::$url );
	}

	public function test_figures_and_a_new_token(): void {
		$answer = $this->live( self::token() + self::origin() );
		$this->assertSame( 200, $answer->status );
		$this->assertSame( 'private, no-store', $answer->header( 'Cache-Control' ) );
		$this->assertSame( 'nosniff', $answer->header( 'X-Content-Type-Options' ) );
		$this->assertStringStartsWith( 'application/json', $answer->header( 'Content-Type' ) );
		[ 'live' => $live, 'token' => $token ] = $answer->json();
		foreach ( array( 'active', 'visitors_5m', 'visitors_30m', 'visitors_today', 'views_today' ) as $name ) {
			$this->assertIsInt( $live[ $name ], $name );
		}
		$this->assertCount( 30, $live['minutes'] );
		$this->assertSame( 200, $this->live( self::token( $token ) + self::origin() )->status, 'the new token is good' );
	}

	public function test_who_gets_nothing(): void {
		$site  = self::tracker_config()[0];
		$other = str_replace( $site, 'ffffffffffffffff', self::$config['live'] );
		$last  = substr( self::$config['token'], -1 );
		$cases = array(
			'no token'       => array( self::origin(), null, 'malformed' ),
			'nonsense'       => array( self::token( 'nonsense' ) + self::origin(), null, 'malformed' ),
			'changed'        => array( self::token( substr( self::$config['token'], 0, -2 ) . ( 'A' === $last ? 'B' : 'A' ) . 'A' ) + self::origin(), null, 'signature' ),
			'foreign origin' => array( self::token() + array( 'Origin' => 'https://elsewhere.example' ), null, 'origin' ),
			'null origin'    => array( self::token() + array( 'Origin' => 'null' ), null, 'origin' ),
			'cookies'        => array( self::token() + array( 'Cookie' => 'a=b' ), null, 'origin' ),
			'cross site'     => array( self::token() + array( 'Sec-Fetch-Site' => 'cross-site' ), null, 'origin' ),
			'other site'     => array( self::token() + self::origin(), $other, 'site' ),
			'no site'        => array( self::token() + self::origin(), strtok( self::$config['live'], '?' ), 'malformed' ),
			'odd site'       => array( self::token() + self::origin(), strtok( self::$config['live'], '?' ) . '?site[]=1&interval[]=2', 'malformed' ),
		);
		foreach ( $cases as $name => [ $headers, $path, $reason ] ) {
			$answer = $this->live( $headers, $path );
			$this->assertSame( array( 401, $reason ), array( $answer->status, $answer->header( 'X-Qahm-Realtime' ) ), $name );
			$this->assertSame( array( 'error' => $reason ), $answer->json(), $name );
		}
	}

	public function test_a_program_needs_its_token_alone(): void {
		$this->assertSame( 200, $this->live( self::token() )->status );
	}

	public function test_a_browser_that_names_no_origin(): void {
		$this->assertSame( 200, $this->live( self::token() + array( 'Sec-Fetch-Site' => 'same-origin' ) )->status );
	}

	public function test_a_new_token_from_wordpress(): void {
		$route = '/?rest_route=/qahm-realtime/v1/token';
		$this->assertContains( self::browser()->post( $route )->status, array( 401, 403 ) );
		$admin  = self::administrator();
		$config = self::widget_config( $admin );
		$this->assertContains( $admin->post( $route )->status, array( 401, 403 ), 'a cookie alone is not enough' );
		$answer = $admin->post( $config['renew'], '', array( 'X-WP-Nonce' => $config['nonce'] ) );
		$this->assertSame( 200, $answer->status );
		$this->assertSame( 200, $this->live( self::token( $answer->json()['token'] ) + self::origin() )->status );
	}

	public function test_the_stand_in_route_asks_for_the_same(): void {
		$route = '/?rest_route=/qahm-realtime/v1/live&site=' . self::tracker_config()[0];
		$this->assertSame( 401, $this->live( self::origin(), $route )->status );
		$this->assertSame( 200, $this->live( self::token() + self::origin(), $route )->status );
	}

	public function test_delivery_needs_a_token_of_its_own(): void {
		$route = '/?rest_route=/qahm-realtime/v1/deliver';
		$this->assertSame( 401, self::browser()->post( $route )->status );
		$answer = self::browser()->post( $route, '', self::token() );
		$this->assertSame( array( 401, 'purpose' ), array( $answer->status, $answer->json()['message'] ) );
	}
}
