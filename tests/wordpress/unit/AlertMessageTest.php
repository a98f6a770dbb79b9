<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\AlertMessage;

final class AlertMessageTest extends TestCase {

	protected function setUp(): void {
		FakeWordPress::$locales = array();
		FakeWordPress::$options = array( 'blogname' => 'Soup &amp; Sea 100%' );
	}

	/** @return iterable<array{string, string, array<string, mixed>, string}> */
	public function messages(): iterable {
		$data = array( 'value' => 1200.0, 'threshold' => 500.0, 'message' => 'of the engine' );
		yield array( 'high_traffic', 'raised', $data, 'Soup & Sea 100%: 1,200 visitors are active now (threshold: 500).' );
		yield array( 'high_traffic', 'level', $data, 'Soup & Sea 100%: traffic has risen further, 1,200 visitors are active now (threshold: 500).' );
		yield array( 'high_traffic', 'resolved', array( 'value' => 1 ) + $data, 'Soup & Sea 100%: the peak is over, 1 visitor is active now.' );
		yield array( 'test', 'raised', array( 'threshold' => null ) + $data, 'Soup & Sea 100%: this is a test. 1,200 visitors are active now.' );
		yield 'a type of a later engine' => array( 'slow_moon', 'raised', $data, 'of the engine' );
		yield 'no value' => array( 'high_traffic', 'raised', array( 'value' => null ) + $data, 'of the engine' );
		yield 'nothing at all' => array( 'high_traffic', 'raised', array(), '' );
	}

	/**
	 * @dataProvider messages
	 * @param array<string, mixed> $data
	 */
	public function test_the_message( string $type, string $transition, array $data, string $message ): void {
		$this->assertSame( $message, AlertMessage::of( $type, $transition, $data ) );
		$this->assertSame( array( 'en_US', 'restored' ), FakeWordPress::$locales, 'the site\'s language, for this sentence only' );
	}
}
