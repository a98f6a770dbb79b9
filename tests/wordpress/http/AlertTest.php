<?php
declare(strict_types=1);

/** From a visitor's beacon to the owner's handler, and back when the visitors have gone. */
final class AlertTest extends SiteTestCase {

	private const HANDLERS = 'define( "QAHM_REALTIME_ALERT_HIGH_TRAFFIC", 6 );
		add_action( "qahm_realtime_alert", function ( $type, $data ) { throw new RuntimeException( "a broken handler" ); }, 5, 2 );
		add_action( "qahm_realtime_alert", function ( $type, $data ) { qahm_test_log( "raised", $type, $data, get_current_user_id(), $_SERVER["REQUEST_URI"] ); }, 10, 2 );
		add_action( "qahm_realtime_alert_resolved", function ( $type, $data ) { qahm_test_log( "resolved", $type, $data, get_current_user_id(), $_SERVER["REQUEST_URI"] ); }, 10, 2 );';

	/** @var array<string, Browser> Visitors that are on the site, by their view. */
	private array $visitors = array();

	protected function tearDown(): void {
		$this->leave();
	}

	public function test_handlers_hear_of_high_traffic_its_rise_and_its_end(): void {
		self::configure( self::HANDLERS );
		$this->arrive( 7 );
		$raised = self::until( static fn () => self::of( 'raised' ), 30, 'high_traffic reaches the handler' );
		$this->assertSame( array( 'high_traffic', 'warning' ), array( $raised[0][1], $raised[0][2]['level'] ) );
		$this->assertGreaterThanOrEqual( 6, $raised[0][2]['visitors'] );
		$this->assertNotEmpty( $raised[0][2]['id'] );
		$this->assertSame( 0, $raised[0][3], 'handlers run for the engine, not for a user' );
		$this->assertStringContainsString( 'visitors are active now (threshold: 6).', $raised[0][2]['message'] );

		$this->arrive( 7 );
		$raised = self::until( static fn () => count( self::of( 'raised' ) ) > 1 ? self::of( 'raised' ) : null, 30, 'its rise reaches the handler' );
		$this->assertSame( array( 'high_traffic', 'critical' ), array( $raised[1][1], $raised[1][2]['level'] ) );
		$this->assertSame( $raised[0][2]['id'], $raised[1][2]['id'], 'it is the same alert' );
		$this->assertGreaterThanOrEqual( 12, $raised[1][2]['value'] );
		$this->assertStringContainsString( 'traffic has risen further', $raised[1][2]['message'] );

		$this->leave();
		$resolved = self::until( static fn () => self::of( 'resolved' ), 150, 'its end reaches the handler' );
		$this->assertSame( 'high_traffic', $resolved[0][1] );
		$this->assertSame( $raised[0][2]['id'], $resolved[0][2]['id'] );
		$this->assertStringContainsString( 'the peak is over', $resolved[0][2]['message'] );
		$this->assertCount( 2, self::of( 'raised' ), 'each once, although a handler threw' );
		$this->assertCount( 1, $resolved );
	}

	/** Many hosts cannot reach themselves: then the next request whose visitor need not wait takes the alert along. */
	public function test_other_requests_deliver_what_the_engine_cannot(): void {
		self::ask( 'update_user_meta( 1, "locale", "en_US" );' );
		$administrator = self::configure(
			self::HANDLERS . 'add_filter( "qahm_realtime_deliver_url", fn () => "http://127.0.0.1:1/" );
			add_filter( "locale", fn ( $locale ) => "en_US" === $locale ? "fr_FR" : $locale, 1 );'
		);
		$pending = static fn (): bool => self::ask( 'return qahm_realtime_alerts_pending( QahmRealtime\Site::id() );' );

		$this->arrive( 7 );
		$raised = self::until( static fn () => self::of( 'raised' ) ?: ( $administrator->get( '/wp-admin/profile.php' )->status ? array() : null ), 30, 'a page of the admin area delivers it' );
		$this->assertStringStartsWith( '/wp-admin/', $raised[0][4] );
		$this->assertStringContainsString( 'visiteurs sont actifs en ce moment (seuil : 6).', $raised[0][2]['message'], 'in the site\'s language, not the administrator\'s' );

		$this->leave();
		$resolved = self::until( static fn () => self::of( 'resolved' ) ?: ( self::browser()->get( '/about/' )->status ? array() : null ), 150, 'a visitor\'s page delivers its end' );
		$this->assertSame( array( '/about/', $raised[0][2]['id'] ), array( $resolved[0][4], $resolved[0][2]['id'] ) );
		$this->assertStringContainsString( 'le pic est passé', $resolved[0][2]['message'] );

		self::until( static fn (): bool => ! $pending(), 10, 'nothing waits any more' );
		$this->assertSame( array( 1, 1 ), array( count( self::of( 'raised' ) ), count( self::of( 'resolved' ) ) ), 'each once' );
		self::ask( 'delete_user_meta( 1, "locale" );' );
	}

	/** Has these handlers, and their threshold known to the engine. */
	private static function configure( string $handlers ): Browser {
		self::inside( $handlers );
		self::known_site();
		$administrator = self::administrator();
		// Site Health tells the engine at once.
		self::assertSame( 200, $administrator->get( '/wp-admin/site-health.php' )->status );
		return $administrator;
	}

	private function arrive( int $number ): void {
		[ $site, $collector ] = self::tracker_config();
		for ( $i = 0; $i < $number; $i++ ) {
			$view            = self::view();
			$browser         = self::browser();
			$browser->agent .= " Visitor/$view";
			$this->assertSame( 204, $browser->post( $collector, self::beacon( $site, $view, 0, array( array( 'v', 1, '', 'Title' ) ) ), array( 'Content-Type' => 'text/plain' ) )->status );
			$this->visitors[ $view ] = $browser;
		}
	}

	private function leave(): void {
		[ $site, $collector ] = self::tracker_config();
		foreach ( $this->visitors as $view => $browser ) {
			$browser->post( $collector, self::beacon( $site, (string) $view, 1, array( array( 'l', 0 ) ) ), array( 'Content-Type' => 'text/plain' ) );
		}
		$this->visitors = array();
	}

	/** @return list<list<mixed>> */
	private static function of( string $what ): array {
		return array_values( array_filter( self::logged(), static fn ( array $line ): bool => $what === $line[0] ) );
	}
}
