<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The token by which live.php knows that WordPress let the user see the figures.
 */
final class Token {

	/** Seconds. live.php renews it while it is used. */
	private const LIFE = 60;

	/**
	 * A token for the current user and this site's admin area.
	 *
	 * @return string|null null when the user may not see the figures, or the extension cannot make tokens.
	 */
	public static function live(): ?string {
		if ( ! Extension::loaded() || ! current_user_can( Capability::VIEW ) ) {
			return null;
		}
		return qahm_realtime_token_mint( Site::id(), get_current_user_id(), Site::origin( admin_url() ), self::LIFE );
	}
}
