<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_User;

/**
 * The session cookie by which the collectors know users who are not to be counted. A visitor's own choice is another value of
 * the same cookie (assets/src/opt-out.ts), which no role and no logout touches. Nothing else is ever stored on a terminal.
 */
final class ExcludedRoles {

	private const COOKIE  = RequestEvent::EXCLUDED;
	private const ROLE    = '1';
	private const VISITOR = 'visitor';

	/**
	 * On init: brings the cookie in line with the roles of the user, who is logged in.
	 */
	public static function refresh(): void {
		self::apply( self::excluded( wp_get_current_user() ) );
	}

	/**
	 * At login. Plugins that log somebody in themselves may leave the user out: then the next page sets the cookie.
	 *
	 * @param mixed $login Login name.
	 * @param mixed $user  The user, a WP_User.
	 */
	public static function login( mixed $login = '', mixed $user = null ): void { // phpcs:ignore Generic.CodeAnalysis.UnusedFunctionParameter -- the hook's.
		if ( $user instanceof WP_User ) {
			self::apply( self::excluded( $user ) );
		}
	}

	/**
	 * At logout.
	 */
	public static function logout(): void {
		self::apply( false );
	}

	/**
	 * Whether a user has a role that is not counted. A network's administrators are administrators everywhere.
	 *
	 * @param WP_User $user The user.
	 */
	public static function excluded( WP_User $user ): bool {
		$roles = $user->roles;
		if ( is_multisite() && is_super_admin( $user->ID ) ) {
			$roles[] = 'administrator';
		}
		return array() !== array_intersect( Settings::value( 'EXCLUDE_ROLES' ), $roles );
	}

	/**
	 * Sets or clears the cookie, if it is not as wanted.
	 *
	 * @param bool $exclude Whether this browser is not to be counted.
	 */
	private static function apply( bool $exclude ): void {
		$now = $_COOKIE[ self::COOKIE ] ?? null; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- compared only.
		if ( self::VISITOR === $now || ( $exclude ? self::ROLE : null ) === $now || headers_sent() ) {
			return;
		}
		foreach ( self::paths() as $path ) {
			setcookie(
				self::COOKIE,
				$exclude ? self::ROLE : '',
				array(
					'expires'  => $exclude ? 0 : 1,
					'path'     => $path,
					'domain'   => (string) COOKIE_DOMAIN,
					'secure'   => is_ssl(),
					'httponly' => true,
					'samesite' => 'Lax',
				)
			);
		}
		if ( $exclude ) {
			$_COOKIE[ self::COOKIE ] = self::ROLE;
		} else {
			unset( $_COOKIE[ self::COOKIE ] );
		}
	}

	/**
	 * Where the cookie is set: where plugins live outside the path of WordPress's cookie, collect.php needs one of its own.
	 *
	 * @return list<string>
	 */
	public static function paths(): array {
		return defined( 'PLUGINS_COOKIE_PATH' ) && ! str_starts_with( PLUGINS_COOKIE_PATH, COOKIEPATH ) ? array( COOKIEPATH, PLUGINS_COOKIE_PATH ) : array( COOKIEPATH );
	}
}
