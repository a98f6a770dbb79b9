<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What to do when the extension is missing, with a message for whoever runs the server.
 */
final class InstallAdvice {

	/**
	 * One sentence for the site's owner.
	 */
	public static function sentence(): string {
		return __( 'Live analytics needs the PHP extension qahm_realtime on the server. Until it is installed nothing is recorded, and nothing else on your site changes.', 'qahm-realtime' );
	}

	/**
	 * The message, folded, ready to be copied. Safe HTML.
	 */
	public static function html(): string {
		return sprintf(
			'<details><summary>%1$s</summary><p><textarea class="large-text code" rows="9" readonly aria-label="%2$s">%3$s</textarea></p></details>',
			esc_html__( 'A message to copy for your host', 'qahm-realtime' ),
			esc_attr__( 'Message for your host', 'qahm-realtime' ),
			esc_textarea( self::message() )
		);
	}

	/**
	 * The message: all that a host needs to know.
	 */
	private static function message(): string {
		return implode(
			"\n",
			array(
				__( 'Hello,', 'qahm-realtime' ),
				/* translators: %s: address of the site. */
				sprintf( __( 'could you please install the PHP extension "qahm_realtime" for my site %s?', 'qahm-realtime' ), home_url() ),
				'',
				sprintf( 'PHP %s, %s, %s, %s %s', PHP_VERSION, PHP_ZTS ? 'ZTS' : 'NTS', PHP_SAPI, PHP_OS_FAMILY, php_uname( 'm' ) ),
				'',
				__( 'It counts visitors in memory without slowing requests down. It starts one small process of its own under the user that PHP runs as; it opens no port to the outside and needs no root rights once installed.', 'qahm-realtime' ),
				__( 'How to install it: "pie install", or "make install" from its sources, then restart PHP. It is free software under the GPL 2.0 or later.', 'qahm-realtime' ),
			)
		);
	}
}
