<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * One notice, to those who can act on it, while the extension is missing. Dismissed once, it does not come back.
 */
final class Notice {

	public const META    = 'qahm_realtime_notice_dismissed';
	private const ACTION = 'qahm_realtime_dismiss';

	/** Screens where one looks after plugins. */
	private const SCREENS = array( 'dashboard', 'plugins', 'site-health' );

	/**
	 * Shows it.
	 */
	public static function show(): void {
		$screen = get_current_screen();
		if ( Extension::loaded() || null === $screen || ! in_array( $screen->id, self::SCREENS, true ) || ! current_user_can( 'activate_plugins' ) ) {
			return;
		}
		if ( get_user_meta( get_current_user_id(), self::META, true ) ) {
			return;
		}
		$dismiss = wp_nonce_url( admin_url( 'admin-post.php?action=' . self::ACTION ), self::ACTION );
		printf(
			'<div class="notice notice-info is-dismissible" id="qahm_realtime_notice"><p><strong>%1$s</strong></p><p>%2$s</p>%3$s<p><a href="%4$s">%5$s</a></p></div>',
			esc_html__( 'Live analytics is not recording yet', 'qahm-realtime' ),
			esc_html( InstallAdvice::sentence() ),
			InstallAdvice::html(), // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
			esc_url( $dismiss ),
			esc_html__( 'Do not show this again', 'qahm-realtime' )
		);
		// The cross that WordPress adds dismisses for good, too.
		wp_print_inline_script_tag(
			sprintf(
				'document.addEventListener("click",function(e){if(e.target.closest("#qahm_realtime_notice .notice-dismiss"))fetch(%s,{redirect:"manual"})})',
				wp_json_encode( html_entity_decode( $dismiss ), JSON_UNESCAPED_SLASHES | JSON_HEX_TAG )
			)
		);
	}

	/**
	 * Remembers, for this user, that it was dismissed.
	 */
	public static function dismiss(): void {
		check_admin_referer( self::ACTION );
		update_user_meta( get_current_user_id(), self::META, 1 );
		wp_safe_redirect( wp_get_referer() ? wp_get_referer() : admin_url() );
		exit;
	}
}
