<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Lifecycle;
use QahmRealtime\LivePath;
use QahmRealtime\Rungs;

/** Whether the web server passes the channel on: a nonce comes back or it does not, and nobody asks too often. */
final class LivePathTest extends TestCase {

	/** @var list<string> Addresses that were asked. */
	private array $asked = array();

	protected function setUp(): void {
		FakeExtension::reset();
		FakeWordPress::$options = array( 'home' => 'https://example.com/blog', 'siteurl' => 'https://Example.com:443/blog/wp' );
		FakeWordPress::$written = array();
	}

	/** @param callable( string ): (array{int, string}|WP_Error) $answer Of the nonce. */
	private function server( callable $answer ): void {
		FakeWordPress::$remote = function ( string $url, array $arguments ) use ( $answer ): array|WP_Error {
			$this->assertLessThanOrEqual( 2, $arguments['timeout'] );
			$this->assertSame( 0, $arguments['redirection'] );
			$this->asked[]        = $url;
			FakeExtension::$clock += 7_000_000;
			return $answer( substr( $url, strpos( $url, 'nonce=' ) + 6 ) );
		};
	}

	private function engine(): void {
		$this->server( static fn ( string $nonce ): array => array( 200, '{"nonce":"' . $nonce . '","version":"1"}' ) );
	}

	/** Lets time go by since the last look. */
	private static function later( int $seconds ): void {
		FakeWordPress::$options[ LivePath::OPTION ]['at'] -= $seconds;
	}

	public function test_the_nonce_comes_back(): void {
		$this->engine();
		$state = LivePath::test();
		$this->assertSame( array( true, 7, '' ), array( $state['works'], $state['latency'], $state['reason'] ) );
		$this->assertMatchesRegularExpression( '~^https://example\.com/qahm-live/probe\?nonce=[0-9a-f]{32}$~D', $this->asked[0], 'on the origin of dashboards' );
		$this->assertSame( $state, LivePath::state() );
		foreach ( FakeWordPress::$written as [ $name, , $autoload ] ) {
			$this->assertSame( array( LivePath::OPTION, false ), array( $name, $autoload ) );
		}
		$this->assertContains( LivePath::OPTION, Lifecycle::OPTIONS );
	}

	/** @return iterable<string, array{callable, string, string}> */
	public function failures(): iterable {
		yield 'WordPress answers' => array( static fn (): array => array( 404, '<html>' ), 'status', '404' );
		yield 'no engine behind it' => array( static fn (): array => array( 502, '' ), 'status', '502' );
		yield 'somebody else' => array( static fn (): array => array( 200, '<html>' ), 'echo', '' );
		yield 'a cache' => array( static fn (): array => array( 200, '{"nonce":"0123456789abcdef0123456789abcdef"}' ), 'echo', '' );
		yield 'no way' => array( static fn (): WP_Error => new WP_Error( 'x', "timed\nout <b>" . str_repeat( 'x', 300 ) ), 'error', 'timed out ' . str_repeat( 'x', 190 ) );
	}

	/** @dataProvider failures */
	public function test_what_is_wrong_is_remembered( callable $answer, string $reason, string $detail ): void {
		$this->server( $answer );
		$state = LivePath::test();
		$this->assertSame( array( false, $reason, $detail, 1 ), array( $state['works'], $state['reason'], $state['detail'], $state['failures'] ) );
		$this->assertSame( $state, LivePath::state() );
	}

	public function test_after_a_good_look_the_next_is_a_day_later(): void {
		$this->engine();
		foreach ( array( 0, 0, 86300 ) as $seconds ) {
			LivePath::tend();
			self::later( $seconds );
		}
		LivePath::tend();
		$this->assertCount( 1, $this->asked );
		self::later( 200 );
		LivePath::tend();
		$this->assertCount( 2, $this->asked );
	}

	public function test_after_a_failure_the_next_is_five_minutes_later_then_ten(): void {
		$this->server( static fn (): array => array( 404, '' ) );
		foreach ( array( 290 => 1, 20 => 1, 590 => 2, 30 => 2, 86400 => 3 ) as $seconds => $looks ) {
			LivePath::tend();
			$this->assertCount( $looks, $this->asked );
			self::later( $seconds );
		}
		FakeWordPress::$options[ LivePath::OPTION ]['failures'] = 1000;
		$this->engine();
		LivePath::tend();
		$this->assertTrue( LivePath::state()['works'] );
		$this->assertSame( 0, LivePath::state()['failures'] );
	}

	public function test_a_browser_that_got_through_has_it_looked_at_anew_once(): void {
		$this->server( static fn (): array => array( 404, '' ) );
		LivePath::tend();
		self::later( 10 );
		Rungs::note( 'polling', null, array() );
		LivePath::tend();
		$this->assertCount( 1, $this->asked, 'nothing new' );
		Rungs::note( 'websocket', null, array() );
		foreach ( range( 1, 3 ) as $request ) {
			LivePath::tend();
		}
		$this->assertCount( 2, $this->asked );
	}

	public function test_where_the_site_cannot_reach_itself_browsers_do_not_shorten_the_pauses(): void {
		$this->server( static fn (): WP_Error => new WP_Error( 'x', 'Connection refused' ) );
		LivePath::tend();
		self::later( 290 );
		Rungs::note( 'websocket', null, array() );
		LivePath::tend();
		$this->assertCount( 1, $this->asked );
		self::later( 20 );
		LivePath::tend();
		$this->assertCount( 2, $this->asked, 'in its time' );
	}

	public function test_it_is_remembered_since_when(): void {
		$since = static fn (): int => time() - LivePath::state()['since'];
		$this->engine();
		LivePath::test();
		$this->assertLessThan( 400, $since() );
		FakeWordPress::$options[ LivePath::OPTION ]['since'] -= 500;
		LivePath::test();
		$this->assertGreaterThanOrEqual( 500, $since() );
		$this->server( static fn (): array => array( 502, '' ) );
		LivePath::test();
		$this->assertLessThan( 400, $since() );
		FakeWordPress::$options[ LivePath::OPTION ]['since'] -= 500;
		$this->server( static fn (): array => array( 404, '' ) );
		LivePath::test();
		$this->assertGreaterThanOrEqual( 500, $since(), 'it fails for another reason' );
	}

	public function test_a_second_request_does_not_look_while_the_first_does(): void {
		$this->server(
			function ( string $nonce ): array {
				LivePath::tend();
				return array( 200, '{"nonce":"' . $nonce . '"}' );
			}
		);
		LivePath::tend();
		$this->assertCount( 1, $this->asked );
	}

	/**
	 * @runInSeparateProcess
	 * @preserveGlobalState disabled
	 */
	public function test_another_path_is_looked_at_at_once(): void {
		FakeWordPress::$options[ LivePath::OPTION ] = array( 'prefix' => '/qahm-live/', 'works' => true, 'at' => time(), 'failures' => 'x', 'latency' => array() );
		define( 'QAHM_REALTIME_LIVE_PATH', '/stats/' );
		$this->engine();
		$this->assertFalse( LivePath::state()['works'] );
		LivePath::tend();
		$this->assertStringStartsWith( 'https://example.com/stats/probe', $this->asked[0] );
		$this->assertTrue( LivePath::state()['works'] );
	}

	/**
	 * @runInSeparateProcess
	 * @preserveGlobalState disabled
	 */
	public function test_switched_off_nobody_asks(): void {
		define( 'QAHM_REALTIME_LIVE_PATH', 'off' );
		$this->engine();
		LivePath::tend();
		$this->assertNull( LivePath::prefix() );
		$this->assertFalse( LivePath::test()['works'] );
		$this->assertSame( array(), $this->asked );
		$this->assertStringContainsString( 'switched off', QahmRealtime\LiveHealth::test()['label'] );
	}

	public function test_an_option_that_others_spoilt_breaks_nothing(): void {
		foreach ( array( 'x', array( 'prefix' => '/qahm-live/', 'at' => 'x', 'works' => 'yes', 'failures' => array(), 'more' => 1 ), new stdClass() ) as $odd ) {
			FakeWordPress::$options[ LivePath::OPTION ] = $odd;
			$this->assertSame( array( false, 0, 0 ), array( LivePath::state()['works'], LivePath::state()['at'], LivePath::state()['failures'] ) );
		}
	}

	public function test_a_browser_that_reports_has_the_site_look(): void {
		// In a PHP of its own: here the class is loaded already.
		$code = 'define( "ABSPATH", "/" ); require "tests/wordpress/unit/wordpress.php"; require "tests/wordpress/unit/extension.php"; require "wp-plugin/src/autoload.php";'
			. 'class WP_REST_Request extends ArrayObject {} class WP_REST_Response {} FakeWordPress::$cron = false; FakeWordPress::$admin = FakeWordPress::$user = true;'
			. 'FakeExtension::reset(); FakeWordPress::$options = array( "home" => "https://example.com", "siteurl" => "https://example.com" );'
			. 'FakeWordPress::$remote = static function (): array { print( "looked" ); return array( 404, "" ); };'
			. 'QahmRealtime\Afterwards::run(); print( "before " );'
			. 'QahmRealtime\LiveRest::rung( new WP_REST_Request( array( "rung" => "events", "latency" => 3, "reasons" => array() ) ) ); QahmRealtime\Afterwards::run();';
		exec( 'cd ' . escapeshellarg( dirname( __DIR__, 3 ) ) . ' && ' . escapeshellarg( PHP_BINARY ) . ' -d display_errors=stderr -r ' . escapeshellarg( $code ) . ' 2>&1', $lines );
		$this->assertSame( 'before looked', implode( "\n", $lines ) );
	}
}
