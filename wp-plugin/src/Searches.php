<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_Query;

/**
 * Searches on the site. Loaded when there was one.
 */
final class Searches {

	/**
	 * Records the search that the page shows the results of; not its further pages, and nothing in GDPR mode.
	 */
	public static function record(): void {
		$query = $GLOBALS['wp_query'] ?? null;
		if ( ! $query instanceof WP_Query || Settings::value( 'GDPR_MODE' ) || $query->is_paged() || $query->is_feed() || is_admin() ) {
			return;
		}
		$term = $query->get( 's' );
		$term = is_string( $term ) ? trim( (string) preg_replace( '/\s+/', ' ', $term ) ) : '';
		if ( '' === $term ) {
			return;
		}
		Signal::record(
			'search',
			array(
				'title'   => $term,
				// A query that was told not to count has what it found all the same.
				'results' => max( 0, (int) $query->found_posts, (int) $query->post_count ),
			)
		);
	}
}
