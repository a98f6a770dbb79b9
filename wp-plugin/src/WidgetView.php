<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * HTML of the dashboard widget. The script finds its places by data-qahm-realtime.
 */
final class WidgetView {

	/**
	 * Prints it.
	 *
	 * @param array<string, mixed>|null $counters As qahm_realtime_counters() gives them.
	 * @param string                    $state    A sentence on why there are none, '' usually.
	 * @param array<string, mixed>      $config   For the script.
	 */
	public static function show( ?array $counters, string $state, array $config ): void {
		$window = (int) Settings::value( 'ACTIVE_WINDOW' );
		printf(
			'<div class="qahm-realtime" id="qahm_realtime" data-config="%1$s"><p class="qahm-realtime-state" role="status" data-qahm-realtime="state">%2$s</p>',
			esc_attr( (string) wp_json_encode( $config ) ),
			esc_html( $state )
		);

		echo '<dl class="qahm-realtime-numbers">';
		self::number(
			'active',
			__( 'Active now', 'qahm-realtime' ),
			self::text( $counters, 'active' ),
			/* translators: %s: a number of seconds. */
			sprintf( __( 'Visitors with a page that was heard from in the last %s seconds. A page that is hidden counts until then, one that is closed leaves after a few seconds.', 'qahm-realtime' ), number_format_i18n( $window ) ),
			self::compared()
		);
		self::number( 'visitors_5m', __( '5 minutes', 'qahm-realtime' ), self::text( $counters, 'visitors_5m' ), __( 'Visitors heard from in the last 5 minutes, each counted once.', 'qahm-realtime' ) );
		self::number( 'visitors_30m', __( '30 minutes', 'qahm-realtime' ), self::text( $counters, 'visitors_30m' ), __( 'Visitors heard from in the last 30 minutes, each counted once.', 'qahm-realtime' ) );
		self::number( 'visitors_today', __( 'Visitors today', 'qahm-realtime' ), self::text( $counters, 'visitors_today' ), __( 'Visitors since midnight in the site\'s time zone, each counted once. Below them, those of yesterday to the same time.', 'qahm-realtime' ), self::beside( 'visitors_yesterday' ) );
		self::number( 'views_today', __( 'Views today', 'qahm-realtime' ), self::text( $counters, 'views_today' ), __( 'Pages viewed since midnight in the site\'s time zone. A page seen twice counts twice. Below them, those of yesterday to the same time.', 'qahm-realtime' ), self::beside( 'views_yesterday' ) );
		self::number( 'peak', __( 'Peak today', 'qahm-realtime' ), self::peak( $counters ), __( 'The highest number of visitors active at one moment since midnight, and when that was. Below it, the highest of all earlier days.', 'qahm-realtime' ), self::beside( 'record' ) );
		echo '</dl>';

		self::graph();
		self::pages();
		printf(
			'<h3>%s</h3><ul class="qahm-realtime-alerts" data-qahm-realtime="alerts"></ul></div>',
			esc_html__( 'Recent alerts', 'qahm-realtime' )
		);
	}

	/**
	 * A number with its name and definition.
	 *
	 * @param string $name       Place for the script.
	 * @param string $label      Name.
	 * @param string $value      The number as text.
	 * @param string $definition One sentence.
	 * @param string $more       What it compares with, safe HTML.
	 */
	private static function number( string $name, string $label, string $value, string $definition, string $more = '' ): void {
		printf(
			'<div class="qahm-realtime-%1$s"><dt>%2$s %3$s</dt><dd data-qahm-realtime="%1$s">%4$s</dd>%5$s</div>',
			esc_attr( $name ),
			esc_html( $label ),
			self::definition( $label, $definition ), // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
			esc_html( $value ),
			$more // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
		);
	}

	/**
	 * Places for what a number compares with. They are there from the beginning, so that nothing moves when the script fills them.
	 *
	 * @param string $name Place for the script.
	 */
	private static function beside( string $name ): string {
		return sprintf( '<dd class="qahm-realtime-beside" data-qahm-realtime="%s"></dd>', esc_attr( $name ) );
	}

	/**
	 * Places for the trend and what is usual, beside the visitors of now.
	 */
	private static function compared(): string {
		return sprintf(
			'<dd class="qahm-realtime-beside qahm-realtime-trend"><span aria-hidden="true" data-qahm-realtime="trend-arrow"></span> <span class="screen-reader-text" data-qahm-realtime="trend-word"></span> <span data-qahm-realtime="trend"></span> %1$s</dd><dd class="qahm-realtime-beside qahm-realtime-usual"><span data-qahm-realtime="usual"></span> %2$s</dd>',
			self::definition( __( 'Trend', 'qahm-realtime' ), __( 'The last 5 minutes against the 5 before them: means of the highest number of each minute. Steady is a difference of less than 2 visitors or 10 %.', 'qahm-realtime' ) ),
			self::definition( __( 'Usual', 'qahm-realtime' ), __( 'What the same hour of the week had in the last 8 weeks, or the same hour in the last 7 days: around the median, as far as is normal.', 'qahm-realtime' ) )
		);
	}

	/**
	 * The "?" that unfolds a definition. Safe HTML, works without script and by keyboard.
	 *
	 * @param string $label Name of the number.
	 * @param string $text  Its definition.
	 */
	private static function definition( string $label, string $text ): string {
		return sprintf(
			'<details class="qahm-realtime-definition"><summary><span aria-hidden="true">?</span><span class="screen-reader-text">%1$s</span></summary><p>%2$s</p></details>',
			/* translators: %s: name of a number. */
			esc_html( sprintf( __( 'What does "%s" mean?', 'qahm-realtime' ), $label ) ),
			esc_html( $text )
		);
	}

	/**
	 * The graph, and the same numbers as a table for screen readers.
	 */
	private static function graph(): void {
		printf(
			'<h3>%1$s %2$s</h3><figure class="qahm-realtime-graph"><svg viewBox="0 0 300 60" preserveAspectRatio="none" aria-hidden="true" focusable="false"><path class="qahm-realtime-area" d=""/><path class="qahm-realtime-line" d=""/></svg><figcaption data-qahm-realtime="graph"></figcaption></figure>',
			esc_html__( 'Last 30 minutes', 'qahm-realtime' ),
			self::definition( __( 'Last 30 minutes', 'qahm-realtime' ), __( 'For each of the last 30 minutes, the highest number of visitors active at one moment of it.', 'qahm-realtime' ) ) // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
		);
		printf(
			'<div class="screen-reader-text"><table><caption>%1$s</caption><thead><tr><th scope="col">%2$s</th><th scope="col">%3$s</th></tr></thead><tbody data-qahm-realtime="minutes"></tbody></table></div>',
			esc_html__( 'Visitors active in the last 30 minutes', 'qahm-realtime' ),
			esc_html__( 'Minute', 'qahm-realtime' ),
			esc_html__( 'Highest number of visitors', 'qahm-realtime' )
		);
	}

	/**
	 * The pages that are being looked at.
	 */
	private static function pages(): void {
		printf(
			'<h3 id="qahm_realtime_pages">%1$s %2$s</h3><table class="qahm-realtime-pages" aria-labelledby="qahm_realtime_pages"><thead><tr><th scope="col"><span class="screen-reader-text">%3$s</span></th><th scope="col"><span class="screen-reader-text">%4$s</span></th></tr></thead><tbody data-qahm-realtime="pages"></tbody></table>',
			esc_html__( 'Pages now', 'qahm-realtime' ),
			self::definition( __( 'Pages now', 'qahm-realtime' ), __( 'The five pages with most active visitors. A visitor counts on the page last looked at.', 'qahm-realtime' ) ), // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
			esc_html__( 'Page', 'qahm-realtime' ),
			esc_html__( 'Active visitors', 'qahm-realtime' )
		);
	}

	/**
	 * A counter as text, a dash when it is not known.
	 *
	 * @param array<string, mixed>|null $counters The counters.
	 * @param string                    $name     One of them.
	 */
	private static function text( ?array $counters, string $name ): string {
		if ( null === $counters || ! isset( $counters[ $name ] ) ) {
			return '–';
		}
		return ( ! empty( $counters['approximate'] ) ? "≈\u{202f}" : '' ) . number_format_i18n( (int) $counters[ $name ] );
	}

	/**
	 * The peak and its time.
	 *
	 * @param array<string, mixed>|null $counters The counters.
	 */
	private static function peak( ?array $counters ): string {
		$value = self::text( $counters, 'peak_today' );
		$time  = (int) ( $counters['peak_today_at'] ?? 0 );
		if ( 0 === $time || empty( $counters['peak_today'] ) ) {
			return $value;
		}
		/* translators: %s: a time of day. */
		return $value . ' ' . sprintf( __( 'at %s', 'qahm-realtime' ), (string) wp_date( 'H:i', $time ) );
	}
}
