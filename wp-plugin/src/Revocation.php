<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Has the engine end tokens that it would still accept for up to ten minutes: live.php and the channel ask no WordPress.
 *
 * What happens in a request is collected and told once the answer has been sent. What the engine could not be told is
 * tried again by later requests, as long as such tokens may live. A PHP without the extension (WP-CLI's may be another one
 * than the site's) can only keep it for them.
 */
final class Revocation {

	/** Every user of a site. */
	public const EVERYBODY = 0;

	/** Autoloaded, there only while something could not be told: "time:site:user", with commas between them. */
	public const OPTION = Afterwards::UNTOLD;

	/** Users of one site in one request; with more of them, everybody's end. Entries of the option. */
	private const MOST = 100;

	/** Milliseconds for all of them, the first time and when tried again. */
	private const PATIENCE       = 1000;
	private const PATIENCE_AGAIN = 100;

	/** Nanoseconds after which a long request no longer waits for its end. */
	private const LONG = 500_000_000;

	/** Seconds that a chain of tokens lives. */
	private const CHAIN = 600;

	/** @var array<int, array<int, true>> Users by blog. */
	private static array $waiting = array();

	/** When the first of them came, on the clock of hrtime(). */
	private static int $since = 0;

	/** Whether the end of this request is seen to. */
	private static bool $armed = false;

	/**
	 * Ends a user's tokens.
	 *
	 * @param int       $user  User id, or EVERYBODY.
	 * @param list<int> $blogs On these blogs.
	 */
	public static function of( int $user, array $blogs ): void {
		if ( array() === $blogs || $user < 0 ) {
			return;
		}
		if ( array() === self::$waiting ) {
			self::$since = hrtime( true );
		}
		foreach ( $blogs as $blog ) {
			self::$waiting[ $blog ][ $user ] = true;
			if ( isset( self::$waiting[ $blog ][ self::EVERYBODY ] ) || count( self::$waiting[ $blog ] ) > self::MOST ) {
				self::$waiting[ $blog ] = array( self::EVERYBODY => true );
			}
		}
		self::arm();
		if ( hrtime( true ) - self::$since >= self::LONG ) {
			self::send();
		}
	}

	/**
	 * At the end of the request: lets the visitor go, then tells the engine.
	 */
	public static function finish(): void {
		self::$armed = false;
		if ( array() !== self::$waiting ) {
			Afterwards::finish_request();
			self::send();
		}
	}

	/**
	 * Tells what earlier requests could not.
	 */
	public static function again(): void {
		$stored = wp_load_alloptions()[ self::OPTION ] ?? null; // get_option() would ask the database for it.
		if ( ! is_string( $stored ) ) {
			return;
		}
		preg_match_all( '/\b(\d{1,12}):([0-9a-f]{16}):(\d{1,20})\b/', $stored, $entries, PREG_SET_ORDER );
		$alive = array_filter( $entries, static fn ( array $entry ): bool => (int) $entry[1] > time() - self::CHAIN );
		$left  = self::tell( array_map( static fn ( array $entry ): array => array( (int) $entry[1], $entry[2], (int) $entry[3] ), $alive ), self::PATIENCE_AGAIN );
		self::store( $left, $stored );
	}

	/**
	 * Tells the engine what waits.
	 */
	private static function send(): void {
		$entries = array();
		foreach ( self::$waiting as $blog => $users ) {
			$site = get_current_blog_id() === $blog ? Site::id() : Site::id_of( (string) get_blog_option( $blog, 'home' ), $blog );
			foreach ( array_keys( $users ) as $user ) {
				$entries[] = array( time(), $site, $user );
			}
		}
		self::$waiting = array();
		$left          = self::tell( $entries, self::PATIENCE );
		if ( array() !== $left ) {
			$stored = wp_load_alloptions()[ self::OPTION ] ?? '';
			self::store( $left, is_string( $stored ) ? $stored : '', true );
		}
	}

	/**
	 * Tells the engine.
	 *
	 * @param array<array{int, string, int}> $entries  Time, site, user.
	 * @param int                            $patience Milliseconds for all of them.
	 * @return list<array{int, string, int}> Those that it did not take.
	 */
	private static function tell( array $entries, int $patience ): array {
		if ( ! Extension::loaded() ) {
			return array_values( $entries );
		}
		$end  = hrtime( true ) + $patience * 1_000_000;
		$left = array();
		foreach ( $entries as $entry ) {
			$time   = intdiv( $end - hrtime( true ), 1_000_000 );
			$answer = $time < 1 ? null : json_decode( (string) qahm_realtime_command( $entry[1], '{"do":"revoke","user":' . $entry[2] . '}', $time ), true );
			$final  = is_array( $answer ) && ( true === ( $answer['ok'] ?? false ) || in_array( $answer['code'] ?? '', array( 'unknown-site', 'bad-request' ), true ) );
			if ( ! $final ) {
				$left[] = $entry;
			}
		}
		return $left;
	}

	/**
	 * Keeps what is left for later requests.
	 *
	 * @param list<array{int, string, int}> $left   What could not be told.
	 * @param string                        $stored What the option holds.
	 * @param bool                          $more   Whether that stays, too.
	 */
	private static function store( array $left, string $stored, bool $more = false ): void {
		$texts = array_map( static fn ( array $entry ): string => implode( ':', $entry ), $left );
		if ( $more && '' !== $stored ) {
			$texts = array( ...explode( ',', $stored ), ...$texts );
		}
		if ( count( $texts ) > self::MOST ) {
			$sites = array_unique( array_map( static fn ( string $text ): string => explode( ':', $text )[1] ?? '', $texts ) );
			$texts = array_map( static fn ( string $site ): string => implode( ':', array( time(), $site, self::EVERYBODY ) ), array_slice( $sites, 0, self::MOST ) );
		}
		$text = implode( ',', $texts );
		if ( '' === $text ) {
			delete_option( self::OPTION );
		} elseif ( $text !== $stored ) {
			update_option( self::OPTION, $text, true );
		}
	}

	/**
	 * Sees to the end of the request, behind whatever others have registered for it.
	 */
	private static function arm(): void {
		if ( self::$armed ) {
			return;
		}
		self::$armed = true;
		$register    = static fn () => register_shutdown_function( array( self::class, 'finish' ) );
		if ( did_action( 'shutdown' ) ) {
			$register();
		} else {
			add_action( 'shutdown', $register, PHP_INT_MAX );
		}
	}
}
