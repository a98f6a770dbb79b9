<?php
declare(strict_types=1);

/** The widget's script in a real browser, on the HTML that PHP prints, with answers of the live endpoint made up here. */
final class WidgetScriptTest extends SiteTestCase {

	private const CHROMIUM = '/usr/bin/chromium';

	private static string $widget;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		if ( ! is_executable( self::CHROMIUM ) ) {
			self::markTestSkipped( 'No ' . self::CHROMIUM );
		}
		$html = self::administrator()->get( '/wp-admin/' )->body;
		self::assertSame( 1, preg_match( '~<div class="qahm-realtime".+?</ul></div>~s', $html, $widget ) );
		// A file knows no engine and shares with no tab: what is shown is what the answers say.
		self::$widget = (string) preg_replace( '~&quot;prefix&quot;:&quot;[^&]*&quot;~', '&quot;prefix&quot;:null', $widget[0] );
	}

	/**
	 * The page after the script has had its answers.
	 *
	 * @param list<array{int, string, mixed}> $answers Status, reason, body; the last one stays.
	 */
	private static function page( array $answers, string $more = '' ): DOMXPath {
		$assets = self::$wp . '/wp-content/plugins/qahm-realtime/assets/build';
		$page   = sprintf(
			'<!doctype html><meta charset="utf-8"><style>.screen-reader-text{clip:rect(1px,1px,1px,1px);height:1px;overflow:hidden;position:absolute;width:1px}%s</style><div style="width:360px">%s</div>
			<script>Object.defineProperty( navigator, "locks", { value: undefined } ); const answers = %s; window.asked = []; document.body.dataset.before = document.querySelector( ".qahm-realtime-numbers" ).offsetHeight;
			window.fetch = async ( url ) => { asked.push( url ); const [ status, reason, body ] = answers.length > 1 ? answers.shift() : answers[ 0 ];
				return new Response( JSON.stringify( body ), { status, headers: { "X-Qahm-Realtime": reason } } ); };</script>
			<script>%s</script><script>setTimeout( () => { document.body.dataset.asked = asked.length; %s }, 500 );</script>',
			file_get_contents( "$assets/widget.css" ),
			self::$widget,
			json_encode( $answers ),
			file_get_contents( "$assets/widget.js" ),
			$more
		);
		$folder = sys_get_temp_dir() . '/qahm-realtime-widget-' . self::view();
		mkdir( $folder, 0700 );
		file_put_contents( "$folder/page.html", $page );
		$options = '--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync';
		exec( self::CHROMIUM . " $options --user-data-dir=$folder/profile --virtual-time-budget=1000 --dump-dom file://$folder/page.html 2>/dev/null", $lines );
		exec( "rm -rf $folder" );
		$document = new DOMDocument();
		$document->loadHTML( '<?xml encoding="utf-8">' . implode( "\n", $lines ), LIBXML_NOERROR );
		return new DOMXPath( $document );
	}

	private static function text( DOMXPath $page, string $place ): string {
		return trim( (string) $page->evaluate( "string(//*[@data-qahm-realtime='$place'])" ) );
	}

	/** @param array<string, mixed> $live */
	private static function live( array $live = array() ): array {
		return array(
			200,
			'live',
			array(
				'token' => 'v1.a.b',
				'live'  => $live + array( 'active' => 2, 'visitors_5m' => 3, 'visitors_30m' => 4, 'visitors_today' => 5, 'views_today' => 6, 'approximate' => false, 'peak' => array( 'value' => 7, 'time' => 1700000000 ), 'minutes' => array( 1, 2 ), 'pages' => array(), 'alerts' => array() ),
			),
		);
	}

	public function test_titles_without_the_name_of_the_site(): void {
		$titles = array(
			array( '/ferry/', 'The night ferry – The Lighthouse Journal', 'The night ferry' ),
			array( '/soup/', 'Soup | The Lighthouse Journal', 'Soup' ),
			array( '/sea/', 'Sea - The Lighthouse Journal', 'Sea' ),
			array( '/other/', 'Of another site – The Journal', 'Of another site – The Journal' ),
			array( '/', 'Welcome – The Lighthouse Journal', 'Welcome – The Lighthouse Journal' ),
			array( '/name/', 'The Lighthouse Journal', 'The Lighthouse Journal' ),
			array( '/none/', '', '/none/' ),
		);
		$pages  = array_map( static fn ( array $title ): array => array( 'path' => $title[0], 'title' => $title[1], 'active' => 1 ), $titles );
		$page   = self::page( array( self::live( array( 'pages' => array( ...$pages, array( 'path' => '(other)', 'title' => '', 'active' => 3 ) ) ) ) ) );
		$rows   = $page->query( "//*[@data-qahm-realtime='pages']/tr" );
		$this->assertSame( count( $titles ) + 1, $rows->length );
		foreach ( $titles as $number => [ $path, $title, $shown ] ) {
			$link = $page->query( "th[@scope='row']/a", $rows->item( $number ) )->item( 0 );
			$this->assertInstanceOf( DOMElement::class, $link, $path );
			$this->assertSame( array( $shown, '' === $title ? $path : $title ), array( $link->textContent, $link->getAttribute( 'title' ) ), $path );
			$this->assertStringEndsWith( $path, $link->getAttribute( 'href' ) );
		}
		$this->assertSame( '(other)', $page->query( "th[@scope='row']", $rows->item( count( $titles ) ) )->item( 0 )?->textContent );
	}

	public function test_a_title_has_the_width_that_the_count_leaves(): void {
		$long = self::live( array( 'pages' => array( array( 'path' => '/x/', 'title' => str_repeat( 'A long title ', 20 ), 'active' => 12 ) ) ) );
		$size = 'const [ title, count ] = document.querySelectorAll( "[data-qahm-realtime=pages] > tr > *" );
			document.body.dataset.title = title.offsetWidth; document.body.dataset.table = title.closest( "table" ).offsetWidth; document.body.dataset.count = count.offsetWidth;';
		$page = self::page( array( $long ), $size );
		$of   = static fn ( string $name ): int => (int) $page->evaluate( "string(//body/@data-$name)" );
		$this->assertSame( 360, $of( 'table' ), 'no wider than the box' );
		$this->assertGreaterThan( 310, $of( 'title' ) );
		$this->assertGreaterThan( 0, $of( 'count' ) );
	}

	public function test_about_is_said_of_every_number(): void {
		$page = self::page( array( self::live( array( 'approximate' => true ) ) ) );
		foreach ( array( 'active', 'visitors_5m', 'visitors_30m', 'visitors_today', 'views_today', 'peak' ) as $name ) {
			$this->assertStringStartsWith( "≈\u{202f}", self::text( $page, $name ), $name );
		}
	}

	/** @return iterable<string, array{array<string, mixed>, array<string, string>}> What the frame has, what is shown. */
	public function compared(): iterable {
		$usual = array( 'low' => 3.6, 'median' => 6.0, 'high' => 9.2, 'state' => 'above', 'percent' => null, 'days' => null );
		$trend = array( 'now' => 9.4, 'before' => 6.2, 'direction' => 'up', 'percent' => null );
		yield 'a small site' => array(
			array( 'trend' => $trend, 'usual' => $usual, 'record' => array( 'value' => 1041, 'date' => '2026-11-03' ), 'yesterday' => array( 'visitors' => 1132, 'views' => 410 ) ),
			array( 'trend-arrow' => '▲', 'trend-word' => 'rising:', 'trend' => '+3 in 5 minutes', 'usual' => 'Usual at this hour: 4–9 (now above)', 'record' => 'record: 1,041 (Nov 3, 2026)', 'visitors_yesterday' => 'yesterday: 1,132', 'views_yesterday' => 'yesterday: 410' ),
		);
		yield 'a large site' => array(
			array( 'trend' => array( 'now' => 80, 'before' => 91, 'direction' => 'down', 'percent' => -12 ), 'usual' => array( 'low' => 900.3, 'high' => 1200.2, 'state' => 'below', 'percent' => -34 ) + $usual ),
			array( 'trend-arrow' => '▼', 'trend-word' => 'falling:', 'trend' => '−12% in 5 minutes', 'usual' => 'Usual at this hour: 901–1,200 (now below, −34%)' ),
		);
		yield 'small numbers' => array(
			array( 'trend' => array( 'now' => 1, 'before' => 4.4, 'direction' => 'down' ) + $trend, 'usual' => array( 'low' => 0.0, 'high' => 1.0, 'state' => 'as usual' ) + $usual ),
			array( 'trend-arrow' => '▼', 'trend' => '−3 in 5 minutes', 'usual' => 'Usual at this hour: 0–1 (now as usual)' ),
		);
		yield 'a new site' => array(
			array( 'trend' => array( 'now' => 1, 'before' => 1, 'direction' => 'same' ) + $trend, 'usual' => array( 'low' => null, 'median' => null, 'high' => null, 'state' => null, 'days' => 3 ) + $usual, 'record' => null, 'yesterday' => array( 'visitors' => null, 'views' => null ) ),
			array( 'trend-arrow' => '=', 'trend-word' => '', 'trend' => 'steady', 'usual' => 'Usual known in 3 days', 'record' => '', 'visitors_yesterday' => '', 'views_yesterday' => '' ),
		);
		yield 'one day more' => array( array( 'usual' => array( 'low' => null, 'high' => null, 'days' => 1 ) + $usual ), array( 'usual' => 'Usual known in 1 day' ) );
		yield 'nothing is known' => array( array_fill_keys( array( 'trend', 'usual', 'record', 'yesterday' ), null ), array( 'trend' => 'Trend known after 10 minutes' ) + array_fill_keys( array( 'trend-arrow', 'trend-word', 'usual', 'record', 'visitors_yesterday', 'views_yesterday' ), '' ) );
		yield 'counters alone' => array( array( 'stale' => true ), array_fill_keys( array( 'trend', 'usual', 'record' ), '' ) );
	}

	/**
	 * @dataProvider compared
	 * @param array<string, mixed>  $live
	 * @param array<string, string> $shown
	 */
	public function test_what_the_numbers_compare_with( array $live, array $shown ): void {
		$page = self::page( array( self::live( $live ) ), 'document.body.dataset.after = document.querySelector( ".qahm-realtime-numbers" ).offsetHeight;' );
		foreach ( $shown as $place => $text ) {
			$this->assertSame( $text, self::text( $page, $place ), $place );
		}
		$this->assertSame( 'true', $page->evaluate( "string(//*[@data-qahm-realtime='trend-arrow']/@aria-hidden)" ), 'an arrow is for the eye' );
		$this->assertStringContainsString( 'screen-reader-text', $page->evaluate( "string(//*[@data-qahm-realtime='trend-word']/@class)" ) );
		$this->assertSame( $page->evaluate( 'string(//body/@data-before)' ), $page->evaluate( 'string(//body/@data-after)' ), 'nothing moves' );
	}

	public function test_another_address_is_named_and_not_asked_again(): void {
		$page = self::page( array( array( 401, 'origin', array( 'error' => 'origin' ) ) ) );
		$this->assertStringContainsString( self::$url . '/wp-admin/', self::text( $page, 'state' ) );
		$this->assertSame( '1', $page->evaluate( 'string(//body/@data-asked)' ), 'a new token would not help' );
	}

	public function test_a_token_that_is_too_old_is_renewed(): void {
		$page = self::page( array( array( 401, 'expired', array( 'error' => 'expired' ) ), array( 200, '', array( 'token' => 'v1.c.d' ) ), self::live() ) );
		$this->assertSame( '2', self::text( $page, 'active' ) );
		$this->assertSame( '', self::text( $page, 'state' ) );
	}

	/** A place that is not rendered is none to a screen reader, and what comes into it is not spoken. */
	public function test_the_place_that_is_spoken_stays_when_it_is_empty(): void {
		$page = self::page( array( self::live() ), 'const style = getComputedStyle( document.querySelector( "[role=status]" ) ); document.body.dataset.display = style.display; document.body.dataset.visibility = style.visibility;' );
		$this->assertSame( '', self::text( $page, 'state' ) );
		$this->assertSame( 'block', $page->evaluate( 'string(//body/@data-display)' ) );
		$this->assertSame( 'visible', $page->evaluate( 'string(//body/@data-visibility)' ) );
	}

	public function test_rows_have_headings(): void {
		$page = self::page( array( self::live( array( 'minutes' => array( 1, 2, 3 ) ) ) ) );
		$this->assertSame( 3.0, $page->evaluate( "count(//*[@data-qahm-realtime='minutes']/tr/th[@scope='row'])" ) );
		$this->assertSame( '2', $page->evaluate( "string(//*[@data-qahm-realtime='pages']/tr/td/@colspan)" ), 'nobody is on a page' );
	}
}
