<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * One setting as it is in force: its value, and where the value comes from.
 */
final class Setting {

	/**
	 * @param string $name     Name of the constant without the prefix QAHM_REALTIME_.
	 * @param mixed  $value    The value in force, in the form that the site configuration has.
	 * @param string $source   Name of the constant that gave it, '' for the default.
	 * @param string $refused  Name of a constant whose value was not valid, '' usually.
	 * @param mixed  $given    The value of that constant.
	 */
	public function __construct(
		public readonly string $name,
		public readonly mixed $value,
		public readonly string $source = '',
		public readonly string $refused = '',
		public readonly mixed $given = null
	) {}

	/**
	 * The member of the site configuration that holds it.
	 */
	public function key(): string {
		return strtolower( $this->name );
	}

	/**
	 * Whether the site's owner chose the value.
	 */
	public function chosen(): bool {
		return '' !== $this->source;
	}

	/**
	 * What is wrong with the owner's value, '' when nothing is. Translated, plain text.
	 */
	public function problem(): string {
		if ( '' === $this->refused ) {
			return '';
		}
		return sprintf(
			/* translators: 1: name of a constant, 2: its value, 3: what is expected, 4: the default. */
			__( '%1$s is set to %2$s, which is not valid: expected %3$s. The default, %4$s, is in force.', 'qahm-realtime' ),
			$this->refused,
			self::show( $this->given ),
			SettingTypes::describe( Settings::TABLE[ $this->name ] ),
			self::show( $this->value )
		);
	}

	/**
	 * The value in force, as one would write it in wp-config.php.
	 */
	public function text(): string {
		return self::show( $this->value );
	}

	/**
	 * A value of any type as short text.
	 *
	 * @param mixed $value Anything a constant may hold.
	 */
	private static function show( mixed $value ): string {
		$json = wp_json_encode( $value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR );
		$text = is_string( $json ) ? $json : get_debug_type( $value );
		return strlen( $text ) > 100 ? mb_substr( $text, 0, 100 ) . '…' : $text;
	}
}
