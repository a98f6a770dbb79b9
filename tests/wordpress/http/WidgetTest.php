<?php
declare(strict_types=1);

/** The dashboard widget as PHP prints it. */
final class WidgetTest extends SiteTestCase {

	public function test_it_has_numbers_at_once(): void {
		$site      = self::known_site();
		$collector = self::tracker_config()[1];
		self::browser()->post( $collector, self::beacon( $site, self::view(), 0, array( array( 'v', 1, '', 'Title' ) ) ), array( 'Content-Type' => 'text/plain' ) );
		$admin = self::administrator();
		$html  = self::until(
			static function () use ( $admin ): ?string {
				$html = $admin->get( '/wp-admin/' )->body;
				return preg_match( '~<dd data-qahm-realtime="active">[1-9]~', $html ) ? $html : null;
			},
			10,
			'the widget shows the visitor'
		);
		foreach ( array( 'active', 'visitors_5m', 'visitors_30m', 'visitors_today', 'views_today', 'peak' ) as $name ) {
			$this->assertMatchesRegularExpression( "~<dd data-qahm-realtime=\"$name\">[^<]*[1-9]~", $html );
		}
		$this->assertSame( 10, substr_count( $html, 'class="qahm-realtime-definition"' ), 'a definition beside each number' );
		self::assertPageHas( 'qahm-realtime/assets/build/widget.js', $html );
		self::assertPageHas( 'role="status" data-qahm-realtime="state"></p>', $html, 'nothing to complain of' );
	}

	public function test_what_the_script_gets(): void {
		$config = self::widget_config( self::administrator() );
		$this->assertMatchesRegularExpression( '~^v1\.[\w-]+\.[\w-]+$~', $config['token'] );
		self::assertPageHas( 'live.php?site=' . self::tracker_config()[0], $config['live'] );
		self::assertPageLacks( $config['token'], $config['live'], 'no token in an address' );
		$this->assertNotContains( '', $config['text'] );
	}

	public function test_only_who_may_see_it(): void {
		self::inside( 'add_filter( "qahm_realtime_view_capability", fn () => "qahm_test_nobody" ); add_action( "init", fn () => is_super_admin() );' );
		$html = self::administrator()->get( '/wp-admin/' )->body;
		self::assertPageHas( 'id="dashboard-widgets"', $html );
		self::assertPageLacks( 'qahm_realtime_widget', $html );
		self::inside( '' );
	}

	public function test_it_speaks_french(): void {
		self::inside( 'add_filter( "locale", fn () => "fr_FR" ); add_filter( "pre_determine_locale", fn () => "fr_FR" );' );
		$html = self::administrator()->get( '/wp-admin/' )->body;
		self::assertPageHas( 'Actifs en ce moment', $html );
		self::assertPageLacks( 'Active now', $html );
		self::inside( '' );
	}

	public function test_site_health_tells_of_an_invalid_constant(): void {
		self::inside( 'define( "QAHM_REALTIME_CACHE_TTL", "often" );' );
		$admin = self::administrator();
		$this->assertSame( 200, self::browser()->get( '/' )->status, 'no page breaks' );
		self::assertPageHas( 'QAHM_REALTIME_CACHE_TTL is set to', $admin->get( '/wp-admin/site-health.php' )->body );
		self::assertPageHas( 'QAHM_REALTIME_CACHE_TTL', $admin->get( '/wp-admin/site-health.php?tab=debug' )->body );
		self::inside( '' );
	}
}
