<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What is done when the page has been sent: tell the engine a changed configuration and whose tokens have ended, run alerts that wait.
 */
final class Afterwards {

	/** What Revocation could not tell the engine: named here, so that it is loaded only where there is something. */
	public const UNTOLD = 'qahm_realtime_revocations';

	/**
	 * Usually two looks into shared memory and one at the options. Either may become a conversation with the engine, so the visitor is let go
	 * first; where PHP cannot do that, only requests that nobody waits for come this far.
	 */
	public static function run(): void {
		if ( ! self::finish_request() && ! self::nobody_waits() ) {
			return;
		}
		Configuration::send();
		if ( isset( wp_load_alloptions()[ self::UNTOLD ] ) ) {
			Revocation::again();
		}
		if ( wp_doing_cron() || class_exists( LivePath::class, false ) ) {
			LivePath::tend(); // This page or route has to do with the channel.
		}
		if ( qahm_realtime_alerts_pending( Site::id() ) ) {
			Alerts::deliver();
		}
	}

	/**
	 * Ends the answer, where PHP can do that before its own end.
	 */
	public static function finish_request(): bool {
		foreach ( array( 'fastcgi_finish_request', 'litespeed_finish_request' ) as $finish ) {
			if ( function_exists( $finish ) ) {
				// Another reader of the session must not wait for us.
				if ( PHP_SESSION_ACTIVE === session_status() ) {
					session_write_close();
				}
				$finish();
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether this is a request for which no visitor waits: cron, our own REST routes, a page of the admin area. Not
	 * admin-ajax.php, admin-post.php without a user, or REST as such: blocks, forms and shops use those on the site itself.
	 */
	private static function nobody_waits(): bool {
		if ( wp_doing_cron() || self::own_route() ) {
			return true;
		}
		return is_admin() && ! wp_doing_ajax() && function_exists( 'is_user_logged_in' ) && is_user_logged_in();
	}

	/**
	 * Whether the request is for one of our own REST routes.
	 */
	private static function own_route(): bool {
		$route = $GLOBALS['wp']->query_vars['rest_route'] ?? '';
		return is_string( $route ) && str_starts_with( ltrim( $route, '/' ), Rest::SPACE . '/' );
	}
}
