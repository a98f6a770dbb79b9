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
		$this->assertIsObject( json_decode( $answer->body )->excluded, 'empty or not' );
		$this->assertSame( 'private, no-cache', $answer->header( 'Cache-Control' ) );
		$this->assertStringContainsString( 'Authorization', $answer->header( 'Vary' ) );
	}

	public function test_the_status(): void {
		$status = self::figures( 'status' )->json();
		$this->assertSame( array( 'running', self::tracker_config()[0] ), array( $status['state'], $status['site'] ) );
		$this->assertIsInt( $status['engine_health']['sites'] );
		$this->assertArrayHasKey( 'notes', $status );
		$this->assertArrayNotHasKey( 'data_dir', $status );
		// Our own cost: the pages that were asked for a moment ago told theirs.
		$cost = self::until(
			static function (): ?array {
				self::browser()->get( '/' );
				$cost = self::figures( 'status' )->json()['cost'] ?? null;
				return ( $cost['added_ms']['n'] ?? 0 ) > 2 ? $cost : null;
			},
			10,
			'pages tell what they took'
		);
		$this->assertSame( array( '5m', 0 ), array( $cost['window'], $cost['queries'] ) );
		$this->assertGreaterThan( 0.01, $cost['added_ms']['p50'] );
		$this->assertLessThan( 1000, $cost['added_ms']['p50'], 'milliseconds' );
		foreach ( array( 'rss_bytes', 'ring_bytes', 'processor_permille', 'events_per_minute' ) as $name ) {
			$this->assertIsInt( $status['engine_health'][ $name ], $name );
		}
		$this->assertGreaterThan( 1 << 20, $status['engine_health']['rss_bytes'] );
	}

	public function test_bad_arguments(): void {
		$bad = array( 'pages' => array( 'limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'country=FRA', 'device=phone', 'channel=x', 'page[]=1', 'page=' . str_repeat( 'x', 401 ) ), 'history' => array( 'range=1y', 'range=9d', 'dimension=a%20b', 'step=5', 'from=x' ), 'events' => array( 'since=-1' ), 'live' => array( 'pages=0' ) );
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

	/** The answer to a question, once the engine gives one that is as it should be. */
	private static function answered( string $what, string $arguments = '', ?callable $good = null ): Answer {
		return self::until(
			static function () use ( $what, $arguments, $good ): ?Answer {
				$answer = self::figures( $what, $arguments );
				self::assertSame( 200, $answer->status, "$what: $answer->body" );
				return null === $good || $good( $answer->json() ) ? $answer : null;
			},
			25, // A heavy answer is reused for 10 s.
			"the answer to $what"
		);
	}

	/** Somebody looks at a page. @return string The page's title, which nobody else has. */
	private static function visitor( string $page, int $version ): string {
		[ $site, $collector ] = self::tracker_config();
		$browser              = self::browser();
		$browser->agent       = "Mozilla/5.0 (X11; Linux x86_64; rv:$version.0) Gecko/20100101 Firefox/$version.0";
		$title                = "Figures of $page";
		self::assertSame( 'accepted', $browser->post( $collector, self::beacon( $site, self::view(), 0, array( array( 'v', 1, 'https://www.google.com/', $title ) ), $page ), array( 'Content-Type' => 'text/plain' ) )->header( 'X-Qahm-Realtime' ) );
		return $title;
	}

	public function test_every_question_is_answered_as_its_schema_says(): void {
		$more = array( 'live' => array( 'epoch', 'seq' ) ); // The frame's own.
		foreach ( array_diff( self::WHATS, array( 'history', 'status' ) ) as $what ) {
			$this->assert_fits( $what, '', array(), $more[ $what ] ?? array() );
			$this->assert_fits( $what, 'device=desktop', array(), $more[ $what ] ?? array() );
		}
	}

	/** What a history holds depends on the question. */
	public function test_a_history_is_as_its_schema_says(): void {
		$this->assert_fits( 'history', '', array( 'rows', 'total', 'grid' ) );
		$this->assert_fits( 'history', 'range=60m&dimension=page', array( 'grid' ) );
		$this->assert_fits( 'history', 'range=week', array( 'rows', 'total' ) );
		$this->assert_fits( 'history', 'page=/', array( 'rows', 'total', 'grid', 'yesterday' ) );
		$this->assert_fits( 'history', 'country=FR&device=mobile&dimension=source', array( 'grid', 'yesterday', 'timings' ) );
		$both = self::figures( 'history', 'page=/&country=FR' );
		$this->assertSame( array( 400, 'qahm_realtime_bad_request' ), array( $both->status, $both->json()['code'] ), 'A page and a country are not kept together.' );
		$hour = self::answered( 'history', 'range=60m&step=300' )->json();
		$this->assertSame( 300, $hour['step'] );
		foreach ( $hour['series'] as $name => $values ) {
			$this->assertContains( count( $values ), array( 12, 13 ), "$name: an hour in steps of five minutes" );
		}
		$this->assertSame( 3600, $hour['to'] - $hour['from'] );
	}

	/**
	 * An answer has what its schema promises, and nothing else.
	 *
	 * @param list<string> $without Members that are not in answers to this question.
	 * @param list<string> $more    Members that the schema does not speak of.
	 */
	private function assert_fits( string $what, string $arguments = '', array $without = array(), array $more = array() ): void {
		$answer = json_decode( self::answered( $what, $arguments )->body );
		$schema = self::browser()->send( 'OPTIONS', "/index.php?rest_route=/qahm-realtime/v1/$what" )->json()['schema'];
		$names  = array_keys( get_object_vars( $answer ) );
		$this->assertSame( array(), array_values( array_diff( array_keys( $schema['properties'] ), $names, $without ) ), "$what?$arguments lacks" );
		$this->assertSame( array(), array_values( array_diff( $names, array_keys( $schema['properties'] ), $more ) ), "$what?$arguments has" );
		$this->assert_is( $schema, $answer, "$what?$arguments" );
	}

	/** @param array<string, mixed> $schema */
	private function assert_is( array $schema, mixed $value, string $where ): void {
		$type = match ( true ) {
			is_int( $value )    => array( 'integer', 'number' ),
			is_float( $value )  => array( 'number' ),
			is_string( $value ) => array( 'string' ),
			is_bool( $value )   => array( 'boolean' ),
			is_object( $value ) => array( 'object' ),
			is_array( $value )  => array( 'array' ),
			default             => array( 'null' ),
		};
		$this->assertNotSame( array(), array_intersect( (array) $schema['type'], $type ), "$where is no " . json_encode( $schema['type'] ) . ': ' . json_encode( $value ) );
		if ( isset( $schema['enum'] ) ) {
			$this->assertContains( $value, $schema['enum'], $where );
		}
		foreach ( is_object( $value ) ? get_object_vars( $value ) : array() as $name => $member ) {
			$of = $schema['properties'][ $name ] ?? $schema['additionalProperties'] ?? null;
			if ( null !== $of ) {
				$this->assert_is( $of, $member, "$where.$name" );
			}
		}
		foreach ( is_array( $value ) && isset( $schema['items'] ) ? $value : array() as $number => $item ) {
			$this->assert_is( $schema['items'], $item, "{$where}[$number]" );
		}
	}

	public function test_pages_parts_and_filters(): void {
		$page  = '/figures-' . substr( self::view(), 0, 8 );
		$title = self::visitor( $page, 126 );
		self::visitor( $page, 127 );
		self::visitor( "$page-other", 125 );
		$ours   = static fn ( array $pages ): array => array_values( array_filter( $pages['pages'], static fn ( array $one ): bool => $title === $one['title'] ) );
		$answer = self::answered( 'pages', 'limit=1000', static fn ( array $pages ): bool => 2 === ( $ours( $pages )[0]['active'] ?? 0 ) );
		$pages  = $answer->json();
		$this->assertSame( $pages['active'], array_sum( array_column( $pages['pages'], 'active' ) ), 'the column sums to the visitors active now' );
		$this->assertSame( (string) $pages['total'], $answer->header( 'X-WP-Total' ) );
		$this->assertSame( '1', $answer->header( 'X-WP-TotalPages' ) );
		$this->assertMatchesRegularExpression( '/^private, (max-age=\d+|no-cache)$/', $answer->header( 'Cache-Control' ) );

		$filtered = self::answered( 'visitors', 'page=' . rawurlencode( $ours( $pages )[0]['path'] ) )->json();
		$this->assertSame( array( 2, 2 ), array( $filtered['active'], $filtered['total'] ) );
		foreach ( array( 'device=mobile' => 0, 'device=desktop' => 2, 'channel=search' => 2, 'channel=mail' => 0 ) as $filter => $visitors ) {
			$this->assertSame( $visitors, self::answered( 'visitors', "$filter&page=" . rawurlencode( $ours( $pages )[0]['path'] ) )->json()['total'], $filter );
		}

		$first = self::answered( 'visitors', 'limit=1' );
		$this->assertCount( 1, $first->json()['visitors'] );
		$this->assertGreaterThanOrEqual( 3, (int) $first->header( 'X-WP-Total' ) );
		$this->assertSame( 1, preg_match( '~<([^>]+)>; rel="next"~', $first->header( 'Link' ), $next ) );
		$second = self::browser()->get( html_entity_decode( $next[1] ), self::$users['administrator'] );
		$this->assertSame( 200, $second->status );
		$this->assertNotSame( $first->json()['visitors'][0]['id'], $second->json()['visitors'][0]['id'] );
		$this->assertStringContainsString( 'rel="prev"', $second->header( 'Link' ) );
	}

	public function test_the_same_figures_are_not_sent_twice(): void {
		$first = self::figures( 'pages', 'limit=2' );
		$this->assertSame( 200, $first->status );
		$this->assertStringStartsWith( 'W/"', $first->header( 'ETag' ) );
		// What is reused may end in between.
		self::until(
			static function (): bool {
				$again = self::figures( 'pages', 'limit=2', array( 'If-None-Match' => self::figures( 'pages', 'limit=2' )->header( 'ETag' ) ) );
				return 304 === $again->status && '' === $again->body;
			},
			10,
			'an answer 304'
		);
	}

	public function test_events_since(): void {
		$last = self::answered( 'events' )->json()['last'];
		self::visitor( '/figures-since', 124 );
		$events = self::answered( 'events', "since=$last", static fn ( array $events ): bool => array() !== $events['events'] )->json();
		$this->assertGreaterThan( $last, min( array_column( $events['events'], 'id' ) ) );
		$this->assertContains( 'start', array_column( $events['events'], 'kind' ) );
		$this->assertFalse( $events['missed'] );
	}

	public function test_live_php_answers_every_question(): void {
		$config = self::widget_config( self::administrator() );
		$token  = array( 'X-Qahm-Realtime-Token' => $config['token'], 'Origin' => self::$url );
		foreach ( array_diff( self::WHATS, array( 'status' ) ) as $what ) {
			$answer = self::browser()->post( $config['live'] . "&what=$what", '', $token );
			$this->assertSame( array( 200, $what ), array( $answer->status, $answer->header( 'X-Qahm-Realtime' ) ) );
			$this->assertSame( array( $what, 'token' ), array_keys( $answer->json() ) );
		}
	}
}
