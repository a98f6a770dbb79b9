<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Site Health's test of the live channel: which way works, how fast, why others do not, and what the web server needs.
 */
final class LiveHealth {

	/** Seconds within which a report of a browser says something of today. */
	private const TODAY = 86400;

	/**
	 * The test. Looks at the channel from the site itself, which may take two seconds.
	 *
	 * @return array<string, mixed>
	 */
	public static function test(): array {
		$prefix = LivePath::prefix();
		if ( null === $prefix ) {
			return SiteHealth::result( 'live', 'good', __( 'The live channel is switched off', 'qahm-realtime' ), array( self::polled(), self::setting() ) );
		}
		$status  = Extension::status();
		$listen  = is_string( $status['listen'] ?? null ) ? $status['listen'] : '';
		$path    = LivePath::test();
		$reports = array_filter( Rungs::all(), static fn ( array $report ): bool => $report['time'] > time() - self::TODAY );
		$pushed  = array_filter( array_diff_key( $reports, array( 'polling' => true ) ), static fn ( array $report ): bool => $report['time'] >= self::failing_since( $path ) );
		$lines   = array( self::seen_from_the_site( $path, $prefix ), ...self::seen_by_browsers( $reports ) );
		if ( array() !== $pushed || ( $path['works'] && ! isset( $reports['polling'] ) ) ) {
			return SiteHealth::result( 'live', 'good', __( 'The live channel works', 'qahm-realtime' ), $lines );
		}
		$folder = self::unanswered( $path ) ? SocketFolder::missing( $status ) : null;
		$lines  = array( self::polled(), ...$lines, self::cure( $path, $listen, explode( ' ', (string) ( $status['user'] ?? '' ) )[0], $folder ) );
		$html   = $path['works'] ? '' : self::snippets( $prefix, $listen, $folder );
		return SiteHealth::result( 'live', 'recommended', __( 'Dashboards poll, because the live channel does not reach them', 'qahm-realtime' ), $lines, $html );
	}

	/**
	 * Since when the site has known that the path fails. What browsers say later counts all the same: the site's own
	 * requests may take another way than theirs.
	 *
	 * @param array<string, mixed> $path As LivePath::state().
	 */
	private static function failing_since( array $path ): int {
		return $path['works'] || 'error' === $path['reason'] ? 0 : $path['since'];
	}

	/**
	 * Whether the web server passes the path on, but gets no answer.
	 *
	 * @param array<string, mixed> $path As LivePath::state().
	 */
	private static function unanswered( array $path ): bool {
		return 'status' === $path['reason'] && in_array( $path['detail'], array( '502', '503', '504' ), true );
	}

	/**
	 * The name of a way.
	 *
	 * @param string $rung One of Rungs::NAMES.
	 */
	public static function name( string $rung ): string {
		return match ( $rung ) {
			'websocket' => __( 'WebSocket', 'qahm-realtime' ),
			'events'    => __( 'Server-sent events', 'qahm-realtime' ),
			default     => __( 'Polling', 'qahm-realtime' ),
		};
	}

	/**
	 * What it means that nothing is pushed.
	 */
	private static function polled(): string {
		$interval = (int) Settings::value( 'UPDATE_INTERVAL' );
		return sprintf(
			/* translators: %s: a number of seconds. */
			_n( 'Dashboards ask the server every %s second instead of being told at once.', 'Dashboards ask the server every %s seconds instead of being told at once.', $interval, 'qahm-realtime' ),
			number_format_i18n( $interval )
		);
	}

	/**
	 * Where the path is set.
	 */
	private static function setting(): string {
		/* translators: %s: name of a constant. */
		return sprintf( __( '%s sets its path.', 'qahm-realtime' ), Settings::PREFIX . 'LIVE_PATH' );
	}

	/**
	 * What the site's own request found.
	 *
	 * @param array<string, mixed> $path   As LivePath::state().
	 * @param string               $prefix The path.
	 */
	private static function seen_from_the_site( array $path, string $prefix ): string {
		$url = LivePath::url( $prefix );
		if ( $path['works'] ) {
			/* translators: 1: an address, 2: a number of milliseconds. */
			return sprintf( __( '%1$s reaches the engine (%2$s ms from the site itself).', 'qahm-realtime' ), $url, number_format_i18n( $path['latency'] ) );
		}
		return match ( $path['reason'] ) {
			/* translators: 1: an address, 2: an error message. */
			'error' => sprintf( __( '%1$s could not be tested, because the site cannot reach itself: %2$s', 'qahm-realtime' ), $url, $path['detail'] ),
			/* translators: %s: an address. */
			'echo'  => sprintf( __( '%s is answered by something else than the engine.', 'qahm-realtime' ), $url ),
			/* translators: 1: an address, 2: a status code of HTTP such as 404. */
			default => sprintf( __( '%1$s is answered with HTTP status %2$s.', 'qahm-realtime' ), $url, $path['detail'] ),
		};
	}

	/**
	 * What browsers reported, the latest first: each way that worked, and what was last said of the others.
	 *
	 * @param array<string, array{time: int, latency: int|null, reasons: array<string, string>}> $reports As Rungs::all().
	 * @return list<string>
	 */
	private static function seen_by_browsers( array $reports ): array {
		if ( array() === $reports ) {
			return array( __( 'No dashboard has reported yet which way works in a browser.', 'qahm-realtime' ) );
		}
		uasort( $reports, static fn ( array $one, array $other ): int => $other['time'] <=> $one['time'] );
		$lines  = array();
		$failed = array();
		foreach ( $reports as $rung => $report ) {
			$ago     = human_time_diff( $report['time'] );
			$lines[] = null === $report['latency']
				/* translators: 1: a way such as WebSocket, 2: a time such as "5 minutes". */
				? sprintf( __( '%1$s worked in a browser %2$s ago.', 'qahm-realtime' ), self::name( $rung ), $ago )
				/* translators: 1: a way such as WebSocket, 2: a time such as "5 minutes", 3: a number of milliseconds. */
				: sprintf( __( '%1$s worked in a browser %2$s ago (%3$s ms there and back).', 'qahm-realtime' ), self::name( $rung ), $ago, number_format_i18n( $report['latency'] ) );
			foreach ( $report['reasons'] as $other => $reason ) {
				/* translators: 1: a way such as WebSocket, 2: a time such as "5 minutes", 3: a reason or an error message. */
				$failed += array( $other => sprintf( __( '%1$s did not work in a browser %2$s ago: %3$s', 'qahm-realtime' ), self::name( $other ), $ago, Rungs::in_words( $reason ) ) );
			}
		}
		return array( ...$lines, ...array_values( $failed ) );
	}

	/**
	 * What to do.
	 *
	 * @param array<string, mixed> $path   As LivePath::state().
	 * @param string               $listen Where the engine says it listens.
	 * @param string               $user   Name of the user that PHP and the engine run as.
	 * @param SocketFolder|null    $folder The folder that a web server of another user lacks.
	 */
	private static function cure( array $path, string $listen, string $user, ?SocketFolder $folder ): string {
		if ( 'off' === $listen ) {
			return __( 'The engine listens nowhere, because the PHP setting qahm_realtime.listen says so. With the value auto it listens on a socket of its own.', 'qahm-realtime' );
		}
		if ( '' === $listen ) {
			return __( 'The engine does not say where it listens: it is not running, or could not. The test of extension and engine says more.', 'qahm-realtime' );
		}
		if ( $path['works'] ) {
			return __( 'The path is right. Something between the server and browsers (a CDN, a proxy, an extension) keeps connections from staying open.', 'qahm-realtime' );
		}
		if ( ! self::unanswered( $path ) ) {
			return __( 'The web server must pass this path on to the engine. Its configuration needs the following lines.', 'qahm-realtime' );
		}
		return null === $folder
			/* translators: 1: an address such as unix:/run/live.sock, 2: name of a Unix user. */
			? sprintf( __( 'The web server passes the path on, but gets no answer; its error log says why. "No such file" or "Connection refused": its configuration must name the address at which the engine listens, %1$s, as the following lines do. "Permission denied": the engine runs as the user %2$s, and the web server\'s user must be allowed to enter that folder and be a member of the socket\'s group.', 'qahm-realtime' ), $listen, $user )
			/* translators: 1: an address such as unix:/run/live.sock, 2: name of a Unix user. */
			: sprintf( __( 'The web server passes the path on, but gets no answer; its error log says why. "No such file" or "Connection refused": its configuration must name the address at which the engine listens, %1$s. "Permission denied": the web server runs as another user than PHP (%2$s), which alone may enter that folder. Then the socket needs another one, in four steps:', 'qahm-realtime' ), $listen, $user );
	}

	/**
	 * The lines for the web server: of the one that is in use, or of each; before them how the folder is made, if one is
	 * missing. Safe HTML.
	 *
	 * @param string            $prefix The path.
	 * @param string            $listen Where the engine says it listens.
	 * @param SocketFolder|null $folder The folder.
	 */
	private static function snippets( string $prefix, string $listen, ?SocketFolder $folder ): string {
		$software = $_SERVER['SERVER_SOFTWARE'] ?? ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- compared only.
		$server   = ProxySnippet::server( is_string( $software ) ? $software : '' );
		$html     = null === $folder ? '' : self::unfolded( __( 'A folder for the socket', 'qahm-realtime' ), $folder->lines( $server ), true );
		foreach ( null === $server ? array_keys( ProxySnippet::SERVERS ) : array( $server ) as $name ) {
			$text = ProxySnippet::text( $name, $prefix, null === $folder ? $listen : $folder->address() );
			if ( null !== $text ) {
				/* translators: %s: name of a web server. */
				$html .= self::unfolded( sprintf( __( 'Configuration for %s', 'qahm-realtime' ), ProxySnippet::SERVERS[ $name ] ), $text, null !== $server );
			}
		}
		return $html;
	}

	/**
	 * Text to copy, under a heading that folds it. Safe HTML.
	 *
	 * @param string $label Heading.
	 * @param string $text  Text.
	 * @param bool   $open  Whether it is unfolded.
	 */
	private static function unfolded( string $label, string $text, bool $open ): string {
		return sprintf(
			'<details%1$s><summary>%2$s</summary><p><textarea class="large-text code" rows="12" wrap="off" dir="ltr" readonly aria-label="%3$s">%4$s</textarea></p></details>',
			$open ? ' open' : '',
			esc_html( $label ),
			esc_attr( $label ),
			esc_textarea( $text )
		);
	}
}
