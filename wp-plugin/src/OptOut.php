<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_Block_Type_Registry;

/**
 * The button by which a visitor is not counted any more: a shortcode and a block. What it prints is the same for everybody but
 * the users whose role is not counted: they have nothing to choose.
 */
final class OptOut {

	private const BLOCK  = 'qahm-realtime/opt-out';
	private const SCRIPT = 'qahm-realtime-opt-out';

	/**
	 * For the editor: the block and its script. Pages need neither.
	 */
	public static function register(): void {
		if ( WP_Block_Type_Registry::get_instance()->is_registered( self::BLOCK ) ) {
			return; // Pages of the admin area may ask the REST routes themselves.
		}
		wp_register_script(
			self::SCRIPT . '-editor',
			plugins_url( 'assets/build/opt-out-editor.js', FILE ),
			array( 'wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element', 'wp-server-side-render' ),
			VERSION,
			true
		);
		register_block_type(
			self::BLOCK,
			array(
				'api_version'     => 2,
				'title'           => __( 'Opt-out of visitor statistics', 'qahm-realtime' ),
				'description'     => __( 'A button by which visitors are not counted any more.', 'qahm-realtime' ),
				'category'        => 'widgets',
				'icon'            => 'hidden',
				'supports'        => array( 'html' => false ),
				'editor_script'   => self::SCRIPT . '-editor',
				'render_callback' => array( self::class, 'show' ),
			)
		);
	}

	/**
	 * The button and the sentence before it. Without scripts there is no button, and nobody is counted.
	 *
	 * @return string HTML.
	 */
	public static function show(): string {
		if ( ! Extension::loaded() ) {
			return '';
		}
		Lifecycle::load_language();
		if ( self::has_no_choice() ) {
			return sprintf( '<div class="qahm-realtime-opt-out"><p role="status">%s</p></div>', esc_html__( 'Your visits to this site are not counted because of your role.', 'qahm-realtime' ) );
		}
		wp_enqueue_script( self::SCRIPT, plugins_url( 'assets/build/opt-out.js', FILE ), array(), VERSION, true );
		$counted = __( 'Your visits to this site are counted in its live statistics.', 'qahm-realtime' );
		$data    = array(
			'paths'       => implode( ' ', ExcludedRoles::paths() ),
			'domain'      => (string) COOKIE_DOMAIN,
			'counted'     => $counted,
			'not-counted' => __( 'Your visits to this site are not counted with this browser.', 'qahm-realtime' ),
			'stop'        => __( 'Do not count my visits', 'qahm-realtime' ),
			'again'       => __( 'Count my visits again', 'qahm-realtime' ),
		);
		$html    = '<div class="qahm-realtime-opt-out" data-qahm-opt-out';
		foreach ( $data as $name => $value ) {
			$html .= sprintf( ' data-%s="%s"', $name, esc_attr( $value ) );
		}
		return $html . sprintf(
			'><p role="status">%s</p><p class="wp-block-button"><button type="button" class="wp-block-button__link wp-element-button" hidden>%s</button></p></div>',
			esc_html( $counted ),
			esc_html( $data['stop'] )
		);
	}

	/**
	 * Whether the role of the user is not counted anyway. In the editor they look at what visitors will see.
	 */
	private static function has_no_choice(): bool {
		if ( is_admin() || ( defined( 'REST_REQUEST' ) && REST_REQUEST ) ) {
			return false;
		}
		return is_user_logged_in() && ExcludedRoles::excluded( wp_get_current_user() );
	}
}
