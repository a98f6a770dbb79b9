<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * A question to the engine, built from what a request gives. Knows no WordPress: live.php and the REST routes share it.
 */
final class Question {

	/** What limits what is shown: only these visitors, pages, events. */
	public const FILTERS = array( 'page', 'country', 'device', 'source', 'channel' );

	/** Parts of a long answer. */
	private const PARTS = array( 'limit', 'offset' );

	/** Rows of an answer, and pages of the live frame, unless the request says otherwise. */
	public const LIMIT  = 50;
	private const PAGES = 5;

	/** Rows of a history at most. */
	private const LIMIT_HISTORY = 500;

	/** What may be asked => the arguments it takes. */
	public const WHATS = array(
		'live'        => array( ...self::FILTERS, 'pages' ),
		'visitors'    => array( ...self::FILTERS, ...self::PARTS ),
		'pages'       => array( ...self::FILTERS, ...self::PARTS ),
		'events'      => array( ...self::FILTERS, ...self::PARTS, 'since', 'kinds' ),
		'sources'     => array( ...self::FILTERS, ...self::PARTS ),
		'devices'     => array( ...self::FILTERS, ...self::PARTS ),
		'geo'         => array( ...self::FILTERS, ...self::PARTS ),
		'performance' => array( ...self::FILTERS, ...self::PARTS ),
		'errors'      => array( ...self::FILTERS, ...self::PARTS ),
		'engagement'  => array( ...self::FILTERS, ...self::PARTS ),
		'history'     => array( ...self::FILTERS, 'range', 'from', 'to', 'step', 'dimension', ...self::PARTS ),
	);

	/** Each argument, as JSON schema that WordPress understands, too. */
	public const ARGUMENTS = array(
		'page'      => array( 'type' => 'string', 'minLength' => 1, 'maxLength' => 400 ),
		'country'   => array( 'type' => 'string', 'pattern' => '^([A-Za-z]{2}|unknown)$' ),
		'device'    => array( 'type' => 'string', 'enum' => array( 'desktop', 'mobile', 'tablet', 'other' ) ),
		'source'    => array( 'type' => 'string', 'minLength' => 1, 'maxLength' => 255 ),
		'channel'   => array( 'type' => 'string', 'enum' => array( 'direct', 'search', 'social', 'mail', 'referral', 'campaign', 'ai', 'internal' ) ),
		'pages'     => array( 'type' => 'integer', 'minimum' => 1, 'maximum' => 1000 ),
		'limit'     => array( 'type' => 'integer', 'minimum' => 1, 'maximum' => 1000 ),
		'offset'    => array( 'type' => 'integer', 'minimum' => 0, 'maximum' => 1000000 ),
		'since'     => array( 'type' => 'integer', 'minimum' => 0, 'maximum' => PHP_INT_MAX ),
		'kinds'     => array( 'type' => 'string', 'pattern' => '^[a-z0-9]{1,16}(,[a-z0-9]{1,16}){0,31}$' ),
		'range'     => array( 'type' => 'string', 'enum' => array( '60m', '24h', '7d', '30d', 'week' ) ),
		'from'      => array( 'type' => 'integer', 'minimum' => 0, 'maximum' => 99999999999 ),
		'to'        => array( 'type' => 'integer', 'minimum' => 0, 'maximum' => 99999999999 ),
		'step'      => array( 'type' => 'integer', 'minimum' => 60, 'maximum' => 3600 ),
		'dimension' => array( 'type' => 'string', 'enum' => array( 'page', 'post_type', 'author', 'category', 'country', 'city', 'channel', 'source', 'campaign', 'device', 'browser', 'os', 'element', 'form', 'goal', 'custom', 'error', 'term', 'change', 'linker', 'report', 'broken' ) ),
	);

	/**
	 * @param string               $what    A key of WHATS, or Poll::WHAT.
	 * @param array<string, mixed> $members The question in the engine's words.
	 * @param int                  $limit   Rows asked for.
	 * @param int                  $offset  Rows left out.
	 * @param bool                 $counted Whether the counters in shared memory can stand in while the engine is away.
	 */
	public function __construct(
		public readonly string $what,
		private readonly array $members,
		public readonly int $limit = 0,
		public readonly int $offset = 0,
		public readonly bool $counted = false
	) {}

	/**
	 * The question for qahm_realtime_ask().
	 *
	 * @param array<string, int|string> $claims What the token says of who asks: user and chain, by which the engine knows a
	 *                                          token that was revoked; and the address, for it also knows who asks too
	 *                                          often. Empty where WordPress itself has let the user in.
	 */
	public function json( array $claims = array() ): string {
		return \json_encode( $this->members + \array_intersect_key( $claims, array( 'user' => 0, 'chain' => 0, 'address' => 0 ) ), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR );
	}

	/**
	 * Builds a question.
	 *
	 * @param mixed        $what  What is asked, as the request gave it.
	 * @param array<mixed> $given Arguments as the request gave them; those that the question does not take are not looked at.
	 * @return self|string The name of the argument that is not valid: 'what' or a key of ARGUMENTS.
	 */
	public static function of( mixed $what, array $given ): self|string {
		if ( ! \is_string( $what ) || ! isset( self::WHATS[ $what ] ) ) {
			return 'what';
		}
		$values = self::values( self::WHATS[ $what ], $given );
		return \is_string( $values ) ? $values : self::compose( $what, $values );
	}

	/**
	 * The filter that a request gives, in the engine's words.
	 *
	 * @param array<mixed> $given Arguments as the request gave them.
	 * @return array<string, string|int>|string The name of the argument that is not valid.
	 */
	public static function filter( array $given ): array|string {
		$values = self::values( self::FILTERS, $given );
		return \is_string( $values ) ? $values : self::normal( $values );
	}

	/**
	 * Valid values of arguments; those that are not given are left out.
	 *
	 * @param list<string> $names Keys of ARGUMENTS.
	 * @param array<mixed> $given Arguments as the request gave them.
	 * @return array<string, string|int>|string The name of the argument that is not valid.
	 */
	private static function values( array $names, array $given ): array|string {
		$values = array();
		foreach ( $names as $name ) {
			if ( isset( $given[ $name ] ) && '' !== $given[ $name ] ) {
				$value = self::value( $given[ $name ], self::ARGUMENTS[ $name ] );
				if ( null === $value ) {
					return $name;
				}
				$values[ $name ] = $value;
			}
		}
		return $values;
	}

	/**
	 * Puts valid values together.
	 *
	 * @param string                    $what   A key of WHATS.
	 * @param array<string, string|int> $values By name.
	 */
	private static function compose( string $what, array $values ): self {
		$filter   = \array_intersect_key( $values, \array_flip( self::FILTERS ) );
		$question = array( 'what' => $what ) + \array_diff_key( $values, $filter );
		if ( 'history' === $what && isset( $question['limit'] ) ) {
			$question['limit'] = \min( self::LIMIT_HISTORY, (int) $question['limit'] );
		}
		if ( isset( $question['kinds'] ) ) {
			$question['kinds'] = \explode( ',', (string) $question['kinds'] );
		}
		$filter = self::normal( $filter );
		if ( array() !== $filter ) {
			$question['filter'] = $filter;
		}
		$question += 'live' === $what ? array( 'pages' => self::PAGES ) : array( 'limit' => self::LIMIT );
		return new self(
			$what,
			$question,
			(int) ( $question['limit'] ?? self::LIMIT ),
			(int) ( $question['offset'] ?? 0 ),
			'live' === $what
		);
	}

	/**
	 * A filter as the engine writes it.
	 *
	 * @param array<string, string|int> $filter Valid values by name.
	 * @return array<string, string|int>
	 */
	public static function normal( array $filter ): array {
		if ( isset( $filter['country'] ) ) {
			$filter['country'] = 'unknown' === $filter['country'] ? '' : \strtoupper( (string) $filter['country'] );
		}
		if ( isset( $filter['source'] ) ) {
			$filter['source'] = \strtolower( (string) $filter['source'] );
		}
		return $filter;
	}

	/**
	 * A value as its schema wants it, null when it is not valid.
	 *
	 * @param mixed                $given  As the request gave it.
	 * @param array<string, mixed> $schema A row of ARGUMENTS.
	 */
	public static function value( mixed $given, array $schema ): string|int|null {
		if ( 'integer' === $schema['type'] ) {
			$digits = \is_string( $given ) && 1 === \preg_match( '/^\d{1,18}$/D', $given );
			$number = $digits || \is_int( $given ) ? (int) $given : null;
			return null !== $number && $number >= $schema['minimum'] && $number <= $schema['maximum'] ? $number : null;
		}
		if ( ! \is_string( $given ) || 1 !== \preg_match( '//u', $given ) || 1 === \preg_match( '/[\x00-\x1f\x7f]/', $given ) ) {
			return null;
		}
		$good = \strlen( $given ) >= ( $schema['minLength'] ?? 0 ) && \strlen( $given ) <= ( $schema['maxLength'] ?? PHP_INT_MAX )
			&& ( ! isset( $schema['enum'] ) || \in_array( $given, $schema['enum'], true ) )
			&& ( ! isset( $schema['pattern'] ) || 1 === \preg_match( '/' . $schema['pattern'] . '/D', $given ) );
		return $good ? $given : null;
	}
}
