<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\LiveAnswer;
use QahmRealtime\Poll;
use QahmRealtime\Question;

/** The channel's messages by polling: what a request gives becomes a question about streams. */
final class PollTest extends TestCase {

	private const EPOCH = '00112233aabbccdd';

	protected function setUp(): void {
		FakeExtension::reset();
	}

	/** @return iterable<array{array<string, mixed>, array<string, mixed>}> */
	public function good(): iterable {
		yield array( array(), array( 'topics' => array( 'live' ) ) );
		yield array( array( 'topics' => 'live,events,live', 'filter' => '', 'since' => '' ), array( 'topics' => array( 'live', 'events' ) ) );
		yield array( array( 'topics' => 'live,events,visitors,performance,alerts' ), array( 'topics' => Poll::TOPICS ) );
		yield array( array( 'filter' => 'country=fr&device=mobile' ), array( 'topics' => array( 'live' ), 'filter' => array( 'country' => 'FR', 'device' => 'mobile' ) ) );
		yield array( array( 'filter' => 'page=%2F%C3%A9%26%3D' ), array( 'topics' => array( 'live' ), 'filter' => array( 'page' => '/é&=' ) ) );
		yield array( array( 'filter' => 'country=&source=' ), array( 'topics' => array( 'live' ), 'filter' => array( 'country' => '', 'source' => '' ) ) );
		yield array( array( 'country' => 'fr', 'device' => '' ), array( 'topics' => array( 'live' ), 'filter' => array( 'country' => 'FR' ) ) );
		yield array( array( 'filter' => 'country=unknown' ), array( 'topics' => array( 'live' ), 'filter' => array( 'country' => '' ) ) );
		$since = self::EPOCH . '.live:1042,events:18446744073709551615';
		yield array( array( 'since' => $since ), array( 'topics' => array( 'live' ), 'since' => $since ) );
		// What the engine would not read says nothing: a position without a topic, as it gives one before there is a state, or nonsense.
		foreach ( array( '5', self::EPOCH, self::EPOCH . '.', self::EPOCH . '.live', self::EPOCH . '.live:x', self::EPOCH . ".live:1\n", strtoupper( self::EPOCH ) . '.live:1', self::EPOCH . '.' . implode( ',', array_fill( 0, 6, 'live:1' ) ), array(), self::EPOCH . '.live:123456789012345678901' ) as $since ) {
			yield array( array( 'since' => $since ), array( 'topics' => array( 'live' ) ) );
		}
	}

	/** @dataProvider good */
	public function test_good( array $given, array $asked ): void {
		$question = Poll::of( $given );
		$this->assertInstanceOf( Question::class, $question );
		$this->assertEquals( array( 'what' => 'poll' ) + $asked, json_decode( $question->json(), true ) );
	}

	/** @return iterable<array{array<string, mixed>, string}> */
	public function bad(): iterable {
		foreach ( array( '', 'live,', 'LIVE', 'pages', array( 'live' ), "live\n", 5, ',' ) as $topics ) {
			yield array( array( 'topics' => $topics ), 'topics' );
		}
		foreach ( array( 'country', 'country=FRA', 'device=', 'page=', 'page=%00', 'page=%ff', 'colour=red', 'country=FR&country=DE', '&', 'country=FR&', array( 'country' => 'FR' ), 5, 'page=/' . str_repeat( 'a', 400 ), str_repeat( 'a', 3000 ) ) as $filter ) {
			yield array( array( 'filter' => $filter ), 'filter' );
		}
		yield array( array( 'country' => 'FRA' ), 'country' );
	}

	/** @dataProvider bad */
	public function test_bad( array $given, string $wrong ): void {
		$this->assertSame( $wrong, Poll::of( $given ) );
	}

	/** @return iterable<array{array<string, string>, string|null}> */
	public function same(): iterable {
		$table = json_decode( (string) file_get_contents( dirname( __DIR__, 3 ) . '/crates/engine/tests/data/filters.json' ), true );
		foreach ( $table['filters'] as [ $name, $members, $canonical ] ) {
			yield $name => array( array( 'filter' => $name ), $canonical );
			// Arguments by name: an empty one is none there, and others are not looked at.
			if ( null !== $members && ! in_array( '', $members, true ) && array() === array_diff( array_keys( $members ), Question::FILTERS ) ) {
				yield json_encode( $members ) => array( $members, $canonical );
			}
		}
	}

	/**
	 * The engine's tests read the same table.
	 *
	 * @dataProvider same
	 */
	public function test_a_filter_is_what_it_is_to_the_engine( array $given, ?string $canonical ): void {
		$question = Poll::of( $given );
		$filter   = $question instanceof Question ? json_decode( $question->json(), true )['filter'] : null;
		if ( null !== $filter ) {
			ksort( $filter );
			$filter = http_build_query( $filter, '', '&', PHP_QUERY_RFC3986 );
		}
		$this->assertSame( $canonical, $filter );
	}

	private static function live( array $given ): LiveAnswer {
		$server = array(
			'REQUEST_METHOD'             => 'POST',
			'HTTP_ORIGIN'                => 'https://example.com',
			'HTTP_X_QAHM_REALTIME_TOKEN' => 'good for https://example.com',
		);
		return LiveAnswer::to( $server, array( 'site' => '0123456789abcdef', 'what' => 'poll' ) + $given );
	}

	public function test_messages_pass_as_they_are(): void {
		$poll                  = '{"e":"' . self::EPOCH . '","messages":[{"t":"live","f":"","e":"' . self::EPOCH . '","b":1,"s":2,"ops":[["active",5],["pages/3/share",1.0],["groups",{}],["pages/9"]]}],"position":"' . self::EPOCH . '.live:2"}';
		FakeExtension::$answer = '{"ok":true,"poll":' . $poll . '}';
		$answer                = self::live( array( 'interval' => '1' ) );
		$this->assertSame( array( 200, 'poll' ), array( $answer->status, $answer->reason ) );
		$this->assertSame( '{"poll":' . $poll . ',"token":"renewed for 60"}', json_encode( $answer->body, JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION ) );
		$this->assertSame( array( 'what' => 'poll', 'topics' => array( 'live' ), 'user' => 7, 'chain' => 1700000000 ), FakeExtension::$asked[0][1] );
	}

	public function test_what_it_may_be_refused_for(): void {
		$this->assertSame( array( 400, array( 'error' => 'bad-request', 'argument' => 'topics' ) ), array( self::live( array( 'topics' => 'x' ) )->status, self::live( array( 'topics' => 'x' ) )->body ) );
		FakeExtension::$answer = '{"ok":false,"code":"too-many-filters","error":"x"}';
		$this->assertSame( array( 429, 'too-many-filters' ), array( self::live( array() )->status, self::live( array() )->reason ) );
		$this->assertSame( '30', self::live( array() )->headers()['Retry-After'] );
		FakeExtension::$answer = null;
		FakeExtension::$counters['0123456789abcdef'] = array( 'active' => 3 );
		$this->assertSame( array( 'live' => array( 'active' => 3, 'stale' => true ), 'token' => 'renewed for 60' ), self::live( array() )->body );
		$this->assertSame( 503, self::live( array( 'device' => 'mobile' ) )->status, 'counters know no filter' );
		$this->assertSame( 503, self::live( array( 'topics' => 'events' ) )->status, 'and no other topic' );
	}
}
