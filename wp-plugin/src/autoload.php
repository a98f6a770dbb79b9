<?php
/**
 * Loads a class of the plugin when it is first used: QahmRealtime\Site is src/Site.php.
 *
 * @package QahmRealtime
 */

declare(strict_types=1);

spl_autoload_register(
	static function ( string $name ): void {
		if ( str_starts_with( $name, 'QahmRealtime\\' ) ) {
			$file = __DIR__ . '/' . substr( $name, 13 ) . '.php';
			if ( is_file( $file ) ) {
				require $file;
			}
		}
	}
);
