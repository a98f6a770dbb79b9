<?php
declare(strict_types=1);

/** What the plugin adds to a page: one small script, the same for everybody, and no query. */
final class FrontPageTest extends SiteTestCase {

	private static function script( string $html ): string {
		preg_match( '~<script data-no-optimize.*?</script>~s', $html, $match );
		return $match[0] ?? '';
	}

	public function test_the_tracker_is_there_once_and_small(): void {
		$html = self::browser()->get( '/' )->body;
		$this->assertSame( 1, substr_count( $html, '<script data-no-optimize' ) );
		$this->assertLessThanOrEqual( 1000, strlen( (string) gzencode( self::script( $html ), 9 ) ) );
		[ , $collector, $consent ] = self::tracker_config( $html );
		$this->assertStringStartsWith( '/', $collector );
		$this->assertSame( 0, $consent );
	}

	public function test_it_is_the_same_for_everybody(): void {
		$this->assertSame( self::script( self::browser()->get( '/' )->body ), self::script( self::administrator()->get( '/' )->body ) );
	}

	public function test_it_is_not_where_no_visitor_looks(): void {
		foreach ( array( '/?feed=rss2', '/wp-login.php', '/?rest_route=/wp/v2/posts', '/no-such-picture.png', '/robots.txt' ) as $path ) {
			self::assertPageLacks( 'data-no-optimize', self::browser()->get( $path )->body, $path );
		}
		self::assertPageHas( 'data-no-optimize', self::browser()->get( '/no-such-page' )->body );
		self::assertPageLacks( 'data-no-optimize', self::administrator()->get( '/?p=1&preview=true' )->body );
	}

	public function test_no_query_is_added(): void {
		self::inside(
			'if ( isset( $_SERVER["HTTP_X_TEST_WITHOUT"] ) ) { add_filter( "option_active_plugins", fn () => array() ); }
			add_action( "shutdown", function () {
				// Behind all that the plugin does at the end.
				register_shutdown_function( fn () => register_shutdown_function( fn () => qahm_test_log( isset( $_SERVER["HTTP_X_TEST_WITHOUT"] ), get_num_queries(), function_exists( "qahm_realtime_record" ) ) ) );
			}, PHP_INT_MAX );'
		);
		$browser = self::browser();
		// The first ones fill WordPress's own transients.
		for ( $i = 0; $i < 3; $i++ ) {
			$browser->get( '/' );
			$browser->get( '/', array( 'X-Test-Without' => '1' ) );
		}
		$logged = self::until( static fn () => count( self::logged() ) >= 6 ? self::logged() : null, 10, 'six requests are logged' );
		$with    = min( array_column( array_filter( $logged, static fn ( array $line ): bool => ! $line[0] ), 1 ) );
		$without = min( array_column( array_filter( $logged, static fn ( array $line ): bool => $line[0] ), 1 ) );
		$this->assertTrue( $logged[0][2], 'the extension is loaded' );
		$this->assertSame( $without, $with );
	}
}
