<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_User;

/**
 * What may take the figures away from somebody: roles, capabilities, passwords, logout, deletion. Not each of these does;
 * who still may see them gets a new token from WordPress without noticing.
 */
final class AccessChanges {

	/** Blogs of a network at most, of somebody who may see all of them. */
	private const BLOGS = 500;

	/**
	 * Actions updated_user_meta and deleted_user_meta: whatever changes roles and capabilities ends here.
	 *
	 * @param mixed $id   Id of the row, or ids.
	 * @param mixed $user User id.
	 * @param mixed $key  Key.
	 */
	public static function meta( mixed $id = 0, mixed $user = 0, mixed $key = '' ): void { // phpcs:ignore Generic.CodeAnalysis.UnusedFunctionParameter -- the hook's.
		if ( ! is_string( $key ) || ! str_ends_with( $key, 'capabilities' ) ) {
			return;
		}
		$prefix = preg_quote( (string) ( $GLOBALS['wpdb']->base_prefix ?? '' ), '/' );
		if ( 1 === preg_match( "/^$prefix(?:(\d{1,9})_)?capabilities$/D", $key, $match ) ) {
			self::on( $user, array( is_multisite() ? (int) ( $match[1] ?? 1 ) : get_current_blog_id() ) );
		}
	}

	/**
	 * Action set_user_role: somebody's roles are replaced, on this blog. A new user has nothing to lose.
	 *
	 * @param mixed $user  User id.
	 * @param mixed $role  The new role.
	 * @param mixed $roles Those of before.
	 */
	public static function role( mixed $user = 0, mixed $role = '', mixed $roles = array() ): void { // phpcs:ignore Generic.CodeAnalysis.UnusedFunctionParameter -- the hook's.
		if ( array() !== $roles ) {
			self::on( $user, array( get_current_blog_id() ) );
		}
	}

	/**
	 * Action remove_user_role: one of them is taken away.
	 *
	 * @param mixed $user User id.
	 */
	public static function role_removed( mixed $user = 0 ): void {
		self::on( $user, array( get_current_blog_id() ) );
	}

	/**
	 * The roles of this blog change: one that may do less than before is somebody's, but whose nobody knows without a search.
	 *
	 * @param mixed $old Option user_roles before.
	 * @param mixed $new The option now.
	 */
	public static function roles( mixed $old = null, mixed $new = null ): void {
		if ( self::less( $old, $new ) ) {
			Revocation::of( Revocation::EVERYBODY, array( get_current_blog_id() ) );
		}
	}

	/**
	 * Actions update_user_meta and delete_user_meta, before it is done: sessions that end, such as all others of a user's.
	 *
	 * @param mixed $id       Id of the row, or ids.
	 * @param mixed $user     User id.
	 * @param mixed $key      Key.
	 * @param mixed $sessions Those that stay.
	 */
	public static function sessions( mixed $id = 0, mixed $user = 0, mixed $key = '', mixed $sessions = array() ): void { // phpcs:ignore Generic.CodeAnalysis.UnusedFunctionParameter -- the hook's.
		if ( 'session_tokens' !== $key || ! is_numeric( $user ) ) {
			return;
		}
		$before = get_user_meta( (int) $user, $key, true );
		$alive  = array_filter( is_array( $before ) ? $before : array(), static fn ( mixed $session ): bool => is_array( $session ) && ( $session['expiration'] ?? 0 ) >= time() );
		if ( array() !== array_diff_key( $alive, is_array( $sessions ) ? $sessions : array() ) ) {
			self::everywhere( $user );
		}
	}

	/**
	 * Action profile_update: of all that may have changed, the password.
	 *
	 * @param mixed $user User id.
	 * @param mixed $old  The user before.
	 * @param mixed $data What was written.
	 */
	public static function profile( mixed $user = 0, mixed $old = null, mixed $data = array() ): void {
		$before = is_object( $old ) && isset( $old->user_pass ) ? $old->user_pass : null;
		$now    = is_array( $data ) ? $data['user_pass'] ?? null : null;
		if ( null !== $before && null !== $now && $before !== $now ) {
			self::everywhere( $user );
		}
	}

	/**
	 * Action wp_set_password, which WordPress has from 6.2 on.
	 *
	 * @param mixed $password The password, which nobody here looks at.
	 * @param mixed $user     User id.
	 */
	public static function password( mixed $password = '', mixed $user = 0 ): void { // phpcs:ignore Generic.CodeAnalysis.UnusedFunctionParameter -- the hook's.
		self::everywhere( $user );
	}

	/**
	 * Action clear_auth_cookie: also of plugins that log somebody out themselves.
	 */
	public static function cookie(): void {
		self::everywhere( get_current_user_id() );
	}

	/**
	 * Action remove_user_from_blog.
	 *
	 * @param mixed $user User id.
	 * @param mixed $blog Blog id.
	 */
	public static function blog( mixed $user = 0, mixed $blog = 0 ): void {
		if ( is_numeric( $blog ) && $blog > 0 ) {
			self::on( $user, array( (int) $blog ) );
		}
	}

	/**
	 * Whatever else ends a user's access: logout, a new password, deletion, on every blog the user may see.
	 *
	 * @param mixed $user User id, or a WP_User.
	 */
	public static function everywhere( mixed $user = 0 ): void {
		$id = $user instanceof WP_User ? $user->ID : $user;
		if ( is_numeric( $id ) && $id > 0 ) {
			self::on( $id, self::blogs( (int) $id ) );
		}
	}

	/**
	 * Ends somebody's tokens on some blogs.
	 *
	 * @param mixed     $user  User id, if it is one.
	 * @param list<int> $blogs Blog ids.
	 */
	private static function on( mixed $user, array $blogs ): void {
		if ( is_numeric( $user ) && $user > 0 ) {
			Revocation::of( (int) $user, $blogs );
		}
	}

	/**
	 * The blogs of a user, while WordPress still knows them.
	 *
	 * @param int $user User id.
	 * @return list<int>
	 */
	private static function blogs( int $user ): array {
		if ( ! is_multisite() ) {
			return array( get_current_blog_id() );
		}
		$of_user = array_map( 'intval', array_keys( get_blogs_of_user( $user, true ) ) );
		$network = is_super_admin( $user ) ? array_map( 'intval', get_sites( array( 'fields' => 'ids', 'number' => self::BLOGS ) ) ) : array();
		return array_values( array_unique( array( get_current_blog_id(), ...$of_user, ...$network ) ) );
	}

	/**
	 * Whether a role was taken away, or a capability of one.
	 *
	 * @param mixed $old The option before: role => array with its capabilities.
	 * @param mixed $new The option now.
	 */
	private static function less( mixed $old, mixed $new ): bool {
		foreach ( is_array( $old ) ? $old : array() as $role => $before ) {
			$had = array_filter( (array) ( $before['capabilities'] ?? array() ) );
			$now = (array) ( $new[ $role ]['capabilities'] ?? array() );
			// One that is refused takes it away even where another role gives it.
			$refused = array_filter( $now, static fn ( mixed $granted, int|string $capability ): bool => ! $granted && ! array_key_exists( $capability, (array) ( $before['capabilities'] ?? array() ) ), ARRAY_FILTER_USE_BOTH );
			if ( array() !== $refused || array() !== array_diff_key( $had, array_filter( $now ) ) ) {
				return true;
			}
		}
		return false;
	}
}
