<?php
/**
 * WordPress's own hooks, and the few other functions that the classes under unit test call, as small as they can be.
 */

declare(strict_types=1);

$wordpress = getenv( 'QAHM_TEST_WP_DIR' ) ?: '/usr/share/wordpress';
if ( ! is_file( "$wordpress/wp-includes/plugin.php" ) ) {
	fwrite( STDERR, "No WordPress in $wordpress: set QAHM_TEST_WP_DIR\n" );
	exit( 1 );
}
require "$wordpress/wp-includes/plugin.php";

/** Options of the pretended site; tests set them. */
final class FakeWordPress {
	/** @var array<string, mixed> */
	public static array $options = array();
	/** @var list<array{string, mixed, ?bool}> Options that were written: name, value, autoload. */
	public static array $written = array();
	/** What is suggested for the privacy policy. */
	public static string $privacy = '';
	/** @var list<string> Languages that were switched to. */
	public static array $locales = array();
	/** @var list<string> Options that were asked for. */
	public static array $asked = array();
	public static int $blog      = 1;
	public static bool $admin    = false;
	public static bool $ajax     = false;
	public static bool $cron     = false;
	public static bool $user     = false;
	public static bool $search   = false;
	public static bool $consent  = false;
	/** @var array<int, list<int>>|null Blogs of each user of a network; null: there is no network. */
	public static ?array $network = null;
	/** @var list<int> Blogs of that network, for its administrator, user 1. */
	public static array $blogs = array();
	/** What answers a request of ours: (address, arguments) => [ status, body ], or a WP_Error. */
	public static ?Closure $remote = null;
	/** @var array<int, array<string, mixed>> User meta by user and key. */
	public static array $meta = array();
}

final class WP_User {
	public function __construct( public int $ID ) {}
}

final class WP_Post {
	public function __construct( public string $post_type, public string $post_title ) {}
}

/** The main query of a page of results. */
final class WP_Query {
	public bool $paged     = false;
	public bool $feed      = false;
	public int $post_count = 0;
	public function __construct( private mixed $term, public int $found_posts = 0 ) {}

	public function is_paged(): bool {
		return $this->paged;
	}

	public function is_feed(): bool {
		return $this->feed;
	}

	public function get( string $name ): mixed {
		return 's' === $name ? $this->term : '';
	}
}

final class WP_Error {
	public function __construct( private string $code = '', private string $message = '' ) {}

	public function get_error_message(): string {
		return $this->message;
	}
}

function is_wp_error( mixed $thing ): bool {
	return $thing instanceof WP_Error;
}

function is_search(): bool {
	return FakeWordPress::$search;
}

function is_post_type_viewable( string $type ): bool {
	return in_array( $type, array( 'post', 'page' ), true );
}

function wp_strip_all_tags( string $text ): string {
	return strip_tags( $text );
}

function wp_unslash( mixed $value ): mixed {
	return is_array( $value ) ? array_map( 'wp_unslash', $value ) : ( is_string( $value ) ? stripslashes( $value ) : $value );
}

function get_num_queries(): int {
	return 7;
}

/** @return array<string, string> */
function get_file_data( string $file, array $headers ): array {
	return array( 'name' => 1 === preg_match( '/Plugin Name: *(.+)/', (string) file_get_contents( $file ), $match ) ? trim( $match[1] ) : '' );
}

function wp_get_theme( string $folder ): object {
	return new class( $folder ) {
		public function __construct( private string $folder ) {}

		public function get( string $header ): string|false {
			return 'nameless' === $this->folder ? false : ucfirst( $this->folder );
		}
	};
}

$GLOBALS['wp_plugin_paths'] = array();

const WP_CONTENT_DIR  = '/wordpress/wp-content';
const WP_PLUGIN_DIR   = '/wordpress/wp-content/plugins';
const WPMU_PLUGIN_DIR = '/wordpress/wp-content/mu-plugins';

define( 'QahmRealtime\DIR', dirname( __DIR__, 3 ) . '/wp-plugin' );
define( 'QahmRealtime\FILE', WP_PLUGIN_DIR . '/qahm-realtime/qahm-realtime.php' );

function is_admin(): bool {
	return FakeWordPress::$admin;
}

function wp_doing_ajax(): bool {
	return FakeWordPress::$ajax;
}

function wp_doing_cron(): bool {
	return FakeWordPress::$cron;
}

function is_user_logged_in(): bool {
	return FakeWordPress::$user;
}

function wp_normalize_path( string $path ): string {
	return $path;
}

function get_option( string $name, mixed $default = false ): mixed {
	FakeWordPress::$asked[] = $name;
	return FakeWordPress::$options[ $name ] ?? $default;
}

/** @return array<string, string> */
function wp_load_alloptions(): array {
	return array_filter( FakeWordPress::$options, 'is_string' );
}

function update_option( string $name, mixed $value, ?bool $autoload = null ): bool {
	FakeWordPress::$written[]       = array( $name, $value, $autoload );
	FakeWordPress::$options[ $name ] = $value;
	return true;
}

function delete_option( string $name ): bool {
	unset( FakeWordPress::$options[ $name ] );
	return true;
}

function delete_metadata( string $type, int $id, string $key, mixed $value = '', bool $all = false ): bool {
	return true;
}

function get_current_blog_id(): int {
	return FakeWordPress::$blog;
}

function wp_parse_url( string $url, int $part = -1 ): mixed {
	return parse_url( $url, $part );
}

function get_locale(): string {
	return 'en_US';
}

function switch_to_locale( string $locale ): bool {
	FakeWordPress::$locales[] = $locale;
	return true;
}

function restore_previous_locale(): string {
	FakeWordPress::$locales[] = 'restored';
	return '';
}

function unload_textdomain( string $domain, bool $reloadable = false ): bool {
	return true;
}

function load_plugin_textdomain( string $domain, bool $unused, string $folder ): bool {
	return true;
}

function wp_timezone_string(): string {
	return FakeWordPress::$options['timezone_string'] ?? 'UTC';
}

function wp_specialchars_decode( string $text, int $quotes = ENT_NOQUOTES ): string {
	return htmlspecialchars_decode( $text, $quotes );
}

function is_multisite(): bool {
	return null !== FakeWordPress::$network;
}

/** @return array<int, object> */
function get_blogs_of_user( int $user, bool $all = false ): array {
	return array_fill_keys( FakeWordPress::$network[ $user ] ?? array(), new stdClass() );
}

function is_super_admin( int $user ): bool {
	return 1 === $user;
}

/** @return list<string> */
function get_sites( array $arguments ): array {
	return array_map( 'strval', array_slice( FakeWordPress::$blogs, 0, $arguments['number'] ) );
}

function get_blog_option( int $blog, string $name ): mixed {
	return 'home' === $name ? "https://example.com/blog$blog" : false;
}

function get_user_meta( int $user, string $key, bool $single = false ): mixed {
	return FakeWordPress::$meta[ $user ][ $key ] ?? '';
}

function get_current_user_id(): int {
	return FakeWordPress::$user ? 7 : 0;
}

function wp_json_encode( mixed $value, int $flags = 0 ): string|false {
	return json_encode( $value, $flags );
}

function __( string $text ): string {
	return $text;
}

function wp_kses_post( string $html ): string {
	return $html;
}

function wp_add_privacy_policy_content( string $name, string $html ): void {
	FakeWordPress::$privacy = $html;
}

function esc_html( string $text ): string {
	return htmlspecialchars( $text, ENT_QUOTES );
}

function _n( string $one, string $many, int $number ): string {
	return 1 === $number ? $one : $many;
}

function number_format_i18n( float $number ): string {
	return number_format( $number );
}

function size_format( int $bytes ): string {
	return $bytes . ' B';
}

function rest_url( string $path ): string {
	return "https://example.com/wp-json/$path";
}

function plugins_url( string $path, string $plugin ): string {
	return 'https://example.com/blog/wp-content/plugins/' . basename( dirname( $plugin ) ) . "/$path";
}

function maybe_unserialize( mixed $value ): mixed {
	return $value;
}

/** @return array{int, string}|WP_Error */
function wp_remote_get( string $url, array $arguments = array() ): array|WP_Error {
	return ( FakeWordPress::$remote )( $url, $arguments );
}

function wp_remote_retrieve_response_code( array|WP_Error $answer ): int|string {
	return is_array( $answer ) ? $answer[0] : '';
}

function wp_remote_retrieve_body( array|WP_Error $answer ): string {
	return is_array( $answer ) ? $answer[1] : '';
}

function sanitize_text_field( string $text ): string {
	return trim( (string) preg_replace( '/[\r\n\t ]+/', ' ', strip_tags( $text ) ) );
}

function human_time_diff( int $from ): string {
	return ( time() - $from ) . ' s';
}

function admin_url( string $path = '' ): string {
	return FakeWordPress::$options['siteurl'] . '/wp-admin/' . $path;
}

function esc_attr( string $text ): string {
	return htmlspecialchars( $text, ENT_QUOTES );
}

function esc_textarea( string $text ): string {
	return htmlspecialchars( $text, ENT_QUOTES );
}

/** @param array<string, mixed> $arguments */
function add_query_arg( array $arguments, string $url ): string {
	return $url . '?' . implode( '&', array_map( static fn ( string $name, mixed $value ): string => "$name=$value", array_keys( $arguments ), $arguments ) );
}

function absint( mixed $value ): int {
	return abs( (int) $value );
}

function __return_false(): bool {
	return false;
}
