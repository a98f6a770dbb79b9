<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Delivery;

/** Alerts run by WordPress's own hooks: whatever a handler does, the others run, once, and the engine hears of it. */
final class DeliveryTest extends TestCase {

	/** @var list<list<array{id: string, transition: string, ok: bool, error: string}>> */
	private array $acknowledged = array();

	/** @var list<string> */
	private array $ran = array();

	protected function setUp(): void {
		remove_all_actions( 'qahm_realtime_alert' );
		remove_all_actions( 'qahm_realtime_alert_resolved' );
	}

	private function delivery( array ...$alerts ): Delivery {
		return new Delivery(
			$alerts,
			function ( array $results ): void {
				$this->acknowledged[] = $results;
			}
		);
	}

	private static function alert( string $id, string $transition = 'raised' ): array {
		return array(
			'transition' => $transition,
			'type'       => 'high_traffic',
			'attempt'    => 1,
			'data'       => array(
				'id'       => $id,
				'visitors' => 7,
			),
		);
	}

	private function on( string $name, int $priority = 10, string $hook = 'qahm_realtime_alert' ): Closure {
		$handler = function ( string $type, array $data ) use ( $name ): void {
			$this->ran[] = "$name:$type:{$data['id']}:{$data['visitors']}";
		};
		add_action( $hook, $handler, $priority, 2 );
		return $handler;
	}

	public function test_each_transition_reaches_its_action(): void {
		$this->on( 'raised' );
		$this->on( 'resolved', 10, 'qahm_realtime_alert_resolved' );
		$this->delivery( self::alert( 'a' ), self::alert( 'a', 'level' ), self::alert( 'a', 'resolved' ) )->run();
		$this->assertSame( array( 'raised:high_traffic:a:7', 'raised:high_traffic:a:7', 'resolved:high_traffic:a:7' ), $this->ran );
		$this->assertCount( 1, $this->acknowledged );
		$this->assertSame( array( 'raised', 'level', 'resolved' ), array_column( $this->acknowledged[0], 'transition' ) );
		$this->assertSame( array( true, true, true ), array_column( $this->acknowledged[0], 'ok' ) );
	}

	public function test_a_handler_that_throws_stops_no_other(): void {
		$this->on( 'first', 5 );
		add_action( 'qahm_realtime_alert', static fn () => throw new Error( 'broken' ), 7 );
		add_action( 'qahm_realtime_alert', static fn () => throw new RuntimeException( 'broken too' ), 7 );
		$this->on( 'last', 9 );
		$this->delivery( self::alert( 'a' ), self::alert( 'b' ) )->run();
		$this->assertSame( array( 'first:high_traffic:a:7', 'last:high_traffic:a:7', 'first:high_traffic:b:7', 'last:high_traffic:b:7' ), $this->ran );
		$this->assertFalse( $this->acknowledged[0][0]['ok'] );
		$this->assertMatchesRegularExpression( '/^Error: broken \(DeliveryTest\.php:\d+\); RuntimeException: broken too/', $this->acknowledged[0][0]['error'] );
	}

	public function test_a_handler_that_is_none_is_named(): void {
		add_action( 'qahm_realtime_alert', 'no_such_function' );
		$this->on( 'other' );
		$this->delivery( self::alert( 'a' ) )->run();
		$this->assertCount( 1, $this->ran );
		$this->assertStringContainsString( 'no_such_function', $this->acknowledged[0][0]['error'] );
	}

	public function test_hooks_are_as_before_afterwards(): void {
		$handler = $this->on( 'handler' );
		$this->delivery( self::alert( 'a' ) )->run();
		$this->assertSame( 10, has_action( 'qahm_realtime_alert', $handler ) );
		$callbacks = $GLOBALS['wp_filter']['qahm_realtime_alert']->callbacks[10];
		$this->assertSame( $handler, reset( $callbacks )['function'] );
	}

	public function test_a_handler_may_remove_itself_and_add_another(): void {
		$once = function () use ( &$once ): void {
			$this->ran[] = 'once';
			$this->on( 'added', 20 );
			remove_action( 'qahm_realtime_alert', $once );
		};
		add_action( 'qahm_realtime_alert', $once );
		$this->delivery( self::alert( 'a' ), self::alert( 'b' ) )->run();
		$this->assertSame( array( 'once', 'added:high_traffic:a:7', 'added:high_traffic:b:7' ), $this->ran );
	}

	public function test_the_current_action_is_known(): void {
		add_action(
			'qahm_realtime_alert',
			function (): void {
				$this->ran[] = current_action();
			}
		);
		$this->delivery( self::alert( 'a' ) )->run();
		$this->assertSame( array( 'qahm_realtime_alert' ), $this->ran );
	}

	public function test_handlers_get_as_many_arguments_as_they_accept(): void {
		add_action(
			'qahm_realtime_alert',
			function ( ...$arguments ): void {
				$this->ran[] = (string) count( $arguments );
			}
		);
		add_action(
			'qahm_realtime_alert',
			function ( ...$arguments ): void {
				$this->ran[] = (string) count( $arguments );
			},
			10,
			0
		);
		$this->delivery( self::alert( 'a' ) )->run();
		$this->assertSame( array( '1', '0' ), $this->ran );
	}

	public function test_alerts_that_are_odd_break_nothing(): void {
		$this->on( 'handler' );
		$this->delivery( array(), array( 'transition' => 'other', 'data' => 'x' ), array( 'transition' => array() ) )->run();
		$this->assertSame( array(), $this->ran );
		$this->assertSame( array( false, false, false ), array_column( $this->acknowledged[0], 'ok' ) );
	}

	/**
	 * In a process of its own, which really ends inside a handler.
	 *
	 * @testWith ["exit;", "ended the request"]
	 *           ["undefined_function_of_a_broken_plugin();", "undefined_function"]
	 *           ["trigger_error('fatal of a plugin', E_USER_ERROR);", "fatal of a plugin"]
	 *           ["ini_set('memory_limit', '8M'); str_repeat('x', 64000000);", "memory"]
	 */
	public function test_a_handler_that_ends_the_request_stops_no_other( string $code, string $error ): void {
		$script = sprintf(
			'define("ABSPATH", "/"); ini_set("display_errors", "0"); ini_set("log_errors", "0"); require %s; require %s;
			add_action("qahm_realtime_alert", function ($type, $data) { echo "first ", $data["id"], "\n"; }, 5, 2);
			add_action("qahm_realtime_alert", function ($type, $data) { if ("a" === $data["id"]) { %s } }, 7, 2);
			add_action("qahm_realtime_alert", function ($type, $data) { echo "last ", $data["id"], "\n"; }, 9, 2);
			$alert = fn ($id) => ["transition" => "raised", "type" => "high_traffic", "data" => ["id" => $id]];
			$delivery = new QahmRealtime\Delivery([$alert("a"), $alert("b")], function ($results) { echo json_encode($results), "\n"; });
			register_shutdown_function([$delivery, "rescue"]);
			$delivery->run();',
			var_export( __DIR__ . '/wordpress.php', true ),
			var_export( __DIR__ . '/../../../wp-plugin/src/autoload.php', true ),
			$code
		);
		exec( escapeshellarg( PHP_BINARY ) . ' -r ' . escapeshellarg( $script ), $lines );
		$this->assertSame( array( 'first a', 'last a', 'first b', 'last b' ), array_slice( $lines, 0, 4 ) );
		$results = json_decode( $lines[4] ?? '', true );
		$this->assertSame( array( 'a', 'b' ), array_column( $results, 'id' ) );
		$this->assertSame( array( false, true ), array_column( $results, 'ok' ) );
		$this->assertStringContainsString( $error, $results[0]['error'] );
		$this->assertCount( 5, $lines, 'acknowledged once' );
	}
}
