<?php
declare(strict_types=1);

/** collect.php: every answer says why, none of them anything of PHP. */
final class CollectTest extends SiteTestCase {

	private function collect( string $body, array $headers = array() ): Answer {
		return self::browser()->post( self::tracker_config()[1], $body, array( 'Content-Type' => 'text/plain' ) + $headers );
	}

	public function test_a_beacon_is_accepted(): void {
		$site   = self::known_site();
		$answer = $this->collect( self::beacon( $site, self::view(), 0, array( array( 'v', 1, '', 'Title' ) ) ) );
		$this->assertSame( 204, $answer->status );
		$this->assertSame( 'accepted', $answer->header( 'X-Qahm-Realtime' ) );
		$this->assertStringContainsString( 'no-store', $answer->header( 'Cache-Control' ) );
		$this->assertSame( '', $answer->body );
	}

	/** @return iterable<string, array{string, int, string}> */
	public function refused(): iterable {
		$view = '0123456789abcdef';
		yield 'nothing' => array( '', 400, 'not-json' );
		yield 'no JSON' => array( 'hello', 400, 'not-json' );
		yield 'HTML' => array( '<script>alert(1)</script>', 400, 'not-json' );
		yield 'too long' => array( str_repeat( ' ', 5000 ), 413, 'body-too-large' );
		yield 'version' => array( '{"v":2}', 400, 'version' );
		yield 'site' => array( self::beacon( 'nonsense', $view, 0, array( array( 'b' ) ) ), 400, 'site' );
		yield 'foreign site' => array( self::beacon( 'ffffffffffffffff', $view, 0, array( array( 'b' ) ) ), 404, 'site' );
	}

	/** @dataProvider refused */
	public function test_what_is_refused( string $body, int $status, string $reason ): void {
		self::known_site();
		$answer = $this->collect( $body );
		$this->assertSame( array( $status, $reason ), array( $answer->status, $answer->header( 'X-Qahm-Realtime' ) ) );
		$this->assertSame( $reason, $answer->body );
		$this->assertStringStartsWith( 'text/plain', $answer->header( 'Content-Type' ) );
	}

	public function test_only_post(): void {
		$answer = self::browser()->get( self::tracker_config()[1] );
		$this->assertSame( 405, $answer->status );
		$this->assertSame( 'method', $answer->header( 'X-Qahm-Realtime' ) );
	}

	public function test_a_foreign_host_is_refused(): void {
		$site   = self::known_site();
		$answer = $this->collect( self::beacon( $site, self::view(), 0, array( array( 'b' ) ) ), array( 'Host' => 'elsewhere.example' ) );
		$this->assertSame( 403, $answer->status );
	}

	public function test_the_excluded_are_set_aside(): void {
		$site     = self::known_site();
		$excluded = static fn (): array => array_values( array_map( static fn ( string $reason ): int => self::ask( "return json_decode( qahm_realtime_ask( '$site', '{\"what\":\"live\"}' ), true )['live']['excluded']['$reason'] ?? 0;" ), array( 'role', 'opt-out' ) ) );
		[ $role, $choice ] = $excluded();
		foreach ( array( '1' => 'excluded:role', 'visitor' => 'excluded:opt-out' ) as $value => $reason ) {
			foreach ( array( self::tracker_config()[1], '/index.php?rest_route=/qahm-realtime/v1/collect' ) as $path ) {
				$answer = self::browser()->post( $path, self::beacon( $site, self::view(), 0, array( array( 'v', 1, '', '' ) ) ), array( 'Content-Type' => 'text/plain', 'Cookie' => "qahm_realtime_exclude=$value" ) );
				$this->assertSame( array( 204, $reason ), array( $answer->status, $answer->header( 'X-Qahm-Realtime' ) ), $path );
			}
		}
		self::until( static fn (): bool => array( $role + 2, $choice + 2 ) === $excluded(), 10, 'both are counted by their reason' );
	}

	public function test_whatever_comes_in_nothing_of_php_shows(): void {
		$odd = array(
			array( 'Cookie' => 'qahm_realtime_exclude[]=1; a[b]=c' ),
			array( 'User-Agent' => str_repeat( 'x', 4000 ) ),
			array( 'X-Forwarded-For' => str_repeat( '1.2.3.4, ', 200 ) ),
			array( 'User-Agent' => "\xff\xfe" ),
			array( 'Content-Type' => 'multipart/form-data; boundary=' ),
		);
		foreach ( $odd as $headers ) {
			$answer = $this->collect( "\xff\x00{}", $headers );
			$this->assertContains( $answer->status, array( 400, 413 ) );
			$this->assertLessThan( 40, strlen( $answer->body ) );
		}
	}

	/** WordPress adds slashes to what the server says: a name with quotes must make the same key all the same. */
	public function test_a_visitor_is_the_same_to_the_stand_in_route(): void {
		$site           = self::known_site();
		$visitor        = self::browser();
		$visitor->agent = 'Mozilla/5.0 (a "quoted" name, o\'clock, back\\slash) ' . self::view();
		$figures        = static fn (): array => self::ask( "return qahm_realtime_counters( '$site' );" );
		$before         = $figures();
		foreach ( array( self::tracker_config()[1], '/?rest_route=/qahm-realtime/v1/collect' ) as $path ) {
			$answer = $visitor->post( $path, self::beacon( $site, self::view(), 0, array( array( 'v', 0, '', 'Title' ) ) ), array( 'Content-Type' => 'text/plain' ) );
			$this->assertSame( 'accepted', $answer->header( 'X-Qahm-Realtime' ), $path );
		}
		$after = self::until(
			static function () use ( $figures, $before ): ?array {
				$now = $figures();
				return $now['views_today'] === $before['views_today'] + 2 ? $now : null;
			},
			10,
			'both views are counted'
		);
		$this->assertSame( $before['visitors_today'] + 1, $after['visitors_today'] );
	}

	public function test_the_stand_in_route_answers_alike_and_is_hidden(): void {
		$site  = self::known_site();
		$route = '/?rest_route=/qahm-realtime/v1/collect';
		$good  = self::browser()->post( $route, self::beacon( $site, self::view(), 0, array( array( 'v', 1, '', '' ) ) ), array( 'Content-Type' => 'text/plain' ) );
		$this->assertSame( array( 204, 'accepted' ), array( $good->status, $good->header( 'X-Qahm-Realtime' ) ) );
		$this->assertSame( 400, self::browser()->post( $route, 'hello', array( 'Content-Type' => 'text/plain' ) )->status );
		foreach ( array( '/', '/qahm-realtime/v1' ) as $index ) {
			$routes = array_keys( self::browser()->get( "/?rest_route=$index" )->json()['routes'] );
			$this->assertSame( array(), array_values( preg_grep( '~^/qahm-realtime/v1/(collect|token|deliver|health)~', $routes ) ), $index );
		}
	}

	/** A beacon with a token says what would become of it, and is not counted. */
	public function test_a_beacon_is_explained(): void {
		$site   = self::known_site();
		$token  = self::widget_config( self::administrator() )['token'];
		$views  = static fn (): int => self::ask( "return qahm_realtime_counters( '$site' )['views_today'];" );
		$before = $views();
		$beacon = static fn ( string $token ): string => (string) json_encode( json_decode( self::beacon( $site, self::view(), 0, array( array( 'v', 1, 'https://www.google.com/', 'Title' ) ), '/explained?x=1' ), true ) + array( 'd' => $token ) );
		foreach ( array( self::tracker_config()[1], '/index.php?rest_route=/qahm-realtime/v1/collect' ) as $path ) {
			$answer = self::browser()->post( $path, $beacon( $token ), array( 'Content-Type' => 'text/plain' ) );
			$this->assertSame( array( 200, 'explained' ), array( $answer->status, $answer->header( 'X-Qahm-Realtime' ) ), $path );
			$this->assertStringStartsWith( 'application/json', $answer->header( 'Content-Type' ) );
			$this->assertSame( array( true, '/explained', 'search', 'Firefox' ), array( $answer->json()['counted'], $answer->json()['page'], $answer->json()['channel'], $answer->json()['browser'] ) );

			$bot        = self::browser();
			$bot->agent = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
			$told       = $bot->post( $path, $beacon( $token ), array( 'Content-Type' => 'text/plain' ) )->json();
			$this->assertFalse( $told['counted'] );
			$this->assertStringContainsString( 'bot', $told['reason'] );

			foreach ( array( '1' => 'role', 'visitor' => 'opted out' ) as $value => $reason ) {
				$told = self::browser()->post( $path, $beacon( $token ), array( 'Content-Type' => 'text/plain', 'Cookie' => "qahm_realtime_exclude=$value" ) )->json();
				$this->assertFalse( $told['counted'] );
				$this->assertStringContainsString( $reason, $told['reason'] );
			}

			$this->assertSame( 403, self::browser()->post( $path, $beacon( 'nonsense' ), array( 'Content-Type' => 'text/plain' ) )->status );
		}
		$this->collect( self::beacon( $site, self::view(), 0, array( array( 'v', 1, '', 'Title' ) ) ) );
		self::until( static fn (): bool => $views() > $before, 10, 'a view is counted' );
		$this->assertSame( $before + 1, $views(), 'the explained ones are not' );
	}
}
