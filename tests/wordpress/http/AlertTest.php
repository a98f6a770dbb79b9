<?php
declare(strict_types=1);

/** From a visitor's beacon to the owner's handler, and back when the visitors have gone. */
final class AlertTest extends SiteTestCase {

	public function test_handlers_hear_of_high_traffic_and_its_end(): void {
		self::inside(
			'define( "QAHM_REALTIME_ALERT_HIGH_TRAFFIC", 3 );
			add_action( "qahm_realtime_alert", function ( $type, $data ) { throw new RuntimeException( "a broken handler" ); }, 5, 2 );
			add_action( "qahm_realtime_alert", function ( $type, $data ) { qahm_test_log( "raised", $type, $data, get_current_user_id() ); }, 10, 2 );
			add_action( "qahm_realtime_alert_resolved", function ( $type, $data ) { qahm_test_log( "resolved", $type, $data ); }, 10, 2 );'
		);
		$site      = self::known_site();
		$collector = self::tracker_config()[1];
		// Site Health tells the engine the new threshold at once.
		self::administrator()->get( '/wp-admin/site-health.php' );

		$views = array();
		for ( $i = 0; $i < 4; $i++ ) {
			$browser = self::browser();
			$browser->agent .= " Visitor/$i";
			$views[ self::view() ] = $browser;
		}
		foreach ( $views as $view => $browser ) {
			$this->assertSame( 204, $browser->post( $collector, self::beacon( $site, (string) $view, 0, array( array( 'v', 1, '', 'Title' ) ) ), array( 'Content-Type' => 'text/plain' ) )->status );
		}
		$raised = self::until( static fn () => self::of( 'raised' ), 30, 'high_traffic reaches the handler' );
		$this->assertSame( 'high_traffic', $raised[0][1] );
		$this->assertGreaterThanOrEqual( 3, $raised[0][2]['visitors'] );
		$this->assertNotEmpty( $raised[0][2]['id'] );
		$this->assertSame( 0, $raised[0][3], 'handlers run for the engine, not for a user' );

		foreach ( $views as $view => $browser ) {
			$browser->post( $collector, self::beacon( $site, (string) $view, 1, array( array( 'l', 0 ) ) ), array( 'Content-Type' => 'text/plain' ) );
		}
		$resolved = self::until( static fn () => self::of( 'resolved' ), 150, 'its end reaches the handler' );
		$this->assertSame( 'high_traffic', $resolved[0][1] );
		$this->assertSame( $raised[0][2]['id'], $resolved[0][2]['id'] );
		$this->assertCount( 1, self::of( 'raised' ), 'once, although a handler threw' );
		$this->assertCount( 1, $resolved );
	}

	/** @return list<list<mixed>> */
	private static function of( string $what ): array {
		return array_values( array_filter( self::logged(), static fn ( array $line ): bool => $what === $line[0] ) );
	}
}
