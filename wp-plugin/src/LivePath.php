<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The path under which the web server passes the live channel on to the engine, and whether it does: a nonce must come back.
 *
 * Looked at by requests that no visitor waits for: WordPress's cron, pages and routes that have to do with the channel, Site
 * Health. Dashboards find their way by themselves, whatever is known here.
 */
final class LivePath {

	/** What the last look found; not autoloaded: no page of the site needs it. */
	public const OPTION = 'qahm_realtime_live_path';

	/** Seconds that a look may take, and until the next one: after a good one, and after the first of several that failed. */
	private const PATIENCE = 2;
	private const GOOD     = 86400;
	private const FAILED   = 300;

	/** Bytes of an error message. */
	private const MESSAGE_MAX = 200;

	/**
	 * The path: begins and ends with a slash. null when the owner wants none.
	 */
	public static function prefix(): ?string {
		$prefix = (string) Settings::value( 'LIVE_PATH' );
		return '' === $prefix ? null : $prefix;
	}

	/**
	 * The address of the channel, on the origin that dashboards are opened under.
	 *
	 * @param string $prefix The path.
	 */
	public static function url( string $prefix ): string {
		return Site::origin( admin_url() ) . $prefix;
	}

	/**
	 * What the last look found.
	 *
	 * @return array{prefix: string, works: bool, at: int, since: int, latency: int, reason: string, detail: string, failures: int}
	 *         `at`: Unix time, 0 before the first one. `since`: when a look first found what all have found since then. `latency`: milliseconds. `reason`: '' when it works, 'status' (`detail`
	 *         says which), 'echo' (somebody else answers) or 'error' (the site cannot reach itself; `detail` says why).
	 */
	public static function state(): array {
		$stored = get_option( self::OPTION );
		$blank  = array(
			'prefix'   => '',
			'works'    => false,
			'at'       => 0,
			'since'    => 0,
			'latency'  => 0,
			'reason'   => '',
			'detail'   => '',
			'failures' => 0,
		);
		$state  = $blank;
		foreach ( is_array( $stored ) ? $stored : array() as $name => $value ) {
			if ( isset( $blank[ $name ] ) && gettype( $value ) === gettype( $blank[ $name ] ) ) {
				$state[ $name ] = $value;
			}
		}
		return self::prefix() === $state['prefix'] ? $state : $blank; // Of another path it says nothing.
	}

	/**
	 * Has this request look when it has been answered, if it is time to. Afterwards does so in every request that has loaded
	 * this class, for it has to do with the channel: there is nothing else to do.
	 */
	public static function look_afterwards(): void {}

	/**
	 * Looks if it is time to.
	 */
	public static function tend(): void {
		if ( null === self::prefix() || ! Extension::loaded() ) {
			return;
		}
		$state = self::state();
		// A browser that got through since is news, but not where the site cannot reach itself: that is another way.
		$news = ! $state['works'] && 'error' !== $state['reason'] && Rungs::pushed() > $state['at'];
		if ( $news || self::due( $state ) ) {
			self::test();
		}
	}

	/**
	 * Looks now.
	 *
	 * @return array{prefix: string, works: bool, at: int, since: int, latency: int, reason: string, detail: string, failures: int} As state().
	 */
	public static function test(): array {
		$prefix = self::prefix();
		$before = self::state();
		if ( null === $prefix ) {
			return $before;
		}
		// First, so that not every request of the next two seconds looks, too.
		update_option( self::OPTION, array( 'prefix' => $prefix, 'at' => time() ) + $before, false );
		$nonce  = bin2hex( random_bytes( 16 ) );
		$begun  = hrtime( true );
		$answer = wp_remote_get(
			self::url( $prefix ) . 'probe?nonce=' . $nonce,
			array(
				'timeout'     => self::PATIENCE,
				'redirection' => 0,
				'sslverify'   => false, // As WordPress's own loopback requests.
			)
		);
		$found  = self::judge( $answer, $nonce );
		$works  = '' === $found[0];
		$state  = array(
			'prefix'   => $prefix,
			'works'    => $works,
			'at'       => time(),
			'since'    => $works === $before['works'] && 0 !== $before['at'] ? $before['since'] : time(),
			'latency'  => intdiv( hrtime( true ) - $begun, 1_000_000 ),
			'reason'   => $found[0],
			'detail'   => $found[1],
			'failures' => $works ? 0 : $before['failures'] + 1,
		);
		update_option( self::OPTION, $state, false );
		return $state;
	}

	/**
	 * What an answer says.
	 *
	 * @param mixed  $answer Of wp_remote_get().
	 * @param string $nonce  What must come back.
	 * @return array{string, string} Reason and detail, as in state().
	 */
	private static function judge( mixed $answer, string $nonce ): array {
		if ( is_wp_error( $answer ) ) {
			return array( 'error', substr( sanitize_text_field( $answer->get_error_message() ), 0, self::MESSAGE_MAX ) );
		}
		$status = (int) wp_remote_retrieve_response_code( $answer );
		if ( 200 !== $status ) {
			return array( 'status', (string) $status );
		}
		$echo = json_decode( (string) wp_remote_retrieve_body( $answer ), true );
		return is_array( $echo ) && $nonce === ( $echo['nonce'] ?? null ) ? array( '', '' ) : array( 'echo', '' );
	}

	/**
	 * Whether it is time for another look. A site without the channel is not asked for ever: the pauses double, up to a day.
	 *
	 * @param array{works: bool, at: int, failures: int} $state As state().
	 */
	private static function due( array $state ): bool {
		$pause = $state['works'] ? self::GOOD : min( self::GOOD, self::FAILED * 2 ** min( 10, max( 0, $state['failures'] - 1 ) ) );
		return time() >= $state['at'] + $pause;
	}
}
