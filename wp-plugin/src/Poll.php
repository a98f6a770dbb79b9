<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * The live channel without a connection: which messages came after a position? Same streams, same states and numbers as
 * over a connection. Knows no WordPress: only live.php and the REST route that stands in for it answer it.
 */
final class Poll {

	public const WHAT   = 'poll';
	public const TOPICS = array( 'live', 'events', 'visitors', 'performance', 'alerts' );

	/** Bytes of a filter's name at most: five members, percent-encoded. */
	private const FILTER_MAX = 2048;

	/** Epoch and sequence of each topic, as the answer before gave it. Before there is a state it names no topic, which says as little as none. */
	private const POSITION = '/^[0-9a-f]{16}\.[a-z]{1,16}:\d{1,20}(,[a-z]{1,16}:\d{1,20}){0,4}$/D';

	/**
	 * Builds the question.
	 *
	 * @param array<mixed> $given As the request gave it: topics ("live,events"; "live" by default), filter
	 *                            ("country=FR&device=mobile", each value percent-encoded) or its members by name as
	 *                            other questions have them, since (a position).
	 * @return Question|string The name of the argument that is not valid.
	 */
	public static function of( array $given ): Question|string {
		$topics = $given['topics'] ?? 'live';
		$topics = \is_string( $topics ) ? \array_values( \array_unique( \explode( ',', $topics ) ) ) : array( '' );
		if ( array() !== \array_diff( $topics, self::TOPICS ) ) {
			return 'topics';
		}
		$members = array(
			'what'   => self::WHAT,
			'topics' => $topics,
		);
		$filter = '' === ( $given['filter'] ?? '' ) ? Question::filter( $given ) : self::filter( $given['filter'] );
		if ( null === $filter || \is_string( $filter ) ) {
			return $filter ?? 'filter';
		}
		if ( array() !== $filter ) {
			$members['filter'] = $filter;
		}
		// Any other counts as none, as over a connection: everything comes whole.
		$since = $given['since'] ?? '';
		if ( \is_string( $since ) && 1 === \preg_match( self::POSITION, $since ) ) {
			$members['since'] = $since;
		}
		return new Question( self::WHAT, $members, counted: array() === $filter && \in_array( 'live', $topics, true ) );
	}

	/**
	 * The members of a filter, null when it is not valid.
	 *
	 * @param mixed $name The filter as one string.
	 * @return array<string, string|int>|null
	 */
	private static function filter( mixed $name ): ?array {
		if ( ! \is_string( $name ) || \strlen( $name ) > self::FILTER_MAX || 1 === \preg_match( '/%(?![0-9A-Fa-f]{2})/', $name ) ) {
			return null;
		}
		$filter = array();
		foreach ( \explode( '&', $name ) as $pair ) {
			[ $member, $value ] = \explode( '=', $pair, 2 ) + array( '', null );
			if ( null === $value || ! \in_array( $member, Question::FILTERS, true ) || isset( $filter[ $member ] ) ) {
				return null;
			}
			$value = \rawurldecode( $value );
			// In the name of a filter nothing stands for what is not known: no country, no referrer.
			$unknown = '' === $value && \in_array( $member, array( 'country', 'source' ), true );
			$value   = $unknown ? $value : Question::value( $value, Question::ARGUMENTS[ $member ] );
			if ( null === $value ) {
				return null;
			}
			$filter[ $member ] = $value;
		}
		return Question::normal( $filter );
	}
}
