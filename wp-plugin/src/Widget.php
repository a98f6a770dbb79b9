<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The compact dashboard widget. PHP prints it with the numbers of this instant, the script keeps it up to date.
 */
final class Widget {

	private const ID = 'qahm_realtime_widget';

	/** What the widget follows on the live channel. */
	private const TOPICS = array( 'live' );

	/**
	 * Registers the widget where WordPress puts new ones.
	 */
	public static function register(): void {
		if ( current_user_can( Capability::VIEW ) ) {
			wp_add_dashboard_widget( self::ID, __( 'Live visitors', 'qahm-realtime' ), array( self::class, 'show' ) );
		}
	}

	/**
	 * Loads script and style on the dashboard.
	 *
	 * @param mixed $page The admin page.
	 */
	public static function enqueue( mixed $page = '' ): void {
		if ( 'index.php' !== $page || ! current_user_can( Capability::VIEW ) ) {
			return;
		}
		wp_enqueue_style( self::ID, plugins_url( 'assets/build/widget.css', FILE ), array(), VERSION );
		if ( Extension::loaded() ) {
			wp_enqueue_script( self::ID, plugins_url( 'assets/build/widget.js', FILE ), array(), VERSION, true );
		}
	}

	/**
	 * Prints the widget.
	 */
	public static function show(): void {
		if ( ! Extension::loaded() ) {
			printf( '<p>%s</p>%s', esc_html( InstallAdvice::sentence() ), InstallAdvice::html() ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
			return;
		}
		$counters = qahm_realtime_counters( Site::id() );
		if ( null === $counters ) {
			// Perhaps the engine does not know this site yet, or has not been started: an administrator may wait a second.
			Configuration::send( true );
			$counters = qahm_realtime_counters( Site::id() );
		}
		WidgetView::show( $counters, null === $counters ? self::absent() : '', self::script_config() );
	}

	/**
	 * Why there are no numbers, and what to do.
	 */
	private static function absent(): string {
		return 'running' === Extension::status()['state']
			? __( 'The engine is getting ready. The numbers will appear here in a moment.', 'qahm-realtime' )
			: __( 'The engine is not running, so visitors are not counted. Tools > Site Health says why.', 'qahm-realtime' );
	}

	/**
	 * What the site is called in the titles of its pages: as it was entered, and with typographer's quotes.
	 *
	 * @return list<string>
	 */
	private static function names(): array {
		$name  = wp_specialchars_decode( (string) get_option( 'blogname' ), ENT_QUOTES );
		$curly = html_entity_decode( wptexturize( (string) get_option( 'blogname' ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' );
		return array_values( array_unique( array_filter( array( $name, $curly ) ) ) );
	}

	/**
	 * That it is not known yet what is usual.
	 *
	 * @param int $days In how many days it will be.
	 */
	private static function usual_in( int $days ): string {
		/* translators: %s: a number of days. */
		return sprintf( _n( 'Usual known in %s day', 'Usual known in %s days', $days, 'qahm-realtime' ), number_format_i18n( $days ) );
	}

	/**
	 * What the script must know.
	 *
	 * @return array<string, mixed>
	 */
	private static function script_config(): array {
		$interval = (int) Settings::value( 'UPDATE_INTERVAL' );
		return array(
			'site'        => Site::id(),
			'prefix'      => LivePath::prefix(),
			'topics'      => self::TOPICS,
			'live'        => add_query_arg(
				array(
					'site'     => Site::id(),
					'interval' => $interval,
				),
				Endpoints::live()
			),
			'interval'    => $interval,
			'token'       => Token::live(),
			'renew'       => rest_url( Rest::SPACE . '/token' ),
			'nonce'       => wp_create_nonce( 'wp_rest' ),
			'nonceUrl'    => admin_url( 'admin-ajax.php?action=rest-nonce' ),
			'rungs'       => rest_url( Rest::SPACE . '/rung' ),
			'acknowledge' => rest_url( Rest::SPACE . '/alerts/acknowledge' ),
			'home'        => Site::origin( (string) get_option( 'home' ) ),
			'front'       => rtrim( (string) wp_parse_url( (string) get_option( 'home' ), PHP_URL_PATH ), '/' ) . '/',
			'names'       => self::names(),
			'locale'      => str_replace( '_', '-', get_user_locale() ),
			'timezone'    => wp_timezone_string(),
			'text'        => array(
				'noEngine'  => __( 'The engine is not running, so visitors are not counted. Tools > Site Health says why.', 'qahm-realtime' ),
				'stale'     => __( 'The engine is busy: these figures may be old.', 'qahm-realtime' ),
				'noVisitor' => __( 'No visitor yet today. Open the site in a private window to see yourself here.', 'qahm-realtime' ),
				'loggedOut' => __( 'You are logged out. Reload the page to go on.', 'qahm-realtime' ),
				/* translators: %s: address of the dashboard. */
				'address'   => sprintf( __( 'This page was opened under another address than the site has. Open the dashboard at %s to see the figures.', 'qahm-realtime' ), admin_url() ),
				'offline'   => __( 'The server does not answer. Trying again.', 'qahm-realtime' ),
				'noPage'    => __( 'Nobody is on a page right now.', 'qahm-realtime' ),
				'noAlert'   => __( 'No recent alert.', 'qahm-realtime' ),
				/* translators: %s: a time of day. */
				'peakAt'    => __( 'at %s', 'qahm-realtime' ),
				/* translators: 1: a number of visitors, 2: a date. */
				'record'    => __( 'record: %1$s (%2$s)', 'qahm-realtime' ),
				/* translators: %s: a number, of yesterday to the same time. */
				'yesterday' => __( 'yesterday: %s', 'qahm-realtime' ),
				'noTrend'   => __( 'Trend known after 10 minutes', 'qahm-realtime' ),
				'rising'    => __( 'rising:', 'qahm-realtime' ),
				'falling'   => __( 'falling:', 'qahm-realtime' ),
				'steady'    => __( 'steady', 'qahm-realtime' ),
				/* translators: %s: a difference such as +3 or −12 %. */
				'inFive'    => __( '%s in 5 minutes', 'qahm-realtime' ),
				/* translators: 1: a range of numbers such as 4–9, 2: "below", "as usual" or "above". */
				'usual'     => __( 'Usual at this hour: %1$s (%2$s)', 'qahm-realtime' ),
				/* translators: 1: "below" or "above", 2: a difference such as −12 %. */
				'percent'   => __( '%1$s, %2$s', 'qahm-realtime' ),
				'states'    => array(
					'below'    => _x( 'now below', 'what is usual', 'qahm-realtime' ),
					'as usual' => _x( 'now as usual', 'what is usual', 'qahm-realtime' ),
					'above'    => _x( 'now above', 'what is usual', 'qahm-realtime' ),
				),
				'usualIn'   => array_map( array( self::class, 'usual_in' ), range( 1, 7 ) ),
				/* translators: 1: kind of alert, 2: a number, 3: a time. */
				'raised'    => __( '%1$s (%2$s), since %3$s', 'qahm-realtime' ),
				/* translators: 1: kind of alert, 2: a number, 3: a time, 4: a time. */
				'resolved'  => __( '%1$s (%2$s), from %3$s to %4$s', 'qahm-realtime' ),
				/* translators: %s: a number of minutes. */
				'minutes'   => __( '%s min ago', 'qahm-realtime' ),
				'thisMin'   => __( 'this minute', 'qahm-realtime' ),
				/* translators: %s: highest number of visitors. */
				'graph'     => __( 'Highest: %s', 'qahm-realtime' ),
				'alerts'    => AlertLabels::all(),
			),
		);
	}
}
