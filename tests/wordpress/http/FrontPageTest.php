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
		$off = 'add_filter( "option_active_plugins", fn () => array() );';
		[ $with, $without ] = self::queries( self::browser(), '/', $off );
		$this->assertSame( $without, $with );
		[ $with, $without ] = self::queries( self::administrator(), '/', $off );
		$this->assertSame( $without, $with, 'logged in' );
	}
}
