<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The site's goals: pages to be reached, elements to be clicked, forms to be submitted, events to happen.
 */
final class Goals {

	/** Goals at most: the extension's configuration has room for no more. */
	private const MOST = 20;

	/** Bytes of a name at most: a click on a selector is the event "goal:<name>", and names of events have 64. */
	private const NAME_MAX = 59;

	/** Type => bytes of its value at most, as the records have them. */
	private const TYPES = array(
		'page'     => 400,
		'selector' => 200,
		'form'     => 64,
		'event'    => 64,
	);

	/**
	 * By blog: each goal as the filter gave it, and what is wrong with it: '' when nothing is.
	 *
	 * @var array<int, list<array{array<string, string>, string}>>
	 */
	private static array $read = array();

	/**
	 * The goals in force, in the owner's order. Ask only where has_filter( 'qahm_realtime_goals' ): a page need not load this.
	 *
	 * @return list<array{name: string, type: string, value: string}>
	 */
	public static function current(): array {
		$goals = array();
		foreach ( self::read() as [ $goal, $problem ] ) {
			if ( '' === $problem ) {
				$goals[] = $goal;
			}
		}
		return $goals;
	}

	/**
	 * What is wrong with the owner's goals, translated, one sentence each.
	 *
	 * @return list<string>
	 */
	public static function problems(): array {
		return array_values( array_filter( array_column( self::read(), 1 ) ) );
	}

	/**
	 * The filter's goals, judged. Once per request and blog.
	 *
	 * @return list<array{array<string, string>, string}>
	 */
	private static function read(): array {
		$blog = get_current_blog_id();
		if ( ! isset( self::$read[ $blog ] ) ) {
			/**
			 * Filters the site's goals.
			 *
			 * @param list<array{name: string, type: string, value: string}> $goals Types: page (value: a path such as /thanks/),
			 *        selector (CSS), form (name, id or action path), event (name given to qahmRealtime.track() or qahm_realtime_track).
			 */
			$given               = apply_filters( 'qahm_realtime_goals', array() );
			self::$read[ $blog ] = self::judge( is_array( $given ) ? array_values( $given ) : array() );
		}
		return self::$read[ $blog ];
	}

	/**
	 * Reads goals, whatever they are.
	 *
	 * @param list<mixed> $given What the filter gave.
	 * @return list<array{array<string, string>, string}>
	 */
	private static function judge( array $given ): array {
		$read  = array();
		$names = array();
		foreach ( $given as $number => $entry ) {
			$goal    = array();
			$invalid = ! is_array( $entry );
			foreach ( array( 'name', 'type', 'value' ) as $key ) {
				$text         = is_array( $entry ) ? ( $entry[ $key ] ?? null ) : null;
				$goal[ $key ] = is_string( $text ) ? trim( $text ) : '';
				$invalid      = $invalid || '' === $goal[ $key ] || 1 === preg_match( '/[\x00-\x1f\x7f]/', $goal[ $key ] ) || 1 !== preg_match( '//u', $goal[ $key ] );
			}
			$invalid = $invalid || strlen( $goal['name'] ) > self::NAME_MAX || strlen( $goal['value'] ) > ( self::TYPES[ $goal['type'] ] ?? 0 );
			if ( 'page' === $goal['type'] ) {
				$goal['value'] = '/' . ltrim( $goal['value'], '/' );
			}
			$problem = '';
			if ( $invalid || isset( $names[ $goal['name'] ] ) ) {
				/* translators: 1: position of the goal in a list, 2: name of a filter. */
				$problem = sprintf( __( 'Goal number %1$s of %2$s is not in force: it needs a name of its own, a type (page, selector, form or event) and a value.', 'qahm-realtime' ), number_format_i18n( $number + 1 ), 'qahm_realtime_goals' );
			} elseif ( count( $names ) >= self::MOST ) {
				/* translators: 1: position of the goal in a list, 2: name of a filter, 3: a number. */
				$problem = sprintf( __( 'Goal number %1$s of %2$s is not in force: there can be %3$s.', 'qahm-realtime' ), number_format_i18n( $number + 1 ), 'qahm_realtime_goals', number_format_i18n( self::MOST ) );
			} else {
				$names[ $goal['name'] ] = true;
			}
			$read[] = array( $goal, $problem );
		}
		return $read;
	}
}
