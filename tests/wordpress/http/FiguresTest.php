<?php
declare(strict_types=1);

/** The REST routes of the figures: who may, what they take, what they say. */
final class FiguresTest extends SiteTestCase {

	private const WHATS = array( 'live', 'visitors', 'pages', 'events', 'sources', 'devices', 'geo', 'performance', 'errors', 'engagement', 'history', 'status' );

	/** Authorization headers by user. @var array<string, array<string, string>> */
	private static array $users = array();

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::known_site();
		// Without HTTPS WordPress offers application passwords only if told to.
		self::inside( 'add_filter( "wp_is_application_passwords_available", "__return_true" );' );
		foreach ( array( 'administrator', 'subscriber' ) as $role ) {
			$name                 = "figures-$role-" . substr( self::view(), 0, 6 );
			$password             = self::ask( "\$id = wp_insert_user( array( 'user_login' => '$name', 'user_pass' => wp_generate_password(), 'role' => '$role' ) ); return WP_Application_Passwords::create_new_application_password( \$id, array( 'name' => 'test' ) )[0];" );
			self::$users[ $role ] = array( 'Authorization' => 'Basic ' . base64_encode( "$name:$password" ) );
		}
	}

	/** @param array<string, string> $headers */
	private static function figures( string $what, string $arguments = '', array $headers = array(), string $user = 'administrator' ): Answer {
		return self::browser()->get( "/?rest_route=/qahm-realtime/v1/$what" . ( '' === $arguments ? '' : "&$arguments" ), $headers + self::$users[ $user ] );
	}

	public function test_who_may(): void {
		foreach ( self::WHATS as $what ) {
			$anonymous = self::browser()->get( "/?rest_route=/qahm-realtime/v1/$what" );
			$this->assertSame( array( 401, 'rest_forbidden' ), array( $anonymous->status, $anonymous->json()['code'] ), $what );
			$this->assertStringContainsString( 'no-store', $anonymous->header( 'Cache-Control' ) );
			$this->assertSame( 403, self::figures( $what, '', array(), 'subscriber' )->status, $what );
			$this->assertNotContains( self::figures( $what )->status, array( 401, 403, 500 ), $what );
		}
		$wrong = self::browser()->get( '/?rest_route=/qahm-realtime/v1/pages', array( 'Authorization' => 'Basic ' . base64_encode( 'admin:wrong' ) ) );
		$this->assertSame( 401, $wrong->status );
	}

	public function test_an_administrator_s_session(): void {
		$admin = self::administrator();
		$this->assertSame( 401, $admin->get( '/?rest_route=/qahm-realtime/v1/live' )->status, 'a cookie alone is not enough' );
		$nonce = array( 'X-WP-Nonce' => self::widget_config( $admin )['nonce'] );
		$this->assertSame( 200, $admin->get( '/?rest_route=/qahm-realtime/v1/live', $nonce )->status );
	}

	public function test_the_capability_is_filtered(): void {
		self::inside( 'add_filter( "wp_is_application_passwords_available", "__return_true" ); add_filter( "qahm_realtime_view_capability", fn () => "read" );' );
		$this->assertSame( 200, self::figures( 'live', '', array(), 'subscriber' )->status );
		$this->assertArrayNotHasKey( 'notes', self::figures( 'status', '', array(), 'subscriber' )->json(), 'advice names files of the server' );
		self::inside( 'add_filter( "wp_is_application_passwords_available", "__return_true" );' );
	}

	public function test_the_live_figures(): void {
		$answer = self::figures( 'live' );
		$this->assertSame( 200, $answer->status );
		$this->assertIsInt( $answer->json()['active'] );
		$this->assertSame( 'private, no-cache', $answer->header( 'Cache-Control' ) );
		$this->assertStringContainsString( 'Authorization', $answer->header( 'Vary' ) );
	}

	public function test_the_status(): void {
		$status = self::figures( 'status' )->json();
		$this->assertSame( array( 'running', self::tracker_config()[0] ), array( $status['state'], $status['site'] ) );
		$this->assertIsInt( $status['engine_health']['sites'] );
		$this->assertArrayHasKey( 'notes', $status );
		$this->assertArrayNotHasKey( 'data_dir', $status );
	}

	public function test_bad_arguments(): void {
		$bad = array( 'pages' => array( 'limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'country=FRA', 'device=phone', 'channel=x', 'page[]=1', 'page=' . str_repeat( 'x', 401 ) ), 'history' => array( 'range=1y', 'range=9d', 'metric=a%20b' ), 'events' => array( 'since=-1' ), 'live' => array( 'pages=0' ) );
		foreach ( $bad as $what => $all ) {
			foreach ( $all as $arguments ) {
				$answer = self::figures( $what, $arguments );
				$this->assertSame( array( 400, 'rest_invalid_param' ), array( $answer->status, $answer->json()['code'] ?? '' ), "$what?$arguments" );
			}
		}
		$this->assertSame( 404, self::figures( 'nothing' )->status );
	}

	public function test_the_schema(): void {
		foreach ( self::WHATS as $what ) {
			$options = self::browser()->send( 'OPTIONS', "/index.php?rest_route=/qahm-realtime/v1/$what" )->json();
			$this->assertSame( array( 'qahm-realtime-' . $what, 'object' ), array( $options['schema']['title'], $options['schema']['type'] ) );
			$this->assertGreaterThan( 3, count( $options['schema']['properties'] ) );
			foreach ( $options['endpoints'][0]['args'] as $name => $argument ) {
				$this->assertNotSame( '', $argument['description'] ?? '', "$what: $name" );
			}
		}
		$this->assertArrayHasKey( 'country', self::browser()->send( 'OPTIONS', '/index.php?rest_route=/qahm-realtime/v1/pages' )->json()['endpoints'][0]['args'] );
	}

	public function test_the_token_of_live_php_still_serves(): void {
		$config = self::widget_config( self::administrator() );
		$token  = array( 'X-Qahm-Realtime-Token' => $config['token'], 'Origin' => self::$url );
		foreach ( array( 'GET', 'POST' ) as $method ) {
			$answer = self::browser()->send( $method, '/?rest_route=/qahm-realtime/v1/live&site=' . self::tracker_config()[0], 'POST' === $method ? '' : null, $token );
			$this->assertSame( array( 200, 'private, no-store' ), array( $answer->status, $answer->header( 'Cache-Control' ) ), $method );
			$this->assertArrayHasKey( 'live', $answer->json() );
			$this->assertIsString( $answer->json()['token'] );
		}
		$bad = self::browser()->post( $config['live'] . '&what=pages&limit=x', '', $token );
		$this->assertSame( array( 400, array( 'error' => 'bad-request', 'argument' => 'limit' ) ), array( $bad->status, $bad->json() ) );
	}
}
