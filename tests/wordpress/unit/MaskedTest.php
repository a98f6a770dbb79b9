<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Masked;

/** Few groups, and nobody's data. */
final class MaskedTest extends TestCase {

	/** @return iterable<array{string, string}> */
	public function messages(): iterable {
		yield array( 'Undefined variable $total', 'Undefined variable $total' );
		yield array( 'Undefined array key "anna@example.com"', 'Undefined array key "…"' );
		yield array( 'Undefined array key 51', 'Undefined array key #' );
		yield array( 'Class "Acme\Shop\Cart" not found', 'Class "Acme\Shop\Cart" not found' );
		yield array( 'Class "anna@example.com" not found', 'Class "…" not found' );
		yield array( "Uncaught Exception: No order 1234 of 'Anna' in /srv/www/x.php:12\nStack trace:\n#0 /srv/www/x.php(3): pay('4242 4242')", "Uncaught Exception: No order # of '…'" );
		yield array( 'Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)', 'Allowed memory size of # bytes exhausted (tried to allocate # bytes)' );
		yield array( 'include(/wordpress/wp-content/plugins/acme/part.php): Failed to open stream: No such file or directory', 'include(wp-content/plugins/acme/part.php): Failed to open stream: No such file or directory' );
		yield array( 'fopen(/home/anna/private/list.csv): Failed to open stream', 'fopen(…/list.csv): Failed to open stream' );
		yield array( 'file_get_contents(https://anna:pw@api.example.com/v1?key=secret): Failed to open stream: HTTP request failed!', 'file_get_contents(https://api.example.com/…): Failed to open stream: HTTP request failed!' );
		yield array( 'Mail to anna.b+x@mail.example.com could not be sent', 'Mail to … could not be sent' );
		yield array( "Can't connect to the server, don't know why", "Can't connect to the server, don't know why" );
		yield array( 'Bad token a1b2c3d4e5f6a7b8 in md5() of utf8mb4', 'Bad token # in md5() of utf8mb4' );
		yield array( 'Not closed: "Anna', 'Not closed: "…"' );
		yield array( "Not closed: 'Anna", "Not closed: '…'" );
		yield array( 'This server&#8217;s <strong>clock</strong> is &lt;late&gt;, see <a href="https://example.com/anna">help</a>. <a href="cut', 'This server’s clock is <late>, see help.' );
		yield array( '', '' );
	}

	/** @dataProvider messages */
	public function test_messages( string $text, string $masked ): void {
		$this->assertSame( $masked, Masked::message( $text ) );
	}

	/** @return iterable<array{string, string}> */
	public function databases(): iterable {
		yield array( "Table 'shop.wp_nothing' doesn't exist", "Table 'wp_nothing' doesn't exist" );
		yield array( "Duplicate entry 'o'brien@example.com' for key 'wp_users.user_email'", "Duplicate entry '…' for key 'wp_users.user_email'" );
		yield array( "Unknown column 'colour' in 'where clause'", "Unknown column 'colour' in 'where clause'" );
		yield array( "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near 'anna' AND x\n= 'y'' at line 3", "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near '…' at line #" );
		yield array( "Data too long for column 'name' at row 1", "Data too long for column 'name' at row #" );
		yield array( "Incorrect integer value: 'Anna' for column 'id'", "Incorrect integer value: '…' for column 'id'" );
	}

	/** @dataProvider databases */
	public function test_messages_of_the_database( string $text, string $masked ): void {
		$this->assertSame( $masked, Masked::database( $text ) );
	}

	/** @return iterable<array{string, string}> */
	public function queries(): iterable {
		yield array( "SELECT *\n\tFROM wp_posts WHERE ID = 5 AND post_title = 'It\\'s O''Brien' -- x", 'SELECT * FROM wp_posts WHERE ID = ? AND post_title = ? -- x' );
		yield array( 'SELECT a FROM wp_2_posts WHERE ID IN (1, 2,3) LIMIT 0, 10', 'SELECT a FROM wp_2_posts WHERE ID IN (?, …) LIMIT ?, ?' );
		yield array( "INSERT INTO t (a,b) VALUES ('x', -1.5e3), ('y', 0xff), ('z', 1)", 'INSERT INTO t (a,b) VALUES (?, …), …' );
		yield array( 'SELECT /* anna */ "double ""quoted""" FROM `t1` WHERE md5 = 1', 'SELECT ? FROM `t1` WHERE md5 = ?' );
		yield array( "SELECT 'never closed", 'SELECT ?' );
		yield array( "SELECT 'never closed \\", 'SELECT ?' );
	}

	/** @dataProvider queries */
	public function test_queries( string $sql, string $shape ): void {
		$this->assertSame( $shape, Masked::query( $sql ) );
	}

	public function test_files(): void {
		$this->assertSame( 'wp-includes/x.php', Masked::file( ABSPATH . 'wp-includes/x.php' ) );
		$this->assertSame( 'wp-content/themes/a/b.php', Masked::file( '/wordpress/wp-content/themes/a/b.php' ) );
		$this->assertSame( 'wp-content/plugins/a/b.php', Masked::file( '/wordpress/wp-content/plugins/a/b.php' ) );
		$this->assertSame( '…/b.php', Masked::file( '/home/anna/b.php' ) );
		$this->assertSame( '…/b.php', Masked::file( 'C:\\Users\\Anna\\b.php' ) );
		$this->assertSame( 'Unknown', Masked::file( 'Unknown' ) );
		$GLOBALS['wp_plugin_paths'] = array();
	}

	/** Whatever comes: quickly, and without the secret in it. */
	public function test_odd_input_is_survived(): void {
		$odd = array( str_repeat( '\'', 100_000 ), str_repeat( '"\\', 100_000 ), str_repeat( '/', 100_000 ), str_repeat( '(?,', 100_000 ), "\xff\xfe'\x00", str_repeat( '9', 100_000 ), str_repeat( 'a', 100_000 ), 'SELECT \'' . str_repeat( 'secret', 100_000 ) . '\'', str_repeat( "near 'secret", 10_000 ), str_repeat( '/*', 50_000 ) );
		foreach ( $odd as $text ) {
			foreach ( array( 'message', 'database', 'query' ) as $method ) {
				$masked = Masked::$method( $text );
				$this->assertLessThanOrEqual( 40_000, strlen( $masked ) );
				$this->assertFalse( 'query' === $method && str_contains( $text, 'SELECT' ) && str_contains( $masked, 'secret' ), 'the value is gone' );
			}
			Masked::file( $text );
		}
	}
}
