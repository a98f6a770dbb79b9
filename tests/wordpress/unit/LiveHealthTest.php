<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\DebugInformation;
use QahmRealtime\Lifecycle;
use QahmRealtime\LiveHealth;
use QahmRealtime\LivePath;
use QahmRealtime\Rungs;

/** What Site Health says of the channel, and what browsers may tell it. */
final class LiveHealthTest extends TestCase {

	protected function setUp(): void {
		FakeExtension::reset();
		FakeExtension::$status += array( 'listen' => 'unix:/run/qahm/33/live.sock', 'user' => 'www-data (33)', 'runtime_dir' => '/run/qahm/33' );
		FakeWordPress::$options = array( 'home' => 'https://example.com', 'siteurl' => 'https://example.com' );
		FakeWordPress::$written = array();
		self::server( 404 );
	}

	protected function tearDown(): void {
		unset( $_SERVER['SERVER_SOFTWARE'] );
	}

	private static function server( int $status ): void {
		FakeWordPress::$remote = static fn ( string $url ): array => array( $status, '{"nonce":"' . substr( $url, strpos( $url, 'nonce=' ) + 6 ) . '"}' );
	}

	/** @return array{string, string} Status, and the text. */
	private static function health(): array {
		$result = LiveHealth::test();
		return array( $result['status'], html_entity_decode( $result['description'], ENT_QUOTES ) );
	}

	public function test_nobody_has_been_there_but_the_path_works(): void {
		self::server( 200 );
		[ $status, $text ] = self::health();
		$this->assertSame( 'good', $status );
		$this->assertStringContainsString( 'https://example.com/qahm-live/ reaches the engine', $text );
		$this->assertStringNotContainsString( '<textarea', $text );
	}

	public function test_websocket_works_in_a_browser(): void {
		self::server( 200 );
		Rungs::note( 'websocket', 12.4, array() );
		[ $status, $text ] = self::health();
		$this->assertSame( 'good', $status );
		$this->assertStringContainsString( 'WebSocket worked in a browser 0 s ago (12 ms there and back).', $text );
	}

	public function test_events_work_and_websocket_does_not(): void {
		Rungs::note( 'events', null, array( 'websocket' => 'status 400' ) );
		[ $status, $text ] = self::health();
		$this->assertSame( 'good', $status, 'a browser reaches it, even if the site itself does not' );
		$this->assertStringContainsString( 'Server-sent events worked in a browser 0 s ago.', $text );
		$this->assertStringContainsString( 'WebSocket did not work in a browser 0 s ago: HTTP status 400', $text );
	}

	public function test_polling_only_shows_what_the_server_needs(): void {
		Rungs::note( 'polling', 80.0, array( 'websocket' => 'status 404', 'events' => 'status 404' ) );
		$_SERVER['SERVER_SOFTWARE'] = 'nginx/1.22.1';
		[ $status, $text ]          = self::health();
		$this->assertSame( 'recommended', $status );
		foreach ( array( 'is answered with HTTP status 404', 'Server-sent events did not work in a browser 0 s ago: HTTP status 404', 'every 5 seconds', 'Configuration for nginx', 'proxy_pass http://unix:/run/qahm/33/live.sock;', 'location ^~ /qahm-live/ {' ) as $part ) {
			$this->assertStringContainsString( $part, $text );
		}
		$this->assertSame( 1, substr_count( $text, '<textarea' ) );
	}

	public function test_of_a_server_that_is_not_known_all_are_shown(): void {
		$_SERVER['SERVER_SOFTWARE'] = 'LiteSpeed';
		[ $status, $text ]          = self::health();
		$this->assertSame( 'recommended', $status );
		$this->assertSame( 3, substr_count( $text, '<textarea' ) );
	}

	public function test_the_path_works_but_browsers_do_not_get_through(): void {
		self::server( 200 );
		Rungs::note( 'polling', null, array( 'websocket' => 'nothing in time' ) );
		[ $status, $text ] = self::health();
		$this->assertSame( 'recommended', $status );
		$this->assertStringContainsString( 'The path is right.', $text );
		$this->assertStringNotContainsString( '<textarea', $text );
	}

	public function test_a_browser_that_got_through_before_the_path_failed_says_nothing(): void {
		Rungs::note( 'websocket', 5.0, array() );
		self::server( 200 );
		$this->assertSame( 'good', self::health()[0] );
		FakeWordPress::$options[ Rungs::OPTION ]['websocket']['time'] -= 10;
		self::server( 502 );
		[ $status, $text ] = self::health();
		$this->assertSame( 'recommended', $status );
		$this->assertStringContainsString( '<textarea', $text );
		FakeWordPress::$options[ LivePath::OPTION ]['since'] -= 20;
		$this->assertSame( 'good', self::health()[0], 'a browser gets through although the site has not for a while' );
		FakeWordPress::$options[ LivePath::OPTION ]['since'] += 20;
		FakeWordPress::$remote = static fn (): WP_Error => new WP_Error( 'x', 'timed out' );
		$this->assertSame( 'good', self::health()[0], 'the site cannot tell' );
	}

	public function test_what_a_browser_said_last_of_a_way_is_told(): void {
		Rungs::note( 'events', null, array( 'websocket' => 'not reached' ) );
		FakeWordPress::$options[ Rungs::OPTION ]['events']['time'] -= 60;
		Rungs::note( 'polling', null, array( 'websocket' => 'no WebSocket', 'events' => 'buffered' ) );
		$text = self::health()[1];
		$this->assertMatchesRegularExpression( '/Polling worked .*Server-sent events worked .*WebSocket did not work in a browser 0 s ago: the browser has none.*Server-sent events did not .*keeps messages back/', $text );
		$this->assertStringNotContainsString( 'no connection was possible', $text );
	}

	public function test_reasons_are_told_in_words(): void {
		foreach ( array( 'status 404' => 'HTTP status 404', 'busy (429)' => 'HTTP status 429', 'token 500' => 'HTTP status 500', 'status 4040' => 'status 4040', 'net::ERR_X' => 'net::ERR_X', '' => '' ) as $reason => $words ) {
			$this->assertSame( $words, Rungs::in_words( $reason ) );
		}
	}

	public function test_the_web_server_may_not_open_the_private_socket(): void {
		self::server( 502 );
		FakeExtension::$status['user'] = 'alice (1001)';
		$_SERVER['SERVER_SOFTWARE']    = 'nginx/1.22.1';
		[ $status, $text ]             = self::health();
		$this->assertSame( 'recommended', $status );
		foreach ( array( 'address at which the engine listens, unix:/run/qahm/33/live.sock.', "'d /run/qahm-realtime-live/alice 2750 alice ", 'php_admin_value[qahm_realtime.listen] = unix:/run/qahm-realtime-live/alice/live.sock', 'pkill -u alice -x qahm-realtimed', 'proxy_pass http://unix:/run/qahm-realtime-live/alice/live.sock;' ) as $part ) {
			$this->assertStringContainsString( $part, $text );
		}
		$this->assertStringNotContainsString( '{{', $text );
		$this->assertStringContainsString( 'another user than PHP (alice)', $text );
		$this->assertStringNotContainsString( 'proxy_pass http://unix:/run/qahm/33', $text, 'one address only' );
		FakeExtension::$status['user'] = 'www-data (33)';
		$this->assertStringNotContainsString( '2750 www-data www-data', self::health()[1], 'that would change nothing' );
	}

	public function test_the_web_server_does_not_reach_a_socket_elsewhere(): void {
		self::server( 502 );
		$_SERVER['SERVER_SOFTWARE'] = 'nginx/1.22.1';
		foreach ( array( 'unix:/run/qahm-realtime-live/alice/live.sock', 'unix:/run/qahm/334/live.sock', '127.0.0.1:8787' ) as $listen ) {
			FakeExtension::$status['listen'] = $listen;
			[ $status, $text ]               = self::health();
			$this->assertSame( 'recommended', $status );
			$this->assertStringContainsString( "listens, $listen, as the following lines do", $text );
			$this->assertStringContainsString( "proxy_pass http://$listen;", $text );
			$this->assertStringNotContainsString( 'pkill', $text );
		}
	}

	public function test_a_user_whose_name_a_shell_would_read_gets_no_lines(): void {
		self::server( 502 );
		foreach ( array( '', 'a;b (1)', "a'b", '-x (1)', '$(x)' ) as $user ) {
			FakeExtension::$status['user'] = $user;
			$this->assertStringNotContainsString( 'pkill', self::health()[1] );
		}
	}

	public function test_the_engine_does_not_listen(): void {
		foreach ( array( 'off' => 'qahm_realtime.listen says so', '' => 'does not say where it listens' ) as $listen => $part ) {
			FakeExtension::$status['listen'] = $listen;
			[ $status, $text ]               = self::health();
			$this->assertSame( 'recommended', $status );
			$this->assertStringContainsString( $part, $text );
			$this->assertStringNotContainsString( '<textarea', $text );
		}
	}

	public function test_a_report_of_yesterday_says_nothing_of_today(): void {
		Rungs::note( 'websocket', 5.0, array() );
		FakeWordPress::$options[ Rungs::OPTION ]['websocket']['time'] -= 90000;
		$this->assertSame( 'recommended', self::health()[0] );
		FakeWordPress::$options[ Rungs::OPTION ]['websocket']['time'] -= 7 * 86400;
		$this->assertSame( array(), Rungs::all() );
	}

	public function test_reports_are_bounded_and_plain(): void {
		Rungs::note( 'polling', 1e12, array( 'websocket' => '<script>x</script>' . str_repeat( 'é', 500 ), 'events' => array( 'x' ), 'polling' => 'works', 'other' => 'x', 'more' => "\n" ) );
		Rungs::note( 'carrier pigeon', 1.0, array() );
		$this->assertSame( array( 'polling' ), array_keys( Rungs::all() ) );
		$report = Rungs::all()['polling'];
		$this->assertSame( Rungs::LATENCY_MAX, $report['latency'] );
		$this->assertSame( array( 'websocket' => 'x' . str_repeat( 'é', 199 ) ), $report['reasons'] );
		$this->assertFalse( FakeWordPress::$written[0][2], 'not autoloaded' );
		$this->assertContains( Rungs::OPTION, Lifecycle::OPTIONS );
	}

	public function test_the_same_report_is_written_once_in_five_minutes(): void {
		for ( $tab = 0; $tab < 10; ++$tab ) {
			Rungs::note( 'websocket', 5.0 + $tab, array() );
		}
		$this->assertCount( 1, FakeWordPress::$written );
		Rungs::note( 'websocket', 5.0, array( 'events' => 'new' ) );
		FakeWordPress::$options[ Rungs::OPTION ]['websocket']['time'] -= 301;
		Rungs::note( 'websocket', 5.0, array( 'events' => 'new' ) );
		$this->assertCount( 3, FakeWordPress::$written );
	}

	public function test_an_option_that_others_spoilt_breaks_nothing(): void {
		foreach ( array( 'x', array( 'websocket' => 'x', 'events' => array( 'time' => 'x' ), 'polling' => array( 'time' => time(), 'latency' => 'x', 'reasons' => 'x' ) ) ) as $odd ) {
			FakeWordPress::$options[ Rungs::OPTION ] = $odd;
			$this->assertSame( 'recommended', self::health()[0] );
		}
		$this->assertSame( array( 'polling' ), array_keys( Rungs::all() ) );
	}

	public function test_what_the_server_calls_itself_is_only_compared(): void {
		$_SERVER['SERVER_SOFTWARE'] = array( '<script>' );
		$this->assertStringNotContainsString( '<script>', self::health()[1] );
	}

	public function test_it_is_among_the_information_for_a_report(): void {
		Rungs::note( 'polling', 80.0, array( 'websocket' => 'status 404' ) );
		self::health();
		$value = DebugInformation::add( array() )['qahm-realtime']['fields']['live']['value'];
		$this->assertMatchesRegularExpression( '~^/qahm-live/: status 404; polling: \d{4}-\d\d-\d\d \d\d:\d\d, 80 ms; not websocket: status 404$~', $value );
	}
}
