<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\LiveAnswer;
use QahmRealtime\Question;

/** What a request gives becomes a question, or the name of what is wrong; live.php answers it to who has a token. */
final class QuestionTest extends TestCase {

	private const SITE   = '0123456789abcdef';
	private const SERVER = array(
		'REQUEST_METHOD'             => 'POST',
		'HTTP_ORIGIN'                => 'https://Example.com',
		'HTTP_X_QAHM_REALTIME_TOKEN' => 'good for https://example.com',
	);

	protected function setUp(): void {
		FakeExtension::reset();
	}

	/** @return iterable<array{string, array<string, mixed>, array<string, mixed>}> */
	public function good(): iterable {
		yield array( 'live', array(), array( 'what' => 'live', 'pages' => 5 ) );
		yield array( 'live', array( 'pages' => '20', 'limit' => 'x' ), array( 'what' => 'live', 'pages' => 20 ) );
		yield array( 'pages', array(), array( 'what' => 'pages', 'limit' => 50 ) );
		yield array( 'visitors', array( 'limit' => 1000, 'offset' => '0', 'page' => '/é/', 'country' => 'fr', 'device' => 'mobile', 'source' => 'Example.ORG', 'channel' => 'ai', 'other' => array() ), array( 'what' => 'visitors', 'limit' => 1000, 'offset' => 0, 'filter' => array( 'page' => '/é/', 'country' => 'FR', 'device' => 'mobile', 'source' => 'example.org', 'channel' => 'ai' ) ) );
		yield array( 'geo', array( 'country' => 'unknown', 'page' => '' ), array( 'what' => 'geo', 'filter' => array( 'country' => '' ), 'limit' => 50 ) );
		yield array( 'events', array( 'since' => '123456789012345678', 'kinds' => 'start,404' ), array( 'what' => 'events', 'since' => 123456789012345678, 'kinds' => array( 'start', '404' ), 'limit' => 50 ) );
		yield array( 'history', array(), array( 'what' => 'history', 'limit' => 50 ) );
		yield array( 'history', array( 'range' => '7d', 'dimension' => 'post_type', 'page' => '/a', 'since' => 'nonsense', 'limit' => '5', 'offset' => '5' ), array( 'what' => 'history', 'range' => '7d', 'dimension' => 'post_type', 'filter' => array( 'page' => '/a' ), 'limit' => 5, 'offset' => 5 ) );
		yield array( 'history', array( 'country' => 'unknown', 'device' => 'mobile', 'channel' => 'ai', 'source' => 'A.test' ), array( 'what' => 'history', 'filter' => array( 'country' => '', 'device' => 'mobile', 'channel' => 'ai', 'source' => 'a.test' ), 'limit' => 50 ) );
		yield array( 'history', array( 'limit' => '1000' ), array( 'what' => 'history', 'limit' => 500 ) );
		yield array( 'history', array( 'from' => '1795338000', 'to' => 1795341600, 'step' => '300' ), array( 'what' => 'history', 'from' => 1795338000, 'to' => 1795341600, 'step' => 300, 'limit' => 50 ) );
	}

	/** @dataProvider good */
	public function test_good( string $what, array $given, array $asked ): void {
		$question = Question::of( $what, $given );
		$this->assertInstanceOf( Question::class, $question );
		$this->assertEquals( $asked, json_decode( $question->json(), true ) );
		$this->assertSame( $asked['limit'] ?? 50, $question->limit );
	}

	/** @return iterable<array{mixed, array<string, mixed>, string}> */
	public function bad(): iterable {
		foreach ( array( 'nothing', '', null, array(), 'forget', 'explain' ) as $what ) {
			yield array( $what, array(), 'what' );
		}
		foreach ( array( 'limit' => array( '0', 0, '1001', '-1', '1.5', 'x', array(), '1e2', ' 5', "5\n", 1.0, true ), 'offset' => array( '-1', '1000001' ), 'page' => array( array(), str_repeat( 'x', 401 ), "\xff", "/a\0", 5 ), 'country' => array( 'FRA', 'F', "FR\n", '12' ), 'device' => array( 'phone' ), 'channel' => array( 'SEARCH' ), 'source' => array( str_repeat( 'x', 256 ) ) ) as $name => $values ) {
			foreach ( $values as $value ) {
				yield array( 'pages', array( $name => $value ), $name );
			}
		}
		foreach ( array( '0h', '24', 'h', '9d', '24 h', '1y', "24h\n", array() ) as $range ) {
			yield array( 'history', array( 'range' => $range ), 'range' );
		}
		yield array( 'history', array( 'step' => '59' ), 'step' );
		yield array( 'history', array( 'country' => 'nonsense' ), 'country' );
		yield array( 'history', array( 'dimension' => '"}' ), 'dimension' );
		yield array( 'events', array( 'since' => '9999999999999999999' ), 'since' );
		foreach ( array( ',', 'a,', 'A', 'a b', str_repeat( 'a', 17 ), str_repeat( 'a,', 32 ) . 'a' ) as $kinds ) {
			yield array( 'events', array( 'kinds' => $kinds ), 'kinds' );
		}
	}

	/** @dataProvider bad */
	public function test_bad( mixed $what, array $given, string $wrong ): void {
		$this->assertSame( $wrong, Question::of( $what, $given ) );
	}

	private static function live( array $given, array $server = array() ): LiveAnswer {
		return LiveAnswer::to( $server + self::SERVER, array( 'site' => self::SITE ) + $given );
	}

	public function test_an_answer_comes_with_a_token(): void {
		FakeExtension::$answer = '{"ok":true,"pages":{"total":1,"pages":[{"path":"/"}],"groups":{}}}';
		$answer                = self::live( array( 'what' => 'pages', 'interval' => '50', 'limit' => '1' ) );
		$this->assertSame( array( 200, 'pages' ), array( $answer->status, $answer->reason ) );
		$this->assertSame( '{"pages":{"total":1,"pages":[{"path":"/"}],"groups":{}},"token":"renewed for 100"}', json_encode( $answer->body, JSON_UNESCAPED_SLASHES ) );
		$this->assertSame( array( array( self::SITE, array( 'what' => 'pages', 'limit' => 1, 'user' => 7, 'chain' => 1700000000 ), 250 ) ), FakeExtension::$asked, 'the engine is told whose token it was' );
	}

	public function test_a_token_that_was_revoked_is_refused_whatever_it_asks(): void {
		FakeExtension::$answer                 = '{"ok":false,"code":"revoked","error":"x"}';
		FakeExtension::$counters[ self::SITE ] = array( 'active' => 3 );
		foreach ( array( 'live', 'pages', 'history', 'poll' ) as $what ) {
			$answer = self::live( array( 'what' => $what ) );
			$this->assertSame( array( 401, 'revoked', array( 'error' => 'revoked' ) ), array( $answer->status, $answer->reason, $answer->body ), "$what: no figures and no token" );
		}
	}

	public function test_who_asks_is_told_for_no_other_reason(): void {
		$question = Question::of( 'pages', array( 'user' => '1', 'chain' => '9' ) );
		$this->assertSame( '{"what":"pages","limit":50}', $question->json(), 'the request itself cannot say' );
		$this->assertSame( '{"what":"pages","limit":50,"user":7,"chain":8}', $question->json( array( 'user' => 7, 'chain' => 8, 'expires' => 9 ) ) );
	}

	public function test_without_a_token_nothing_is_asked(): void {
		foreach ( array( 'x' => 'signature', '' => 'malformed' ) as $token => $reason ) {
			$answer = self::live( array( 'what' => 'pages', 'limit' => 'x' ), array( 'HTTP_X_QAHM_REALTIME_TOKEN' => $token ) );
			$this->assertSame( array( 401, $reason ), array( $answer->status, $answer->reason ) );
		}
		$this->assertSame( array(), FakeExtension::$asked );
	}

	public function test_a_bad_argument_is_named(): void {
		$answer = self::live( array( 'what' => 'pages', 'limit' => 'x' ) );
		$this->assertSame( array( 400, array( 'error' => 'bad-request', 'argument' => 'limit' ) ), array( $answer->status, $answer->body ) );
		$this->assertSame( array(), FakeExtension::$asked );
	}

	public function test_who_asks_too_often_is_told_when_to_come_again(): void {
		FakeExtension::$answer                 = '{"ok":false,"code":"rate","error":"x"}';
		FakeExtension::$counters[ self::SITE ] = array( 'active' => 3 );
		foreach ( array( 'live', 'pages', 'poll' ) as $what ) {
			$answer = self::live( array( 'what' => $what ) );
			$this->assertSame( array( 429, array( 'error' => 'rate', 'token' => 'renewed for 60' ) ), array( $answer->status, $answer->body ), "$what: counters do not stand in" );
			$this->assertSame( array( 'X-Qahm-Realtime' => 'rate', 'Retry-After' => '2' ), $answer->headers() );
		}
		FakeExtension::$answer = '{"ok":true,"live":{}}';
		$this->assertSame( array( 'X-Qahm-Realtime' => 'live' ), self::live( array() )->headers() );
	}

	public function test_a_request_without_an_origin_is_the_pages_own_or_a_programs(): void {
		$reason = static fn ( array $server ): string => LiveAnswer::to( array( 'REQUEST_METHOD' => 'GET', 'HTTP_X_QAHM_REALTIME_TOKEN' => 'good for ' ) + $server, array( 'site' => self::SITE ) )->reason;
		FakeExtension::$answer = '{"ok":true,"live":{}}';
		foreach ( array( array(), array( 'HTTP_SEC_FETCH_SITE' => 'same-origin' ), array( 'HTTP_SEC_FETCH_SITE' => 'same-origin', 'HTTP_COOKIE' => 'a=b' ) ) as $server ) {
			$this->assertSame( 'live', $reason( $server ), (string) json_encode( $server ) );
		}
		foreach ( array( array( 'HTTP_COOKIE' => 'a=b' ), array( 'HTTP_COOKIE' => '' ), array( 'HTTP_SEC_FETCH_SITE' => 'cross-site' ), array( 'HTTP_SEC_FETCH_SITE' => 'none' ), array( 'HTTP_SEC_FETCH_SITE' => '' ), array( 'HTTP_ORIGIN' => '' ), array( 'HTTP_ORIGIN' => '', 'HTTP_SEC_FETCH_SITE' => 'same-origin' ) ) as $server ) {
			$this->assertSame( 'origin', $reason( $server ), (string) json_encode( $server ) );
		}
	}

	public function test_the_engine_is_told_where_they_are(): void {
		foreach ( array( '192.0.2.1' => true, '2001:db8::1' => true, 'unix:' => false, "\xff" => false, '' => false ) as $address => $told ) {
			FakeExtension::reset();
			self::live( array(), array( 'REMOTE_ADDR' => (string) $address ) );
			$this->assertSame( $told ? (string) $address : null, FakeExtension::$asked[0][1]['address'] ?? null );
		}
	}

	public function test_what_is_too_long_is_not_looked_at(): void {
		$sizes = array(
			array( array( 'CONTENT_LENGTH' => '16384', 'REQUEST_URI' => '/' . str_repeat( 'a', 4095 ) ), 200, 'no-engine' ),
			array( array( 'CONTENT_LENGTH' => '16385' ), 413, 'too-large' ),
			array( array( 'REQUEST_URI' => '/' . str_repeat( 'a', 4096 ) ), 414, 'too-long' ),
		);
		foreach ( $sizes as [ $server, $status, $reason ] ) {
			FakeExtension::reset();
			$answer = self::live( array(), $server );
			$this->assertSame( array( $status, $reason ), array( $answer->status, $answer->reason ) );
			$this->assertCount( 200 === $status ? 1 : 0, FakeExtension::$asked );
		}
	}

	/** @return iterable<array{?string, int, string}> */
	public function failures(): iterable {
		yield array( null, 503, 'no-engine' );
		yield array( 'no json', 503, 'no-engine' );
		yield array( '{"ok":false,"code":"bad-request","error":"x"}', 400, 'bad-request' );
		yield array( '{"ok":false,"code":"unknown-site","error":"x"}', 404, 'unknown-site' );
		yield array( '{"ok":false,"code":"busy","error":"x"}', 503, 'no-engine' );
		yield array( '{"ok":true,"pages":5}', 503, 'no-engine' );
	}

	/** @dataProvider failures */
	public function test_failures( ?string $said, int $status, string $reason ): void {
		FakeExtension::$answer = $said;
		$answer                = self::live( array( 'what' => 'pages' ) );
		$this->assertSame( array( $status, $reason, array( 'error' => $reason, 'token' => 'renewed for 60' ) ), array( $answer->status, $answer->reason, $answer->body ) );
	}

	public function test_only_the_live_question_falls_back_to_counters(): void {
		FakeExtension::$counters[ self::SITE ] = array( 'active' => 3 );
		$this->assertSame( 503, self::live( array( 'what' => 'pages' ) )->status );
		$this->assertSame( array( 'live' => array( 'active' => 3, 'stale' => true ), 'token' => 'renewed for 60' ), self::live( array() )->body );
		FakeExtension::reset();
		$this->assertSame( array( 'live' => null, 'token' => 'renewed for 60' ), self::live( array() )->body );
	}
}
