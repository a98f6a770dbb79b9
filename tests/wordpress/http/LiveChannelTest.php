<?php
declare(strict_types=1);

/** What WordPress knows of the live channel: the path, the way that works, who acknowledged an alert. */
final class LiveChannelTest extends SiteTestCase {

	private static Browser $admin;
	private static array $config;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::known_site();
		self::$admin  = self::administrator();
		self::$config = self::widget_config( self::$admin );
	}

	protected function tearDown(): void {
		self::inside( '' );
	}

	/** @param array<string, mixed> $body */
	private static function tell( string $url, array $body, ?Browser $browser = null, ?string $nonce = null ): Answer {
		$headers = array( 'Content-Type' => 'application/json' ) + ( '' === $nonce ? array() : array( 'X-WP-Nonce' => $nonce ?? self::$config['nonce'] ) );
		return ( $browser ?? self::$admin )->post( $url, (string) json_encode( $body ), $headers );
	}

	/** @return array<string, mixed> Site Health's test. */
	private static function health(): array {
		$answer = self::$admin->get( '/?rest_route=/qahm-realtime/v1/health/live', array( 'X-WP-Nonce' => self::$config['nonce'] ) );
		self::assertSame( 200, $answer->status, $answer->body );
		return $answer->json();
	}

	public function test_the_page_says_where_the_channel_is(): void {
		$this->assertSame( '/qahm-live/', self::$config['prefix'] );
		$this->assertSame( self::tracker_config()[0], self::$config['site'] );
		$this->assertSame( array( 'live' ), self::$config['topics'] );
		self::inside( 'define( "QAHM_REALTIME_LIVE_PATH", "off" );' );
		$this->assertNull( self::widget_config( self::$admin )['prefix'] );
		$this->assertSame( array( 'good', 'The live channel is switched off' ), array( self::health()['status'], self::health()['label'] ) );
	}

	public function test_a_path_that_is_not_passed_on(): void {
		self::inside( 'define( "QAHM_REALTIME_LIVE_PATH", "/elsewhere/" );' );
		self::ask( 'delete_option( "qahm_realtime_rungs" );' );
		$health = self::health();
		$text   = html_entity_decode( $health['description'], ENT_QUOTES );
		$this->assertSame( 'recommended', $health['status'], $text );
		self::assertPageHas( self::$url . '/elsewhere/ is answered with HTTP status 404', $text );
		self::assertPageHas( 'Configuration for nginx', $text );
		self::assertPageHas( 'location ^~ /elsewhere/ {', $text );
		$this->assertMatchesRegularExpression( '~proxy_pass http://unix:/[^;]+/live\.sock;~', $text );
	}

	public function test_the_path_that_is_passed_on(): void {
		self::ask( 'delete_option( "qahm_realtime_rungs" );' );
		$health = self::health();
		$this->assertSame( 'good', $health['status'], $health['description'] );
		self::assertPageHas( self::$url . '/qahm-live/ reaches the engine', $health['description'] );
		self::assertPageHas( '/qahm-live/:', self::$admin->get( '/wp-admin/site-health.php?tab=debug' )->body );
	}

	public function test_a_browser_tells_which_way_works(): void {
		$report = array( 'rung' => 'events', 'latency' => 12.6, 'reasons' => array( 'websocket' => 'status 400 <b>' ) );
		$this->assertSame( array( 200, array( 'ok' => true ) ), array( self::tell( self::$config['rungs'], $report )->status, self::tell( self::$config['rungs'], $report )->json() ) );
		$text = html_entity_decode( self::health()['description'], ENT_QUOTES );
		self::assertPageHas( 'Server-sent events worked in a browser', $text );
		self::assertPageHas( '(13 ms there and back)', $text );
		$this->assertMatchesRegularExpression( '~WebSocket did not work in a browser \S+ \S+ ago: HTTP status 400<~', $text );
		foreach ( array( array(), array( 'rung' => 'pigeon' ), array( 'rung' => 'events', 'latency' => -1 ), array( 'rung' => 'events', 'reasons' => array_fill( 0, 9, 'x' ) ), array( 'rung' => 'events', 'reasons' => array( 'websocket' => str_repeat( 'x', 500 ) ) ) ) as $odd ) {
			$this->assertSame( 400, self::tell( self::$config['rungs'], $odd )->status, (string) json_encode( $odd ) );
		}
	}

	public function test_only_who_may_see_the_figures_may_tell(): void {
		$body = array( 'rung' => 'polling', 'alert' => 'a1' );
		foreach ( array( self::$config['rungs'], self::$config['acknowledge'], '/?rest_route=/qahm-realtime/v1/alerts/a1/acknowledge' ) as $url ) {
			$this->assertSame( 401, self::tell( $url, $body, self::browser(), '' )->status, $url );
			$this->assertContains( self::tell( $url, $body, null, '' )->status, array( 401, 403 ), "$url: a cookie alone is not enough" );
			$this->assertSame( 403, self::tell( $url, $body, null, 'nonsense' )->status, $url );
			$this->assertSame( 404, self::$admin->get( $url, array( 'X-WP-Nonce' => self::$config['nonce'] ) )->status, "$url: not by GET" );
		}
		$this->assertSame( array( 'error' => 'bad-request', 'argument' => 'what' ), self::browser()->post( self::$config['live'] . '&what=acknowledge&alert=a1', '', array( 'X-Qahm-Realtime-Token' => self::$config['token'], 'Origin' => self::$url ) )->json(), 'a token is for reading' );
	}

	public function test_an_alert_that_is_not_there(): void {
		$answer = self::tell( self::$config['acknowledge'], array( 'alert' => 'a1' ) );
		$this->assertSame( array( 404, 'qahm_realtime_unknown_alert' ), array( $answer->status, $answer->json()['code'] ) );
		foreach ( array( '', 'a b', "a\n", str_repeat( 'a', 65 ), 5.5, array() ) as $odd ) {
			$this->assertSame( 400, self::tell( self::$config['acknowledge'], array( 'alert' => $odd ) )->status, (string) json_encode( $odd ) );
		}
	}

	public function test_acknowledging_an_alert_shows_in_every_answer(): void {
		self::inside( 'define( "QAHM_REALTIME_ALERT_HIGH_TRAFFIC", 3 );' );
		$this->assertSame( 200, self::$admin->get( '/wp-admin/site-health.php' )->status, 'which tells the engine' );
		[ $site, $collector ] = self::tracker_config();
		$visitors             = array();
		for ( $i = 0; $i < 6; $i++ ) {
			$view              = self::view();
			$visitors[ $view ] = self::browser();
			$visitors[ $view ]->agent .= " Visitor/$view";
			$visitors[ $view ]->post( $collector, self::beacon( $site, $view, 0, array( array( 'v', 1, '', 'Title' ) ) ), array( 'Content-Type' => 'text/plain' ) );
		}
		$alert = static function (): ?array {
			$live = self::$admin->get( '/?rest_route=/qahm-realtime/v1/live', array( 'X-WP-Nonce' => self::$config['nonce'] ) )->json();
			return array_values( array_filter( $live['alerts'] ?? array(), static fn ( array $one ): bool => 'high_traffic' === $one['type'] && null === ( $one['until'] ?? null ) ) )[0] ?? null;
		};
		$raised = self::until( $alert, 30, 'the alert is raised' );
		$this->assertEmpty( $raised['acknowledged'] ?? null );
		$url = '/?rest_route=/qahm-realtime/v1/alerts/' . $raised['id'] . '/acknowledge';
		$this->assertSame( array( 200, array( 'ok' => true ) ), array( self::tell( $url, array() )->status, self::tell( self::$config['acknowledge'], array( 'alert' => $raised['id'] ) )->json() ) );
		$seen = self::until( static fn (): ?array => ( $alert() ?? array() )['acknowledged'] ?? null, 5, 'it is acknowledged' );
		$this->assertSame( 1, $seen['user'] );
		foreach ( $visitors as $view => $browser ) {
			$browser->post( $collector, self::beacon( $site, (string) $view, 1, array( array( 'l', 0 ) ) ), array( 'Content-Type' => 'text/plain' ) );
		}
	}
}
