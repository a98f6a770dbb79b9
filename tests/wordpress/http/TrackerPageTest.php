<?php
declare(strict_types=1);

/** What a page tells its tracker of itself: the second file's address, the page's kind, goals that are clicks. */
final class TrackerPageTest extends SiteTestCase {

	/** @return list<mixed> The whole configuration in the page. */
	private static function config( string $path ): array {
		$html = self::browser()->get( $path )->body;
		self::assertSame( 1, preg_match( '~<script data-no-optimize[^>]*>\s*(.+?)\s*</script>~s', $html, $script ) );
		// A list with lists and texts in it, wherever it ends: what follows is the build's to name.
		self::assertSame( 1, preg_match( '~=(?=\["[0-9a-f]{16}",)(\[(?:"(?:\\\\.|[^"\\\\])*+"|[^\[\]"]|(?1))*+\])~', $script[1], $config ) );
		return json_decode( $config[1], true, 8, JSON_THROW_ON_ERROR );
	}

	public function test_a_post_says_its_type_author_and_first_category_and_a_list_says_nothing(): void {
		$this->assertSame( array( 'post', 'admin', 'Coast' ), self::config( '/the-night-ferry/' )[4] );
		$this->assertSame( array( 'page', 'admin', '' ), self::config( '/about/' )[4] );
		foreach ( array( '/', '/category/coast/', '/?s=lamp', '/no-such-page/' ) as $path ) {
			$this->assertSame( array( '', '', '' ), self::config( $path )[4], $path );
		}
	}

	public function test_names_are_cleaned_and_cut(): void {
		self::inside( 'add_filter( "qahm_realtime_page_meta", fn () => array( "a</script>b\nc", str_repeat( "é", 50 ), 5, "more" ) );' );
		$this->assertSame( array( 'a</script>b c', str_repeat( 'é', 32 ), '' ), self::config( '/about/' )[4] );
		self::inside( 'add_filter( "qahm_realtime_page_meta", fn () => "nonsense" );' );
		$this->assertSame( array( 'page', 'admin', '' ), self::config( '/about/' )[4] );
		self::inside( '' );
	}

	public function test_a_filter_that_throws_ends_no_page(): void {
		foreach ( array( 'qahm_realtime_page_meta', 'qahm_realtime_track_page', 'qahm_realtime_goals' ) as $filter ) {
			self::inside( "add_filter( '$filter', fn () => throw new Error( 'of others' ) );" );
			$page = self::browser()->get( '/about/' );
			$this->assertSame( 200, $page->status, $filter );
			$this->assertStringContainsString( '</html>', $page->body, $filter );
		}
		self::inside( '' );
	}

	public function test_the_second_file_is_there_and_is_a_script(): void {
		$address = self::config( '/about/' )[3];
		$this->assertStringStartsWith( '/', $address );
		$file = self::browser()->get( $address );
		$this->assertSame( 200, $file->status );
		$this->assertStringContainsString( 'export{', $file->body );
		$html = self::browser()->get( '/about/' )->body;
		self::assertPageLacks( "\"$address\" src", $html );
		$this->assertStringNotContainsString( 'src="' . $address, $html, 'the page itself does not wait for it' );
	}

	public function test_goals_that_are_clicks_are_in_the_page_and_others_are_not(): void {
		$this->assertCount( 5, self::config( '/about/' ) );
		self::inside(
			'add_filter( "qahm_realtime_goals", fn () => array(
				array( "name" => "Page", "type" => "page", "value" => "/thanks/" ),
				array( "name" => "Call", "type" => "selector", "value" => "a[href^=\'tel:\']" ),
			) );'
		);
		$this->assertSame( array( array( 'Call', "a[href^='tel:']" ) ), self::config( '/about/' )[5] );
		self::inside( '' );
	}

	public function test_a_post_with_its_tracker_makes_no_query_more(): void {
		$off = 'add_filter( "option_active_plugins", fn () => array() );';
		[ $with, $without ] = self::queries( self::browser(), '/the-night-ferry/', $off );
		$this->assertSame( $without, $with );
	}

	public function test_the_opt_out_is_the_same_for_all_visitors_and_its_script_only_where_it_is(): void {
		self::inside( 'add_filter( "the_content", fn ( $content ) => $content . ( is_page( "about" ) ? "[qahm_realtime_opt_out]" : "" ), 1 );' );
		$html = self::browser()->get( '/about/' )->body;
		$this->assertSame( 1, preg_match( '~<div class="qahm-realtime-opt-out".*?</div>~s', $html, $box ) );
		$this->assertStringContainsString( '<p role="status">', $box[0] );
		$this->assertStringContainsString( 'data-paths="/"', $box[0] );
		self::assertPageHas( 'build/opt-out.js', $html );
		self::assertPageLacks( 'build/opt-out.js', self::browser()->get( '/contact/' )->body );
		self::inside( '' );
	}

	/** The cookie of a role is not a script's to change, so a button would do nothing. */
	public function test_a_user_whose_role_is_not_counted_is_told_so_instead_of_asked(): void {
		$shown = 'add_filter( "the_content", fn ( $content ) => $content . ( is_page( "about" ) ? "[qahm_realtime_opt_out]" : "" ), 1 );';
		self::inside( "$shown isset( \$_SERVER['HTTP_X_TEST_LOCALE'] ) && add_filter( 'locale', fn () => 'fr_FR' );" );
		$administrator = self::administrator();
		$html          = $administrator->get( '/about/' )->body;
		self::assertPageHas( '<div class="qahm-realtime-opt-out"><p role="status">Your visits to this site are not counted because of your role.</p></div>', $html );
		self::assertPageLacks( 'build/opt-out.js', $html );
		self::assertPageHas( 'ne sont pas comptées en raison de votre rôle.', $administrator->get( '/about/', array( 'X-Test-Locale' => 'fr' ) )->body );
		// The editor shows what visitors will see.
		$nonce   = self::widget_config( $administrator )['nonce'];
		$preview = $administrator->get( '/?rest_route=/wp/v2/block-renderer/qahm-realtime/opt-out&context=edit', array( 'X-WP-Nonce' => $nonce ) );
		$this->assertStringContainsString( '<button', (string) ( $preview->json()['rendered'] ?? $preview->body ) );
		self::inside( "$shown define( 'QAHM_REALTIME_EXCLUDE_ROLES', 'editor' );" );
		self::assertPageHas( 'data-qahm-opt-out', $administrator->get( '/about/' )->body, 'a role that is counted' );
		self::inside( '' );
	}

	public function test_the_block_can_be_placed_in_the_editor(): void {
		$block = self::administrator()->get( '/wp-admin/post-new.php' )->body;
		self::assertPageHas( 'qahm-realtime\/opt-out', $block );
		self::assertPageHas( 'build/opt-out-editor.js', $block );
	}
}
