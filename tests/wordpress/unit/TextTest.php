<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Text;

/** Texts are cut between characters, with and without the extension mbstring. */
final class TextTest extends TestCase {

	/** @return iterable<array{string, int, string}> */
	public function texts(): iterable {
		yield array( '', 4, '' );
		yield array( 'abcd', 4, 'abcd' );
		yield array( 'abcde', 4, 'abcd' );
		yield array( 'abcé', 4, 'abc' );
		yield array( 'abé', 4, 'abé' );
		yield array( 'a€€', 4, 'a€' );
		yield array( '€€', 4, '€' );
		yield array( '😀', 3, '' );
		yield array( 'a😀b', 4, 'a' );
		yield array( 'a😀b', 5, 'a😀' );
		yield array( 'é', 0, '' );
	}

	/** @dataProvider texts */
	public function test_between_characters( string $text, int $bytes, string $left ): void {
		$this->assertSame( $left, Text::cut( $text, $bytes ) );
		$this->assertSame( $left, Text::cut_plainly( $text, $bytes ) );
	}

	public function test_what_is_no_utf8_is_cut_too(): void {
		$this->assertLessThanOrEqual( 8, strlen( Text::cut_plainly( str_repeat( "\x80", 20 ), 8 ) ) );
	}
}
