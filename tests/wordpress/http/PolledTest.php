<?php
declare(strict_types=1);

/** The live channel through live.php: a snapshot first, then what has changed, for who has a token. */
final class PolledTest extends SiteTestCase {

	private static array $config;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::known_site();
		self::$config = self::widget_config( self::administrator() );
	}

	/** @param array<string, string> $query */
	private static function poll( array $query, ?string $path = null ): Answer {
		$path ??= self::$config['live'];
		$answer = self::browser()->post( "$path&what=poll&" . http_build_query( $query ), '', array( 'X-Qahm-Realtime-Token' => self::$config['token'], 'Origin' => self::$url ) );
		self::$config['token'] = $answer->json()['token'] ?? self::$config['token'];
		return $answer;
	}

	/**
	 * Asks until there are messages.
	 *
	 * @param array<string, string> $query
	 * @return array<string, mixed> The member poll.
	 */
	private static function messages( array $query, ?string $path = null ): array {
		$poll = self::until(
			static function () use ( $query, $path ): ?array {
				$answer = self::poll( $query, $path );
				self::assertSame( 200, $answer->status, $answer->body );
				return $answer->json()['poll']['messages'] ? $answer->json()['poll'] : null;
			},
			10,
			'there is something new'
		);
		return $poll;
	}

	private static function visit( string $path = '/' ): void {
		[ $site, $collector ] = self::tracker_config();
		$browser              = self::browser();
		$browser->agent      .= ' Visitor/' . self::view();
		$answer               = $browser->post( $collector, self::beacon( $site, self::view(), 0, array( array( 'v', 1, '', 'Title' ) ), $path ), array( 'Content-Type' => 'text/plain' ) );
		self::assertSame( 204, $answer->status );
	}

	/** Follows a topic from a put to a state in which it is as wanted. @return list<string> Kinds of the messages, in order. */
	private function follow( array $query, callable $wanted, ?string $path = null ): array {
		$poll  = self::messages( $query, $path );
		$kinds = array();
		$at    = null;
		$state = null;
		$this->assertArrayHasKey( 'data', $poll['messages'][0], 'first a snapshot' );
		self::visit();
		$end = microtime( true ) + 15;
		while ( microtime( true ) < $end ) {
			foreach ( $poll['messages'] as $message ) {
				$this->assertSame( array( $query['topics'], $poll['e'] ), array( $message['t'], $message['e'] ) );
				if ( array_key_exists( 'data', $message ) ) {
					$kinds[] = 'put';
					$state   = $message['data'];
				} else {
					$kinds[] = 'patch';
					$this->assertSame( $at, $message['b'], 'it applies to the state before' );
					foreach ( $message['ops'] as $op ) {
						if ( ! str_contains( $op[0], '/' ) && array_key_exists( 1, $op ) ) {
							$state[ $op[0] ] = $op[1];
						}
					}
				}
				$at = $message['s'];
			}
			if ( $wanted( $state ) ) {
				return $kinds;
			}
			$poll = self::messages( array( 'since' => $poll['position'] ) + $query, $path );
		}
		$this->fail( 'never as wanted: ' . json_encode( $state ) );
	}

	public function test_a_put_then_patches(): void {
		$views = null;
		$kinds = $this->follow(
			array( 'topics' => 'live' ),
			static function ( array $state ) use ( &$views ): bool {
				$views ??= $state['views_today'];
				return $state['views_today'] > $views;
			}
		);
		$this->assertSame( 'put', $kinds[0] );
		$this->assertSame( array( 'patch' ), array_values( array_unique( array_slice( $kinds, 1 ) ) ), 'no second snapshot' );
	}

	public function test_what_was_not_missed_is_not_repeated(): void {
		$poll  = self::messages( array( 'topics' => 'events' ) );
		$again = self::poll( array( 'topics' => 'events', 'since' => $poll['position'] ) )->json()['poll'];
		foreach ( $again['messages'] as $message ) {
			$this->assertArrayHasKey( 'ops', $message );
		}
		$this->assertSame( $poll['e'], $again['e'] );
	}

	public function test_another_epoch_gets_a_snapshot(): void {
		$poll = self::messages( array( 'topics' => 'live', 'since' => '0123456789abcdef.live:5' ) );
		$this->assertArrayHasKey( 'data', $poll['messages'][0] );
		$this->assertStringStartsWith( "{$poll['e']}.live:", $poll['position'] );
	}

	public function test_several_topics_at_once(): void {
		self::visit();
		$topics = array( 'live', 'events', 'visitors', 'performance', 'alerts' );
		$found  = array();
		self::until(
			static function () use ( $topics, &$found ): bool {
				$found += array_column( self::poll( array( 'topics' => implode( ',', $topics ) ) )->json()['poll']['messages'], 'data', 't' );
				return count( $found ) === count( $topics );
			},
			10,
			'a snapshot of each'
		);
		$this->assertIsInt( $found['live']['active'] );
		$this->assertIsArray( $found['events']['events'] );
		$this->assertIsArray( $found['alerts']['alerts'] );
	}

	public function test_a_filter_has_a_stream_of_its_own(): void {
		foreach ( array( array( 'filter' => 'device=mobile' ), array( 'device' => 'mobile' ) ) as $filter ) {
			$poll = self::messages( array( 'topics' => 'live' ) + $filter );
			$this->assertSame( array( 'device=mobile', 0 ), array( $poll['messages'][0]['f'], $poll['messages'][0]['data']['active'] ) );
		}
	}

	public function test_the_stand_in_route_gives_the_same(): void {
		$route = '/?rest_route=/qahm-realtime/v1/live&site=' . self::$config['site'];
		$this->assertSame( self::messages( array( 'topics' => 'live' ) )['e'], self::messages( array( 'topics' => 'live' ), $route )['e'] );
	}

	public function test_a_bad_question_is_named(): void {
		foreach ( array( 'topics' => 'pages', 'filter' => 'colour=red' ) as $name => $value ) {
			$answer = self::poll( array( $name => $value ) );
			$this->assertSame( array( 400, $name ), array( $answer->status, $answer->json()['argument'] ) );
		}
	}

	public function test_a_position_that_says_nothing_counts_as_none(): void {
		foreach ( array( '5', '0123456789abcdef.' ) as $since ) {
			$message = self::messages( array( 'topics' => 'live', 'since' => $since ) )['messages'][0];
			$this->assertSame( '/', $message['path'] ?? 'a patch', $since );
		}
	}

	public function test_without_a_token_there_is_nothing(): void {
		$answer = self::browser()->post( self::$config['live'] . '&what=poll', '', array( 'Origin' => self::$url ) );
		$this->assertSame( array( 401, array( 'error' => 'malformed' ) ), array( $answer->status, $answer->json() ) );
	}
}
