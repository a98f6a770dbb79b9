<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Caches that were emptied, as the common cache plugins say it.
 */
final class CachePurges {

	/**
	 * Action fired when all of a cache was emptied => the plugin, and a constant it defines: themes and other plugins fire
	 * these actions too, wherever that plugin is not there.
	 */
	public const HOOKS = array(
		'after_rocket_clean_domain'               => array( 'WP Rocket', 'WP_ROCKET_VERSION' ),
		'w3tc_flush_all'                          => array( 'W3 Total Cache', 'W3TC' ),
		'wp_cache_cleared'                        => array( 'WP Super Cache', 'WPCACHEHOME' ),
		'litespeed_purged_all'                    => array( 'LiteSpeed Cache', 'LSCWP_V' ),
		'wpfc_delete_cache'                       => array( 'WP Fastest Cache', 'WPFC_MAIN_PATH' ),
		'autoptimize_action_cachepurged'          => array( 'Autoptimize', 'AUTOPTIMIZE_PLUGIN_VERSION' ),
		'cache_enabler_complete_cache_cleared'    => array( 'Cache Enabler', 'CACHE_ENABLER_VERSION' ),
		'cache_enabler_site_cache_cleared'        => array( 'Cache Enabler', 'CACHE_ENABLER_VERSION' ),
		'breeze_clear_all_cache'                  => array( 'Breeze', 'BREEZE_VERSION' ),
		'wphb_clear_page_cache'                   => array( 'Hummingbird', 'WPHB_VERSION' ),
		'swift_performance_after_clear_all_cache' => array( 'Swift Performance', 'SWIFT_PERFORMANCE_VER' ),
		'siteground_optimizer_flush_cache'        => array( 'SiteGround Speed Optimizer', 'SiteGround_Optimizer\VERSION' ),
		'rt_nginx_helper_after_purge_all'         => array( 'Nginx Helper', 'NGINX_HELPER_BASEPATH' ),
		'swcfpc_purge_all'                        => array( 'Super Page Cache', 'SWCFPC_PLUGIN_PATH' ),
	);

	/**
	 * Records a purge.
	 *
	 * @param string $hook One of HOOKS.
	 */
	public static function record( string $hook ): void {
		[ $plugin, $constant ] = self::HOOKS[ $hook ];
		if ( defined( $constant ) ) {
			Signal::record(
				'change',
				array(
					'what'  => 'cache-purged',
					'title' => $plugin,
				)
			);
		}
	}
}
