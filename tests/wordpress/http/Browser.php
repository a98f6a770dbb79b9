<?php
declare(strict_types=1);

/** What came back. */
final class Answer {
	/** @param array<string, list<string>> $headers By lower-case name. */
	public function __construct( public readonly int $status, public readonly array $headers, public readonly string $body ) {}

	public function header( string $name ): string {
		return implode( ', ', $this->headers[ strtolower( $name ) ] ?? array() );
	}

	public function json(): mixed {
		return json_decode( $this->body, true );
	}
}

/** A browser without scripts: keeps cookies, follows nothing. */
final class Browser {

	/** @var array<string, string> */
	public array $cookies = array();

	/** @var array<string, string> Sent with every request. */
	public array $headers = array();

	public function __construct( private readonly string $base, public string $agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' ) {}

	/** @param array<string, string> $headers */
	public function get( string $path, array $headers = array() ): Answer {
		return $this->send( 'GET', $path, null, $headers );
	}

	/**
	 * @param string|array<string, string> $body
	 * @param array<string, string>        $headers
	 */
	public function post( string $path, string|array $body = '', array $headers = array() ): Answer {
		return $this->send( 'POST', $path, is_array( $body ) ? http_build_query( $body ) : $body, $headers );
	}

	/** @param array<string, string> $headers */
	public function send( string $method, string $path, ?string $body = null, array $headers = array() ): Answer {
		$lines = array();
		foreach ( $headers + $this->headers as $name => $value ) {
			$lines[] = "$name: $value";
		}
		if ( $this->cookies ) {
			$lines[] = 'Cookie: ' . implode( '; ', array_map( static fn ( string $name, string $value ): string => "$name=$value", array_keys( $this->cookies ), $this->cookies ) );
		}
		$received = array();
		$curl     = curl_init( str_starts_with( $path, 'http' ) ? $path : $this->base . $path );
		curl_setopt_array(
			$curl,
			array(
				CURLOPT_RETURNTRANSFER => true,
				CURLOPT_CUSTOMREQUEST  => $method,
				CURLOPT_HTTPHEADER     => $lines,
				CURLOPT_USERAGENT      => $this->agent,
				CURLOPT_TIMEOUT        => 60,
				CURLOPT_HEADERFUNCTION => static function ( $curl, string $line ) use ( &$received ): int {
					if ( str_contains( $line, ':' ) ) {
						[ $name, $value ] = explode( ':', $line, 2 );
						$received[ strtolower( trim( $name ) ) ][] = trim( $value );
					}
					return strlen( $line );
				},
			) + ( null === $body ? array() : array( CURLOPT_POSTFIELDS => $body ) )
		);
		$text   = curl_exec( $curl );
		$status = (int) curl_getinfo( $curl, CURLINFO_RESPONSE_CODE );
		if ( false === $text ) {
			throw new RuntimeException( "$method $path: " . curl_error( $curl ) );
		}
		curl_close( $curl );
		foreach ( $received['set-cookie'] ?? array() as $cookie ) {
			[ $name, $value ] = explode( '=', explode( ';', $cookie )[0], 2 );
			if ( '' === $value || 1 === preg_match( '/expires=Thu, 01[ -]Jan[ -]1970|max-age=0/i', $cookie ) || ' ' === urldecode( $value ) ) {
				unset( $this->cookies[ $name ] );
			} else {
				$this->cookies[ $name ] = $value;
			}
		}
		return new Answer( $status, $received, $text );
	}

	public function login( string $user, string $password ): Answer {
		$this->cookies['wordpress_test_cookie'] = 'WP+Cookie+check';
		return $this->post( '/wp-login.php', array( 'log' => $user, 'pwd' => $password, 'testcookie' => '1' ) );
	}
}
