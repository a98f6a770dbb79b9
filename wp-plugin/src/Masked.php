<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Messages and queries without what is different each time: values, numbers, places. What is left makes few groups and names nobody.
 */
final class Masked {

	/** Bytes that are looked at. */
	private const MESSAGE_MAX = 2000;
	private const QUERY_MAX   = 20000;

	/** Words after which a quoted text is a name in the code, not a value. */
	private const CODE = '(?:class|interface|trait|enum|constant|method|function) ';

	/** The same in a database's message. */
	private const STRUCTURE = '(?:table|column|key|field|in|database|function|procedure|index) ';

	/**
	 * A message of PHP.
	 *
	 * @param string $text As PHP gave it, with the trace of an exception.
	 */
	public static function message( string $text ): string {
		// The arguments in a trace are values, and it begins in the second line.
		$line = strtok( substr( $text, 0, self::MESSAGE_MAX ), "\r\n" );
		$line = self::replace( '~ in \S+:\d+$~', '', (string) $line );
		// WordPress's own warnings are written in HTML.
		$line = self::replace( '~</?(?:a|abbr|b|br|code|em|i|li|ol|p|pre|small|span|strong|ul)\b[^>]*(?:>|$)~i', '', html_entity_decode( $line, ENT_QUOTES | ENT_HTML5, 'UTF-8' ) );
		return self::numbers( self::places( self::quoted( $line, self::CODE ) ) );
	}

	/**
	 * A message of the database.
	 *
	 * @param string $text As $wpdb gave it.
	 */
	public static function database( string $text ): string {
		$text = substr( $text, 0, self::MESSAGE_MAX );
		// Values that may have quotes themselves.
		$text = self::replace( '~(Duplicate entry )\'.*\'( for key )~s', '$1\'…\'$2', $text );
		$text = self::replace( '~( near )\'.*\'?( at line )~s', '$1\'…\'$2', $text );
		$text = self::replace( '~(Table )\'[^\'.]*\.~i', '$1\'', $text ); // The name of the database.
		return self::numbers( self::places( self::quoted( self::replace( '~\s+~', ' ', $text ), self::STRUCTURE ) ) );
	}

	/**
	 * The shape of a query: every value is a question mark, every list of them one.
	 *
	 * @param string $sql The query.
	 */
	public static function query( string $sql ): string {
		$sql = substr( $sql, 0, self::QUERY_MAX );
		$sql = self::replace( '~/\*.*?(?:\*/|$)~s', ' ', $sql );
		$sql = self::replace( '~\'(?:[^\'\\\\]++|\\\\.|\'\')*+(?:\'|\\\\?$)|"(?:[^"\\\\]++|\\\\.|"")*+(?:"|\\\\?$)~s', '?', $sql );
		$sql = self::replace( '~(?<![\w`])(?:0x[0-9a-f]+|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b~i', '?', $sql );
		$sql = self::replace( '~\s+~', ' ', $sql );
		$sql = self::replace( '~\( ?\?(?: ?, ?\?)+ ?\)~', '(?, …)', $sql );
		$sql = self::replace( '~(\(\?, …\)|\(\?\))(?: ?, ?\1)+~', '$1, …', $sql );
		return trim( $sql );
	}

	/**
	 * A file's path from where WordPress is, or from its content folder where that is elsewhere; only the name of any other file.
	 *
	 * @param string $file An absolute path.
	 */
	public static function file( string $file ): string {
		$file = str_replace( '\\', '/', $file );
		foreach ( self::roots() as $root => $name ) {
			if ( str_starts_with( $file, $root ) ) {
				return $name . substr( $file, strlen( $root ) );
			}
		}
		$slash = strrpos( $file, '/' );
		return false === $slash ? $file : '…' . substr( $file, $slash );
	}

	/**
	 * Folders with the names they are shown by, the longest first. PHP names files by where links lead.
	 *
	 * @return array<string, string>
	 */
	private static function roots(): array {
		static $roots = null;
		if ( null === $roots ) {
			$roots   = array();
			$folders = array( ABSPATH => '' );
			if ( defined( 'WP_CONTENT_DIR' ) ) {
				$folders[ WP_CONTENT_DIR ] = 'wp-content/';
			}
			if ( defined( 'WP_PLUGIN_DIR' ) ) {
				$folders[ WP_PLUGIN_DIR ] = 'wp-content/plugins/';
			}
			foreach ( is_array( $GLOBALS['wp_plugin_paths'] ?? null ) ? $GLOBALS['wp_plugin_paths'] : array() as $folder => $real ) {
				$folders[ (string) $real ] = 'wp-content/plugins/' . basename( (string) $folder ) . '/';
			}
			foreach ( $folders as $folder => $name ) {
				foreach ( array( $folder, (string) realpath( $folder ) ) as $path ) {
					$path = rtrim( str_replace( '\\', '/', $path ), '/' ) . '/';
					if ( '/' !== $path ) {
						$roots[ $path ] = $name;
					}
				}
			}
			uksort( $roots, static fn ( string $a, string $b ): int => strlen( $b ) <=> strlen( $a ) );
		}
		return $roots;
	}

	/**
	 * Without what stands in quotes, names aside. An apostrophe within a word is none.
	 *
	 * @param string $text  One line.
	 * @param string $names Expression for the words before a name.
	 */
	private static function quoted( string $text, string $names ): string {
		$found = preg_replace_callback(
			'~(' . $names . ')?(?:(?<![A-Za-z0-9])\'(.*?)(?:\'(?![A-Za-z0-9])|$)|"([^"]*)(?:"|$)|`([^`]*)(?:`|$))~i',
			static function ( array $match ): string {
				$inner = $match[4] ?? $match[3] ?? $match[2] ?? '';
				$quote = $match[0][ strlen( $match[1] ) ];
				return '' !== $match[1] && 1 === preg_match( '~^[A-Za-z_][\w\\\\:. -]*$~D', $inner ) ? $match[0] : $match[1] . $quote . '…' . $quote;
			},
			$text
		);
		return $found ?? '';
	}

	/**
	 * Without hosts' secrets, mail addresses and absolute paths.
	 *
	 * @param string $text One line.
	 */
	private static function places( string $text ): string {
		$text  = self::replace( '~\b([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s/?\#\'")]*)[^\s\'")]*~i', '$1$2/…', $text );
		$text  = self::replace( '~[^\s"\'<>()=,;:]+@[^\s"\'<>()=,;:]+~', '…', $text );
		$found = preg_replace_callback( '~(?<![\w/:.…])(?:[A-Za-z]:[\\\\/]|/)[^\s:()\'",;]*[\\\\/][^\s:()\'",;]*~', static fn ( array $match ): string => self::file( $match[0] ), $text );
		return $found ?? '';
	}

	/**
	 * Without numbers and what looks like a key, but for the digits of names such as utf8mb4.
	 *
	 * @param string $text One line.
	 */
	private static function numbers( string $text ): string {
		$text = self::replace( '~\b(?=[a-z_-]*\d)(?:[0-9a-f]{8,}|[\w+=-]{32,})(?![\w+=-])~i', '#', $text );
		return trim( self::replace( '~(?<![A-Za-z_\d])\d[\d.,]*(?<![.,])|\d{3,}~', '#', $text ) );
	}

	/**
	 * Replaces. What an expression cannot work on is left out altogether.
	 *
	 * @param string $expression  With delimiters.
	 * @param string $replacement What comes in its place.
	 * @param string $text        Where.
	 */
	private static function replace( string $expression, string $replacement, string $text ): string {
		return preg_replace( $expression, $replacement, $text ) ?? '';
	}
}
