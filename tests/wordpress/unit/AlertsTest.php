<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Alerts;

/** Claim after claim, one transition each, until nothing waits, or enough was done. */
final class AlertsTest extends TestCase {

	/** @var list<string> */
	private array $ran = array();

	protected function setUp(): void {
		FakeExtension::reset();
		remove_all_actions( 'qahm_realtime_alert' );
		add_action(
			'qahm_realtime_alert',
			function ( string $type, array $data ): void {
				$this->ran[] = $data['id'];
			},
			10,
			2
		);
	}

	/** @return list<array<string, mixed>> */
	private static function alert( string $id ): array {
		return array( array( 'transition' => 'raised', 'type' => 'test', 'attempt' => 1, 'data' => array( 'id' => $id ) ) );
	}

	public function test_it_claims_until_nothing_waits(): void {
		FakeExtension::$claims = array( self::alert( 'a' ), self::alert( 'b' ), self::alert( 'c' ) );
		$this->assertSame( 3, Alerts::deliver() );
		$this->assertSame( array( 'a', 'b', 'c' ), $this->ran );
		$this->assertSame( array( 1, 2, 3 ), array_column( FakeExtension::$acknowledged, 0 ), 'each claim is acknowledged before the next' );
		$this->assertCount( 4, FakeExtension::$leases );
		$this->assertSame( array( 40 ), array_values( array_unique( FakeExtension::$leases ) ) );
		$this->assertSame( 0, Alerts::deliver(), 'and can be asked again' );
	}

	public function test_a_request_does_not_work_for_ever(): void {
		FakeExtension::$claims = array_map( array( self::class, 'alert' ), array_map( 'strval', range( 1, 60 ) ) );
		$this->assertSame( 50, Alerts::deliver() );
		$this->assertCount( 10, FakeExtension::$claims );
	}

	public function test_it_stops_when_its_time_is_over(): void {
		FakeExtension::$claims = array( self::alert( 'a' ), self::alert( 'b' ), self::alert( 'c' ) );
		add_action(
			'qahm_realtime_alert',
			static function (): void {
				FakeExtension::$clock += 16_000_000_000;
			}
		);
		$this->assertSame( 2, Alerts::deliver(), 'thirty seconds, sixteen for each' );
	}

	public function test_what_the_engine_took_no_note_of_is_not_claimed_again(): void {
		FakeExtension::$notes  = false;
		FakeExtension::$claims = array( self::alert( 'a' ), self::alert( 'a' ) );
		$this->assertSame( 0, Alerts::deliver() );
		$this->assertSame( array( 'a' ), $this->ran );
	}

	public function test_the_longest_time_makes_no_lease_that_is_refused(): void {
		$lines = self::php( 'define("QAHM_REALTIME_MAX_EXECUTION_TIME", 3600); echo QahmRealtime\Alerts::deliver(), " ", FakeExtension::$leases[0];' );
		$this->assertSame( array( '0 3600' ), $lines );
	}

	public function test_after_a_handler_that_ends_the_request_its_claim_is_finished_and_no_other_begun(): void {
		$lines = self::php(
			'$alert = fn ($id) => [["transition" => "raised", "type" => "test", "data" => ["id" => $id]]];
			FakeExtension::$claims = [$alert("a"), $alert("b"), $alert("c")];
			add_action("qahm_realtime_alert", function ($type, $data) { if ("b" === $data["id"]) { exit; } }, 5, 2);
			add_action("qahm_realtime_alert", function ($type, $data) { echo $data["id"], "\n"; }, 9, 2);
			QahmRealtime\Alerts::deliver();'
			,
			'echo json_encode(array_map(fn ($one) => [$one[0], $one[1][0]["id"], $one[1][0]["ok"]], FakeExtension::$acknowledged)), " ", count(FakeExtension::$claims);'
		);
		$this->assertSame( array( 'a', 'b', '[[1,"a",true],[2,"b",false]] 1' ), $lines );
	}

	/** @return list<string> What a PHP of its own prints, at its very end too. */
	private static function php( string $code, string $end = '' ): array {
		$head = '';
		foreach ( array( 'wordpress.php', 'extension.php', '../../../wp-plugin/src/autoload.php' ) as $file ) {
			$head .= sprintf( 'require %s;', var_export( __DIR__ . "/$file", true ) );
		}
		$last = "register_shutdown_function(fn () => register_shutdown_function(function () { $end }));";
		exec( escapeshellarg( PHP_BINARY ) . ' -r ' . escapeshellarg( "define('ABSPATH', '/'); $head FakeExtension::reset(); $last $code" ), $lines );
		return $lines;
	}
}
