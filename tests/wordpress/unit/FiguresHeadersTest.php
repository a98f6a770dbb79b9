<?php
declare(strict_types=1);

use QahmRealtime\FiguresHeaders;
use QahmRealtime\Question;

$rest = ( getenv( 'QAHM_TEST_WP_DIR' ) ?: '/usr/share/wordpress' ) . '/wp-includes';
require_once "$rest/class-wp-http-response.php";
require_once "$rest/rest-api/class-wp-rest-response.php";
require_once "$rest/rest-api/class-wp-rest-request.php";

/** What of the figures is reused, and where the next part is. */
final class FiguresHeadersTest extends SignalTestCase {

	protected function tearDown(): void {
		remove_all_filters( 'rest_send_nocache_headers' );
		parent::tearDown();
	}

	private static function response( mixed $data, string $what = 'pages', array $headers = array(), int $status = 200 ): WP_REST_Response {
		$request = new WP_REST_Request( 'GET', "/qahm-realtime/v1/$what" );
		$request->set_headers( $headers );
		return FiguresHeaders::add( new WP_REST_Response( $data, $status ), null, $request );
	}

	public function test_heavy_figures_are_reused_and_those_of_now_are_not(): void {
		$this->assertSame( 'private, max-age=10', self::response( array() )->get_headers()['Cache-Control'] );
		$control = static fn ( int $age ): string => self::response( array( 'time' => time() - $age ) )->get_headers()['Cache-Control'];
		$this->assertContains( $control( 4 ), array( 'private, max-age=6', 'private, max-age=5' ), 'the engine has had them for 4 s' );
		$this->assertSame( array( 'private, no-cache', 'private, max-age=10' ), array( $control( 20 ), $control( -20 ) ) );
		$request = new WP_REST_Request( 'GET', '/qahm-realtime/v1/pages' );
		$request->set_query_params( array( '_fields' => 'total' ) );
		$this->assertSame( 'private, no-cache', FiguresHeaders::add( new WP_REST_Response( array( 'total' => 1 ) ), null, $request )->get_headers()['Cache-Control'], 'nobody knows how old it is' );
		$this->assertFalse( apply_filters( 'rest_send_nocache_headers', true ), 'WordPress does not replace it' );
	}

	public function test_what_the_engine_gives_again_is_reused_and_nothing_else(): void {
		$engine = (string) file_get_contents( dirname( __DIR__, 3 ) . '/crates/engine/src/serve/answers.rs' );
		$this->assertSame( 1, preg_match( '/^const HEAVY: [^=]+= \[([^\]]+)\];$/m', $engine, $found ) );
		preg_match_all( '/"(\w+)"/', $found[1], $heavy );
		$whats  = array( ...array_keys( Question::WHATS ), QahmRealtime\Figures::STATUS );
		$reused = array_filter( $whats, static fn ( string $what ): bool => 'private, max-age=10' === self::response( array(), $what )->get_headers()['Cache-Control'] );
		$this->assertEqualsCanonicalizing( $heavy[1], $reused );
		foreach ( array_diff( $whats, $reused ) as $what ) {
			$this->assertSame( 'private, no-cache', self::response( array(), $what )->get_headers()['Cache-Control'], $what );
		}
	}

	public function test_the_client_that_has_it_gets_304(): void {
		$first = self::response( array( 'time' => 1, 'total' => 5 ) );
		$etag  = $first->get_headers()['ETag'];
		$this->assertMatchesRegularExpression( '~^W/"[0-9a-f]{32}"$~', $etag );
		foreach ( array( $etag, '"x", ' . $etag, substr( $etag, 2 ), '*' ) as $has ) {
			$again = self::response( array( 'time' => 2, 'total' => 5 ), 'pages', array( 'If-None-Match' => $has ) );
			$this->assertSame( array( 304, null, $etag ), array( $again->get_status(), $again->get_data(), $again->get_headers()['ETag'] ), $has );
		}
		$other = self::response( array( 'time' => 2, 'total' => 6 ), 'pages', array( 'If-None-Match' => $etag ) );
		$this->assertSame( 200, $other->get_status() );
		$this->assertNotSame( $etag, $other->get_headers()['ETag'] );
	}

	public function test_errors_are_not_kept(): void {
		$this->assertSame( array( 'Cache-Control' => 'private, no-store' ), self::response( array(), 'pages', array(), 401 )->get_headers() );
		$this->assertTrue( apply_filters( 'rest_send_nocache_headers', true ) );
	}

	public function test_others_answers_are_left_alone(): void {
		$this->assertSame( array(), self::response( array(), 'token' )->get_headers() );
		$this->assertSame( array(), self::response( array(), 'live', array( 'X-Qahm-Realtime-Token' => 'x' ) )->get_headers() );
		$this->assertSame( 'odd', FiguresHeaders::add( 'odd' ) );
	}

	/** @return iterable<array{array<string, string>, int, int, list<string>}> */
	public function parts(): iterable {
		yield array( array(), 10, 1, array() );
		yield array( array( 'limit' => '4' ), 10, 3, array( 'next offset=4 limit=4' ) );
		yield array( array( 'limit' => '4', 'offset' => '4', 'page' => '/é' ), 10, 3, array( 'prev offset=0 limit=4 page=/é', 'next offset=8 limit=4 page=/é' ) );
		yield array( array( 'limit' => '4', 'offset' => '8' ), 10, 3, array( 'prev offset=4 limit=4' ) );
		yield array( array(), 0, 0, array() );
	}

	/** @dataProvider parts */
	public function test_parts_of_a_long_answer( array $given, int $total, int $pages, array $links ): void {
		$request = new WP_REST_Request( 'GET', '/qahm-realtime/v1/visitors' );
		$request->set_query_params( $given + array( 'rest_route' => 'x', '_locale' => 'user' ) );
		$response = new WP_REST_Response( array() );
		$question = Question::of( 'visitors', $given );
		FiguresHeaders::paginate( $response, $request, $question, $total );
		$headers = $response->get_headers();
		$this->assertSame( array( (string) $total, (string) $pages ), array( $headers['X-WP-Total'], $headers['X-WP-TotalPages'] ) );
		$found = array();
		foreach ( array_filter( explode( ', <', $headers['Link'] ?? '' ) ) as $link ) {
			$this->assertSame( 1, preg_match( '~^<?(http[^>]+)>; rel="(\w+)"$~', $link, $match ), $link );
			parse_str( (string) parse_url( $match[1], PHP_URL_QUERY ), $query );
			$found[] = $match[2] . ' ' . implode( ' ', array_map( static fn ( string $name ): string => "$name={$query[$name]}", array_intersect( array( 'offset', 'limit', 'page' ), array_keys( $query ) ) ) );
			$this->assertSame( array(), array_diff( array_keys( $query ), array( 'offset', 'limit', 'page' ) ) );
		}
		$this->assertSame( $links, $found );
	}
}
