<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What a web server needs to pass the live channel on to the engine, with this site's path and the engine's address filled
 * in. The texts are the files in snippets/, which the tests run.
 */
final class ProxySnippet {

	/** Name of the file => name of the server. */
	public const SERVERS = array(
		'nginx'  => 'nginx',
		'apache' => 'Apache',
		'caddy'  => 'Caddy',
	);

	/** What the server calls itself => name of the file. */
	private const KNOWN = array(
		'nginx'      => 'nginx',
		'openresty'  => 'nginx',
		'angie'      => 'nginx',
		'tengine'    => 'nginx',
		'apache'     => 'apache',
		'caddy'      => 'caddy',
		'frankenphp' => 'caddy',
	);

	/** What may stand in a configuration as it is: a socket of this machine, or an address with a port. */
	private const ADDRESS = '~^(?:unix:/[A-Za-z0-9._/-]+|(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5})$~D';

	/**
	 * The server that PHP runs behind.
	 *
	 * @param string $software $_SERVER['SERVER_SOFTWARE'].
	 * @return string|null A key of SERVERS, null for another one.
	 */
	public static function server( string $software ): ?string {
		$name = strtolower( (string) preg_replace( '/[^A-Za-z].*$/s', '', $software ) );
		return self::KNOWN[ $name ] ?? null;
	}

	/**
	 * The part of the configuration.
	 *
	 * @param string $server  A key of SERVERS.
	 * @param string $prefix  The site's path of the channel.
	 * @param string $address Where the engine listens, as it says: unix:/path or host:port.
	 * @return string|null null when the address cannot stand there.
	 */
	public static function text( string $server, string $prefix, string $address ): ?string {
		if ( ! isset( self::SERVERS[ $server ] ) || 1 !== preg_match( self::ADDRESS, $address ) ) {
			return null;
		}
		$text = file_get_contents( DIR . "/snippets/$server.txt" ); // phpcs:ignore WordPress.WP.AlternativeFunctions.file_get_contents_file_get_contents -- a file of the plugin.
		if ( false === $text ) {
			return null;
		}
		return strtr(
			$text,
			array(
				'{{prefix}}'  => $prefix,
				'{{address}}' => self::in_words_of( $server, $address ),
			)
		);
	}

	/**
	 * Address of the engine as a server writes it.
	 *
	 * @param string $server  A key of SERVERS.
	 * @param string $address Where the engine listens.
	 */
	private static function in_words_of( string $server, string $address ): string {
		$socket = str_starts_with( $address, 'unix:' );
		return match ( $server ) {
			'apache' => $socket ? $address . '|http://localhost' : 'http://' . $address,
			'caddy'  => $socket ? 'unix/' . substr( $address, strlen( 'unix:' ) ) : $address,
			default  => $address,
		};
	}
}
