<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What a site's privacy policy may say of the plugin.
 */
final class Privacy {

	/**
	 * Suggests the text in WordPress's policy guide.
	 */
	public static function suggest(): void {
		$hours = (int) Settings::value( 'RETENTION' );
		$kept  = Settings::value( 'GDPR_MODE' )
			/* translators: %s: a number of hours. */
			? _n( 'Single page views and requests are kept for %s hour, without that code.', 'Single page views and requests are kept for %s hours, without that code.', $hours, 'qahm-realtime' )
			/* translators: %s: a number of hours. */
			: _n( 'Single page views, with that code, and requests are kept for %s hour.', 'Single page views, with that code, and requests are kept for %s hours.', $hours, 'qahm-realtime' );
		$text  = array(
			__( 'This site counts its visitors as they come, with a program that runs on its own server. Nothing is sent to third parties.', 'qahm-realtime' ),
			__( 'No cookie is set for visitors and nothing is stored on their device. Logged-in users whose role is not counted get a session cookie named qahm_realtime_exclude, which says only that.', 'qahm-realtime' ),
			__( 'Visitors who choose on this site not to be counted any more get the same cookie with the value "visitor", and keep it for 13 months or until they choose otherwise. It says only that, too.', 'qahm-realtime' ),
			__( 'To tell visits apart, a code is computed from the IP address, the browser\'s name and a random value that is changed every day and never stored with the data. The IP address itself is not stored.', 'qahm-realtime' ),
			sprintf( $kept, number_format_i18n( $hours ) ),
			__( 'Beside the pages it is noted what is clicked, how far a page is scrolled and how long it is looked at, how fast it loads, which forms are begun and submitted (their names, never what is entered), and errors of the page\'s scripts. From the browser\'s name come the type of device, the browser and the operating system; from the address of the page before, where visitors come from.', 'qahm-realtime' ),
			Settings::value( 'GDPR_MODE' )
				? __( 'The country, not the city, is found on this server from the IP address. What is searched for on this site is not kept.', 'qahm-realtime' )
				: __( 'Country and city are found on this server from the IP address. What is searched for on this site is kept for the same time.', 'qahm-realtime' ),
			__( 'Errors of the server are noted with the address of the page; numbers and quoted values are taken out of their texts. Failed logins are counted, without the name.', 'qahm-realtime' ),
			__( 'So that a restart of the program counts nobody twice, the codes of the visits of the last half hour are kept, and those of the day until midnight. Nothing else is kept of a visitor.', 'qahm-realtime' ),
		);
		if ( Settings::value( 'ANONYMIZE_IP' ) ) {
			$text[] = __( 'The IP address is shortened before the country is looked up.', 'qahm-realtime' );
		}
		if ( Settings::value( 'RESPECT_DNT' ) ) {
			$text[] = __( 'Visitors whose browser asks not to be tracked (Do Not Track, Global Privacy Control) are counted without any such code.', 'qahm-realtime' );
		}
		wp_add_privacy_policy_content( 'QAHM Realtime', wp_kses_post( '<p>' . implode( '</p><p>', $text ) . '</p>' ) );
	}
}
