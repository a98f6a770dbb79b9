<?php
declare(strict_types=1);

use QahmRealtime\Configuration;
use QahmRealtime\Goals;

/** Goals as the owner's filter gives them: what is valid is in force, what is not is named. */
final class GoalsTest extends SignalTestCase {

	/** @var Closure|null */
	private ?Closure $filter = null;

	protected function setUp(): void {
		parent::setUp();
		self::forget( Goals::class, 'read' );
		self::forget( Configuration::class, 'json' );
	}

	protected function tearDown(): void {
		if ( $this->filter ) {
			remove_filter( 'qahm_realtime_goals', $this->filter );
		}
		self::forget( Goals::class, 'read' );
		self::forget( Configuration::class, 'json' );
		parent::tearDown();
	}

	private function given( mixed $goals ): void {
		$this->filter = static fn (): mixed => $goals;
		add_filter( 'qahm_realtime_goals', $this->filter );
	}

	public function test_good_goals_are_in_the_configuration(): void {
		$this->given(
			array(
				'thanks' => array( 'value' => ' thanks/ ', 'type' => 'page', 'name' => 'Order', 'more' => 5 ),
				array( 'name' => 'Call', 'type' => 'selector', 'value' => 'a[href^="tel:"]' ),
			)
		);
		$goals = array( array( 'name' => 'Order', 'type' => 'page', 'value' => '/thanks/' ), array( 'name' => 'Call', 'type' => 'selector', 'value' => 'a[href^="tel:"]' ) );
		$this->assertSame( $goals, Goals::current() );
		$this->assertSame( array(), Goals::problems() );
		$this->assertSame( $goals, json_decode( Configuration::json(), true )['goals'] );
	}

	public function test_without_the_filter_there_are_none(): void {
		$this->assertSame( array(), json_decode( Configuration::json(), true )['goals'] );
		$this->assertSame( '', json_decode( Configuration::json(), true )['geoip_db'] );
	}

	public function test_bad_goals_are_named(): void {
		$good = array( 'name' => 'Order', 'type' => 'page', 'value' => '/' );
		$bad  = array( null, 'x', array(), array( 'name' => '' ) + $good, array( 'name' => str_repeat( 'x', 60 ) ) + $good, array( 'type' => 'click' ) + $good, array( 'type' => array() ) + $good, array( 'value' => "/a\nb" ) + $good, array( 'value' => 5 ) + $good, array( 'name' => "\xff" ) + $good, array( 'value' => str_repeat( 'x', 401 ) ) + $good, $good );
		$this->given( array( $good, ...$bad ) );
		$this->assertSame( array( $good ), Goals::current() );
		$this->assertCount( count( $bad ), Goals::problems() );
		$this->assertStringContainsString( '13', Goals::problems()[11] );
	}

	/** The tracker sends "goal:<name>", of which 64 bytes arrive. */
	public function test_the_longest_name(): void {
		$goal = array( 'name' => str_repeat( 'é', 29 ) . 'x', 'type' => 'selector', 'value' => '.buy' );
		$this->given( array( $goal ) );
		$this->assertSame( array( $goal ), Goals::current() );
		$this->assertSame( 64, strlen( 'goal:' . $goal['name'] ) );
	}

	public function test_twenty_goals(): void {
		$this->given( array_map( static fn ( int $n ): array => array( 'name' => "g$n", 'type' => 'event', 'value' => 'e' ), range( 1, 22 ) ) );
		$this->assertCount( 20, Goals::current() );
		$this->assertCount( 2, Goals::problems() );
	}

	public function test_a_filter_that_gives_no_list(): void {
		$this->given( 'nonsense' );
		$this->assertSame( array(), Goals::current() );
	}
}
