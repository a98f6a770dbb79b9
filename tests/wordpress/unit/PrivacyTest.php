<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Privacy;

/** The suggested text says what the engine really keeps: single views and requests, and the keys that a restart needs. */
final class PrivacyTest extends TestCase {

	public function test_it_names_all_that_is_kept_and_how_long(): void {
		Privacy::suggest();
		$this->assertStringContainsString( 'Single page views, with that code, and requests are kept for 24 hours.', FakeWordPress::$privacy );
		$this->assertStringContainsString( 'of the last half hour are kept, and those of the day until midnight.', FakeWordPress::$privacy );
		foreach ( array( 'what is clicked', 'their names, never what is entered', 'Country and city are found', 'is shortened before', 'What is searched for on this site is kept', 'Failed logins are counted, without the name.', 'a session cookie named qahm_realtime_exclude', 'with the value "visitor", and keep it for 13 months' ) as $fact ) {
			$this->assertStringContainsString( $fact, FakeWordPress::$privacy );
		}
	}

	public function test_it_follows_the_settings(): void {
		$head = 'define("ABSPATH", "/"); define("QAHM_REALTIME_RETENTION", 1); define("QAHM_REALTIME_GDPR_MODE", true); define("QAHM_REALTIME_RESPECT_DNT", false);';
		foreach ( array( 'wordpress.php', '../../../wp-plugin/src/autoload.php' ) as $file ) {
			$head .= sprintf( 'require %s;', var_export( __DIR__ . "/$file", true ) );
		}
		exec( escapeshellarg( PHP_BINARY ) . ' -r ' . escapeshellarg( "$head QahmRealtime\\Privacy::suggest(); echo FakeWordPress::\$privacy;" ), $lines );
		$this->assertStringContainsString( 'kept for 1 hour, without that code.', implode( $lines ) );
		$this->assertStringNotContainsString( 'Do Not Track', implode( $lines ) );
		$this->assertStringContainsString( 'What is searched for on this site is not kept.', implode( $lines ) );
	}
}
