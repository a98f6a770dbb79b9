<?php
declare(strict_types=1);

use PHPUnit\Framework\TestCase;
use QahmRealtime\Configuration;
use QahmRealtime\Forgetting;
use QahmRealtime\KnownIds;
use QahmRealtime\Lifecycle;
use QahmRealtime\Site;

/** Which ids a site has had, and that the engine really forgets them. */
final class ForgettingTest extends TestCase {

	private const OTHER = '00000000000000aa';

	protected function setUp(): void {
		FakeExtension::reset();
		FakeWordPress::$blog    = 1;
		FakeWordPress::$written = array();
		FakeWordPress::$options = array( 'home' => 'https://example.com', 'siteurl' => 'https://example.com' );
	}

	public function test_an_id_is_written_once_when_the_engine_is_told(): void {
		for ( $page = 0; $page < 3; ++$page ) {
			Configuration::send();
		}
		$this->assertSame( array( array( 'qahm_realtime_ids', Site::id(), true ) ), FakeWordPress::$written, 'autoloaded, so that no page asks for it' );
	}

	public function test_former_ids_are_remembered_and_the_present_one_comes_last(): void {
		$former = Site::id();
		KnownIds::remember();
		FakeWordPress::$options['home'] = 'https://www.example.com';
		KnownIds::remember();
		$this->assertSame( array( $former, Site::id() ), KnownIds::all() );
		FakeWordPress::$options['home'] = 'https://example.com';
		KnownIds::remember();
		$this->assertCount( 2, FakeWordPress::$written, 'back and forth writes nothing' );
		$this->assertSame( $former, KnownIds::all()[1] );
	}

	public function test_an_address_taken_from_the_request_does_not_write_for_ever(): void {
		for ( $host = 0; $host < 80; ++$host ) {
			FakeWordPress::$options['home'] = "https://$host.example.com";
			KnownIds::remember();
		}
		$this->assertCount( 50, FakeWordPress::$written );
	}

	public function test_an_option_that_others_spoilt_breaks_nothing(): void {
		foreach ( array( 'x', 'a:1:{i:0;s:1:"x";}', ',,', str_repeat( 'f', 17 ) ) as $odd ) {
			FakeWordPress::$options['qahm_realtime_ids'] = $odd;
			$this->assertSame( array( Site::id() ), KnownIds::all() );
		}
	}

	public function test_it_asks_until_the_engine_answers(): void {
		FakeExtension::$command = static fn ( string $site, int $before ): ?string => $before < 30 ? null : '{"ok":true}';
		$this->assertTrue( Forgetting::of( array( Site::id() ) ) );
		$this->assertCount( 31, FakeExtension::$forgotten );
		$this->assertTrue( FakeExtension::$configured[0][2], 'the engine is started and waited for' );
		$this->assertSame( array(), FakeWordPress::$written, 'which leaves nothing behind' );
	}

	/** A copy of a site (staging) has the original's id in its options, and may share its engine. */
	public function test_what_was_heard_from_lately_is_another_site(): void {
		$quiet                                       = '00000000000000bb';
		FakeWordPress::$options['qahm_realtime_ids'] = self::OTHER . ",$quiet," . Site::id();
		FakeExtension::$counters                     = array(
			self::OTHER => array( 'visitors_30m' => 3 ),
			$quiet      => array( 'visitors_30m' => 0 ),
			Site::id()  => array( 'visitors_30m' => 5 ),
		);
		$this->assertTrue( Lifecycle::uninstall() );
		$this->assertSame( array( $quiet, Site::id() ), FakeExtension::$forgotten );
		$this->assertArrayNotHasKey( 'qahm_realtime_ids', FakeWordPress::$options );
	}

	public function test_a_site_that_is_not_known_is_forgotten(): void {
		FakeExtension::$command = static fn (): string => '{"ok":false,"error":"the engine does not know this site","code":"unknown-site"}';
		$this->assertTrue( Forgetting::of( array( Site::id() ) ) );
	}

	public function test_it_gives_up_after_five_seconds_and_says_so(): void {
		FakeExtension::$command = static fn (): string => '{"ok":false,"code":"store"}';
		$this->assertFalse( Forgetting::of( array( self::OTHER, Site::id() ) ) );
		$this->assertEqualsWithDelta( 5.0, FakeExtension::$clock / 1e9, 0.1 );
		$this->assertSame( Site::id(), end( FakeExtension::$forgotten ), 'each is asked for at least once' );
	}

	public function test_an_engine_that_is_off_is_not_waited_for(): void {
		FakeExtension::$status['state'] = 'off';
		FakeExtension::$command         = static fn (): ?string => null;
		$this->assertFalse( Forgetting::of( array( Site::id() ) ) );
		$this->assertSame( 0, FakeExtension::$clock );
	}

	public function test_the_own_id_is_last_since_waking_the_engine_makes_it_known(): void {
		Forgetting::of( array( Site::id(), self::OTHER, Site::id() ) );
		$this->assertSame( array( self::OTHER, Site::id() ), FakeExtension::$forgotten );
	}
}
