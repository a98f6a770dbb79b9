<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use WP_Post;

/**
 * What kind of page this is: the same for every visitor, and known without a query that the page would not make itself.
 */
final class PageMeta {

	/** Bytes of each of the three at most: together they fit the record. */
	private const MAX = 64;

	/**
	 * Post type, name of the author, name of the first category; '' for what the page has not. Only posts and pages have them.
	 *
	 * @return array{string, string, string}
	 */
	public static function current(): array {
		$post = is_singular() ? get_queried_object() : null;
		$meta = $post instanceof WP_Post
			? array( $post->post_type, self::author( $post ), self::category( $post ) )
			: array( '', '', '' );
		/**
		 * Filters by what the page is grouped beside others. It must be the same for every visitor: caches keep it.
		 *
		 * @param array{string, string, string} $meta Post type, name of the author, name of the category.
		 * @param WP_Post|null                  $post The post or page, null on lists and other pages.
		 */
		$filtered = apply_filters( 'qahm_realtime_page_meta', $meta, $post );
		$given    = is_array( $filtered ) ? array_values( $filtered ) : $meta;
		return array( self::clean( $given[0] ?? '' ), self::clean( $given[1] ?? '' ), self::clean( $given[2] ?? '' ) );
	}

	/**
	 * The name under which the author writes. The page's own loop asks for the same user.
	 *
	 * @param WP_Post $post The post.
	 */
	private static function author( WP_Post $post ): string {
		if ( ! post_type_supports( $post->post_type, 'author' ) ) {
			return '';
		}
		return (string) get_the_author_meta( 'display_name', (int) $post->post_author );
	}

	/**
	 * The first category, from the terms that WordPress has read with the post.
	 *
	 * @param WP_Post $post The post.
	 */
	private static function category( WP_Post $post ): string {
		$terms = is_object_in_taxonomy( $post->post_type, 'category' ) ? get_the_terms( $post, 'category' ) : false;
		return is_array( $terms ) && isset( $terms[0] ) ? wp_specialchars_decode( $terms[0]->name, ENT_QUOTES ) : '';
	}

	/**
	 * A text as the collector takes it: one line of whole characters.
	 *
	 * @param mixed $text What a filter gave.
	 */
	private static function clean( mixed $text ): string {
		$line = is_string( $text ) ? preg_replace( '/[\x00-\x1f\x7f\s]+/u', ' ', $text ) : '';
		return Text::cut( trim( (string) $line ), self::MAX );
	}
}
