<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * What the figures look like, as JSON schema, and what their arguments mean.
 */
final class FiguresSchema {

	private const INTEGER = array( 'type' => 'integer' );
	private const COUNT   = array( 'type' => array( 'integer', 'null' ) );
	private const NUMBER  = array( 'type' => array( 'number', 'null' ) );
	private const TEXT    = array( 'type' => 'string' );
	private const FLAG    = array( 'type' => 'boolean' );
	private const NUMBERS = array( 'type' => 'object', 'additionalProperties' => self::INTEGER ); // By name.

	/** What a day has counted. */
	private const DAY = array(
		'type'       => array( 'object', 'null' ),
		'properties' => array( 'visitors' => self::COUNT, 'views' => self::COUNT ),
	);

	/** A fraction: how many, of how many. */
	private const FRACTION = array(
		'type'     => 'array',
		'items'    => self::INTEGER,
		'minItems' => 2,
		'maxItems' => 2,
	);

	/**
	 * The schema of an answer.
	 *
	 * @param string $what A key of Question::WHATS, or Figures::STATUS.
	 * @return array<string, mixed>
	 */
	public static function of( string $what ): array {
		$members = match ( $what ) {
			'live'        => self::live(),
			'visitors'    => self::visitors(),
			'pages'       => self::pages(),
			'events'      => self::events(),
			'sources'     => array(
				'channels'  => self::shares(),
				'hosts'     => self::shares(),
				'campaigns' => self::rows( array( 'source' => self::TEXT, 'medium' => self::TEXT, 'campaign' => self::TEXT, 'active' => self::INTEGER, 'visitors' => self::INTEGER ) ),
			),
			'devices'     => array( 'devices' => self::shares(), 'browsers' => self::shares(), 'systems' => self::shares() ),
			'geo'         => array( 'countries' => self::shares(), 'cities' => self::shares() ),
			'performance' => self::performance(),
			'errors'      => array(
				'total'  => self::INTEGER,
				'rate'   => self::object( array( 'failed' => self::INTEGER, 'all' => self::INTEGER, 'rate' => self::NUMBER, 'window' => self::TEXT ) ),
				'groups' => self::rows( array( 'kind' => self::TEXT, 'message' => self::TEXT, 'source' => self::TEXT, 'line' => self::INTEGER, 'value' => self::INTEGER, 'page' => self::TEXT, 'count' => self::INTEGER, 'visitors' => self::INTEGER, 'first' => self::INTEGER, 'last' => self::INTEGER ) ),
			),
			'engagement'  => self::engagement(),
			'history'     => self::history(),
			default       => self::status(),
		};
		$common = in_array( $what, array( 'history', Figures::STATUS ), true ) ? array() : array(
			'time'        => self::INTEGER + array( 'description' => __( 'When the figures were true, as a Unix time.', 'qahm-realtime' ) ),
			'window'      => ( 'live' === $what ? self::INTEGER : self::TEXT ) + array( 'description' => __( 'The period that the figures beside "active" are of.', 'qahm-realtime' ) ),
			'approximate' => self::FLAG + array( 'description' => __( 'Whether there was too much to be exact.', 'qahm-realtime' ) ),
			'active'      => self::INTEGER + array( 'description' => __( 'Visitors active now, after the filter.', 'qahm-realtime' ) ),
		);
		if ( array() !== $common && 'live' !== $what ) {
			$common['limit'] = self::INTEGER + array( 'description' => self::argument( 'limit' ) );
		}
		return array(
			'$schema'    => 'http://json-schema.org/draft-04/schema#',
			'title'      => 'qahm-realtime-' . $what,
			'type'       => 'object',
			'properties' => array_map( static fn ( array $member ): array => $member + array( 'readonly' => true ), $common + $members ),
		);
	}

	/**
	 * What an argument means, translated.
	 *
	 * @param string $name A key of Question::ARGUMENTS.
	 */
	public static function argument( string $name ): string {
		return match ( $name ) {
			'page'      => __( 'Only this page: its path.', 'qahm-realtime' ),
			'country'   => __( 'Only visitors from this country: two letters, or "unknown".', 'qahm-realtime' ),
			'device'    => __( 'Only visitors with this type of device.', 'qahm-realtime' ),
			'source'    => __( 'Only visitors who came from this host.', 'qahm-realtime' ),
			'channel'   => __( 'Only visitors who came by this channel.', 'qahm-realtime' ),
			'pages'     => __( 'Pages in the answer at most.', 'qahm-realtime' ),
			'limit'     => __( 'Rows in the answer at most.', 'qahm-realtime' ),
			'offset'    => __( 'Rows to leave out.', 'qahm-realtime' ),
			'since'     => __( 'Only events after the one with this id.', 'qahm-realtime' ),
			'kinds'     => __( 'Only events of these kinds, with commas between them.', 'qahm-realtime' ),
			'range'     => __( 'How far back; "week" adds the usual hours of the week.', 'qahm-realtime' ),
			'from'      => __( 'Beginning, as a Unix time, instead of a range.', 'qahm-realtime' ),
			'to'        => __( 'End, as a Unix time.', 'qahm-realtime' ),
			'step'      => __( 'Seconds of a step of the series: a part of an hour, whole minutes.', 'qahm-realtime' ),
			'dimension' => __( 'What the history is broken down by.', 'qahm-realtime' ),
			default     => '',
		};
	}

	/**
	 * The live frame. Under a filter it has the same members: null where they cannot be known.
	 *
	 * @return array<string, mixed>
	 */
	private static function live(): array {
		return array(
			'visitors_5m'    => self::INTEGER,
			'visitors_30m'   => self::INTEGER,
			'visitors_today' => self::COUNT,
			'visits_today'   => self::COUNT,
			'views_today'    => self::COUNT,
			'private'        => self::COUNT,
			'peak'           => self::object( array( 'value' => self::INTEGER, 'time' => self::INTEGER ), true ),
			'pages'          => self::rows( array( 'path' => self::TEXT, 'title' => self::TEXT, 'active' => self::INTEGER ) ),
			'minutes'        => array( 'type' => array( 'array', 'null' ), 'items' => self::COUNT ),
			'alerts'         => array( 'type' => array( 'array', 'null' ), 'items' => array( 'type' => 'object' ) ),
			'trend'          => self::object( array( 'now' => array( 'type' => 'number' ), 'before' => array( 'type' => 'number' ), 'direction' => array( 'type' => 'string', 'enum' => array( 'up', 'down', 'same' ) ), 'percent' => self::COUNT ), true ) + array( 'description' => __( 'The last 5 minutes against the 5 before: means of the highest number of each minute.', 'qahm-realtime' ) ),
			'usual'          => self::usual(),
			'record'         => self::record(),
			'yesterday'      => self::DAY + array( 'description' => __( 'Yesterday until this time of day.', 'qahm-realtime' ) ),
			'channels'       => self::NUMBERS,
			'devices'        => self::NUMBERS,
			'countries'      => self::NUMBERS,
			'excluded'       => array( 'type' => array( 'object', 'null' ) ) + self::NUMBERS + array( 'description' => __( 'What was not counted today, by reason: role (users whose role is not counted), opt-out (the visitor\'s own choice), bot, path, ip, country, consent.', 'qahm-realtime' ) ),
			'stale'          => self::FLAG + array( 'description' => __( 'Whether these figures may be old: the engine\'s own work hangs, or it was too busy to answer and these are counters alone.', 'qahm-realtime' ) ),
		);
	}

	/**
	 * Visits in progress.
	 *
	 * @return array<string, mixed>
	 */
	private static function visitors(): array {
		return array(
			'total'    => self::INTEGER,
			'listed'   => self::INTEGER,
			'private'  => self::INTEGER,
			'duration' => self::object( array( 'mean' => self::NUMBER, 'median' => self::NUMBER, 'p90' => self::NUMBER ) ),
			'visitors' => self::rows(
				array_fill_keys( array( 'id', 'entry', 'page', 'title', 'channel', 'source', 'campaign', 'device', 'browser', 'os', 'country', 'city' ), self::TEXT )
				+ array_fill_keys( array( 'count', 'views', 'began', 'duration', 'engaged' ), self::INTEGER )
				+ array( 'pages' => array( 'type' => 'array', 'items' => self::TEXT ) )
			),
		);
	}

	/**
	 * Pages.
	 *
	 * @return array<string, mixed>
	 */
	private static function pages(): array {
		$group = self::rows( array( 'name' => self::TEXT, 'active' => self::INTEGER, 'views' => self::INTEGER ) );
		return array(
			'total'  => self::INTEGER,
			'sum'    => self::INTEGER,
			'visits' => self::INTEGER,
			'pages'  => self::rows(
				array_fill_keys( array( 'path', 'title', 'post_type', 'author', 'category' ), self::TEXT )
				+ array_fill_keys( array( 'active', 'saw', 'views', 'began', 'left', 'exits' ), self::INTEGER )
				+ array( 'engaged' => self::NUMBER, 'time' => self::NUMBER, 'entry_rate' => self::FRACTION, 'exit_rate' => self::FRACTION )
			),
			'groups' => self::object( array( 'author' => $group, 'category' => $group, 'post_type' => $group ) ),
		);
	}

	/**
	 * The stream of events.
	 *
	 * @return array<string, mixed>
	 */
	private static function events(): array {
		return array(
			'total'  => self::INTEGER,
			'first'  => self::INTEGER,
			'last'   => self::INTEGER + array( 'description' => __( 'The newest id: ask for what comes "since" it.', 'qahm-realtime' ) ),
			'missed' => self::FLAG + array( 'description' => __( 'Whether events since then are no longer there.', 'qahm-realtime' ) ),
			'events' => self::rows(
				array_fill_keys( array( 'kind', 'page', 'title', 'name', 'target', 'what', 'country', 'device', 'channel', 'source', 'visitor', 'properties' ), self::TEXT )
				+ array( 'undone' => self::FLAG, 'id' => self::INTEGER, 'time' => self::INTEGER, 'value' => self::NUMBER )
			),
		);
	}

	/**
	 * Load times.
	 *
	 * @return array<string, mixed>
	 */
	private static function performance(): array {
		$quantiles = self::object( array( 'n' => self::INTEGER, 'p50' => self::NUMBER, 'p75' => self::NUMBER, 'p95' => self::NUMBER ) );
		$times     = self::object( array_fill_keys( array( 'load', 'ttfb', 'fcp', 'lcp', 'inp', 'cls', 'generation', 'queries' ), $quantiles ) );
		return array(
			'total'      => self::INTEGER,
			'5m'         => $times,
			'30m'        => $times,
			'navigation' => self::object( array( 'n' => self::INTEGER, 'p50' => self::NUMBER ) ),
			'pages'      => self::rows( array( 'path' => self::TEXT, 'title' => self::TEXT, '5m' => $times, '30m' => $times ) ),
		);
	}

	/**
	 * What visitors do.
	 *
	 * @return array<string, mixed>
	 */
	private static function engagement(): array {
		return array(
			'clicks'   => self::rows( array_fill_keys( array( 'what', 'target', 'label', 'page' ), self::TEXT ) + array( 'count' => self::INTEGER ) ),
			'scroll'   => self::object( array( 'mean' => self::NUMBER, 'n' => self::INTEGER, 'pages' => self::rows( array( 'path' => self::TEXT, 'mean' => self::NUMBER, 'n' => self::INTEGER ) ) ) ),
			'forms'    => self::rows( array( 'form' => self::TEXT ) + array_fill_keys( array( 'filling', 'started', 'submitted', 'abandoned' ), self::INTEGER ) ),
			'goals'    => self::rows( array( 'name' => self::TEXT, 'conversions' => self::INTEGER, 'rate' => self::FRACTION ) ),
			'searches' => self::rows( array( 'term' => self::TEXT, 'count' => self::INTEGER, 'without' => self::INTEGER ) ),
			'custom'   => self::rows( array( 'name' => self::TEXT, 'count' => self::INTEGER ) ),
			'visits'   => self::INTEGER,
			'bounce'   => self::FRACTION,
			'reached'  => self::object( array_fill_keys( array( '25', '50', '75', '90' ), self::INTEGER ) ),
		);
	}

	/**
	 * The past: series of numbers, one for each step, null where it is not known. Under a filter, what only the whole site
	 * has is null or left out.
	 *
	 * @return array<string, mixed>
	 */
	private static function history(): array {
		$series = array( 'type' => 'array', 'items' => self::NUMBER );
		return array(
			'from'          => self::INTEGER,
			'to'            => self::INTEGER,
			'step'          => self::INTEGER,
			'series'        => array( 'type' => 'object', 'additionalProperties' => $series ),
			'yesterday'     => array( 'type' => array( 'object', 'null' ), 'additionalProperties' => $series ),
			'usual'         => self::usual(),
			'peak'          => self::object( array( 'value' => self::INTEGER, 'time' => self::INTEGER ), true ),
			'record'        => self::record(),
			'today'         => self::DAY,
			'yesterday_now' => self::DAY,
			'changes'       => self::rows( array( 'time' => self::INTEGER, 'what' => self::TEXT, 'name' => self::TEXT ) ),
			'totals'        => array( 'type' => 'object' ),
			'timings'       => array( 'type' => 'object' ),
			'rows'          => self::rows( array( 'name' => self::TEXT ) ),
			'total'         => self::INTEGER,
			'grid'          => array( 'type' => 'array' ),
		);
	}

	/**
	 * What is usual at this hour (V4).
	 *
	 * @return array<string, mixed>
	 */
	private static function usual(): array {
		$members = array( 'low' => self::NUMBER, 'median' => self::NUMBER, 'high' => self::NUMBER, 'state' => array( 'type' => array( 'string', 'null' ), 'enum' => array( 'below', 'as usual', 'above', null ) ), 'percent' => self::COUNT, 'days' => self::COUNT );
		return self::object( $members, true ) + array( 'description' => __( 'What is usual at this hour of the week; "days" is in how many days that is known.', 'qahm-realtime' ) );
	}

	/**
	 * The highest number ever (V3).
	 *
	 * @return array<string, mixed>
	 */
	private static function record(): array {
		return self::object( array( 'value' => self::INTEGER, 'date' => self::TEXT ), true ) + array( 'description' => __( 'The highest peak of an earlier day.', 'qahm-realtime' ) );
	}

	/**
	 * State of extension and engine.
	 *
	 * @return array<string, mixed>
	 */
	private static function status(): array {
		return array(
			'site'           => self::TEXT,
			'version'        => self::TEXT,
			'state'          => array( 'type' => 'string', 'enum' => array( 'running', 'starting', 'stale', 'absent', 'off' ) ),
			'engine_version' => self::TEXT,
			'beat_age_ms'    => array( 'type' => array( 'integer', 'null' ) ),
			'slots'          => self::INTEGER,
			'used'           => self::INTEGER,
			'dropped'        => self::INTEGER,
			'skipped'        => self::INTEGER,
			'torn'           => self::INTEGER,
			'engine_health'  => array( 'type' => 'object', 'additionalProperties' => self::INTEGER, 'description' => __( 'Of the whole engine: rss_bytes and ring_bytes of memory, events_per_minute taken in and processor_permille (thousandths of one processor) in the last minute, and others.', 'qahm-realtime' ) ),
			'cost'           => self::object( array( 'window' => self::TEXT, 'added_ms' => self::object( array( 'n' => self::INTEGER, 'p50' => self::NUMBER, 'p95' => self::NUMBER ) ), 'queries' => self::INTEGER ), true ) + array( 'description' => __( 'What this plugin added to the pages of the last five minutes: milliseconds (of n pages) and database queries.', 'qahm-realtime' ) ),
			'notes'          => array( 'type' => 'array', 'items' => self::TEXT ),
		);
	}

	/**
	 * Shares of a dimension: name, visitors now, visitors in the window.
	 *
	 * @return array<string, mixed>
	 */
	private static function shares(): array {
		return self::rows( array( 'name' => self::TEXT, 'active' => self::INTEGER, 'visitors' => self::INTEGER ) );
	}

	/**
	 * An object.
	 *
	 * @param array<string|int, array<string, mixed>> $members Its members.
	 * @param bool                                    $absent  Whether there may be null in its place.
	 * @return array<string, mixed>
	 */
	private static function object( array $members, bool $absent = false ): array {
		return array(
			'type'       => $absent ? array( 'object', 'null' ) : 'object',
			'properties' => $members,
		);
	}

	/**
	 * A list of objects.
	 *
	 * @param array<string, array<string, mixed>> $members Their members.
	 * @return array<string, mixed>
	 */
	private static function rows( array $members ): array {
		return array(
			'type'  => 'array',
			'items' => self::object( $members ),
		);
	}
}
