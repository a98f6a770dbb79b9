<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\ProxySnippet;

/** What the owner pastes into the web server's configuration: the site's path, the engine's address, nothing else. */
final class ProxySnippetTest extends TestCase {

	/** @return iterable<array{string, string, string}> */
	public function addresses(): iterable {
		yield array( 'nginx', 'unix:/run/qahm-realtime/33/live.sock', 'proxy_pass http://unix:/run/qahm-realtime/33/live.sock;' );
		yield array( 'nginx', '127.0.0.1:8089', 'proxy_pass http://127.0.0.1:8089;' );
		yield array( 'nginx', '[::1]:8089', 'proxy_pass http://[::1]:8089;' );
		yield array( 'apache', 'unix:/run/qahm-realtime/33/live.sock', 'unix:/run/qahm-realtime/33/live.sock|http://localhost' );
		yield array( 'apache', '127.0.0.1:8089', 'http://127.0.0.1:8089' );
		yield array( 'caddy', 'unix:/run/qahm-realtime/33/live.sock', 'unix//run/qahm-realtime/33/live.sock' );
		yield array( 'caddy', '127.0.0.1:8089', 'reverse_proxy 127.0.0.1:8089' );
	}

	/** @dataProvider addresses */
	public function test_path_and_address_are_filled_in( string $server, string $address, string $line ): void {
		$text = (string) ProxySnippet::text( $server, '/stats/live/', $address );
		$this->assertStringContainsString( $line, $text );
		$this->assertStringContainsString( '/stats/live/', $text );
		$this->assertStringNotContainsString( '{{', $text, 'nothing is left to fill in' );
	}

	public function test_an_address_that_could_be_something_else_is_not_shown(): void {
		foreach ( array( '', 'off', 'unix:', 'unix:relative', "unix:/a\n", 'unix:/a b', 'unix:/a;', "127.0.0.1:80\n}", '127.0.0.1', 'http://127.0.0.1:80', '{{prefix}}:80' ) as $address ) {
			$this->assertNull( ProxySnippet::text( 'nginx', '/qahm-live/', $address ), $address );
		}
		$this->assertNull( ProxySnippet::text( '../readme', '/qahm-live/', '127.0.0.1:80' ) );
	}

	public function test_the_server_is_known_by_its_name(): void {
		$names = array(
			'nginx/1.22.1'                   => 'nginx',
			'nginx'                          => 'nginx',
			'openresty/1.25.3.1'             => 'nginx',
			'Apache/2.4.57 (Debian)'         => 'apache',
			'Apache'                         => 'apache',
			'Caddy'                          => 'caddy',
			'FrankenPHP'                     => 'caddy',
			'LiteSpeed'                      => null,
			'PHP 8.2.0 Development Server'   => null,
			''                               => null,
			'mynginx'                        => null,
		);
		foreach ( $names as $software => $server ) {
			$this->assertSame( $server, ProxySnippet::server( (string) $software ), (string) $software );
		}
		$this->assertSame( array( 'apache', 'caddy', 'nginx' ), array_map( static fn ( string $file ): string => basename( $file, '.txt' ), glob( QahmRealtime\DIR . '/snippets/*.txt' ) ), 'each of them is known' );
	}
}
