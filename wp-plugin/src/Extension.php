<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Whether the native extension is there. Everything the plugin asks of it goes through its functions qahm_realtime_*.
 */
final class Extension {

	/**
	 * One of the functions stands for all: they come and go together.
	 */
	public static function loaded(): bool {
		return \function_exists( 'qahm_realtime_configure' );
	}

	/**
	 * What the extension says of itself.
	 *
	 * @return array<string, mixed> Members as in php/qahm_realtime.stub.php, empty without the extension.
	 */
	public static function status(): array {
		return self::loaded() ? qahm_realtime_status() : array();
	}
}
