<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Throwable;

/**
 * Forms that were submitted with success, as the common form plugins say it. Only the form's name, never what was entered.
 */
final class FormSubmissions {

	/** Actions of the form plugins, and how many arguments are of use. */
	public const HOOKS = array(
		'wpcf7_mail_sent'                => 1, // Contact Form 7.
		'wpforms_process_complete'       => 3,
		'gform_after_submission'         => 2, // Gravity Forms.
		'ninja_forms_after_submission'   => 1,
		'elementor_pro/forms/new_record' => 1,
		'fluentform/submission_inserted' => 3,
		'fluentform_submission_inserted' => 3, // Before Fluent Forms 5; the later ones fire both.
		'frm_after_create_entry'         => 2, // Formidable Forms.
	);

	/**
	 * Records a submission.
	 *
	 * @param string      $hook      One of HOOKS.
	 * @param list<mixed> $arguments What it was fired with.
	 */
	public static function record( string $hook, array $arguments ): void {
		try {
			$name = self::name( $hook, $arguments );
		} catch ( Throwable ) {
			return; // Another version of that plugin.
		}
		if ( is_string( $name ) && '' !== trim( $name ) ) {
			Signal::record( 'form-submit', array( 'target' => Text::cut( trim( wp_strip_all_tags( $name ) ), 64 ) ), true );
		}
	}

	/**
	 * What the form is called.
	 *
	 * @param string      $hook One of HOOKS.
	 * @param list<mixed> $with What it was fired with.
	 * @return mixed A string, unless the plugin has changed.
	 */
	private static function name( string $hook, array $with ): mixed {
		return match ( $hook ) {
			'wpcf7_mail_sent'                => $with[0]->title(),
			'wpforms_process_complete'       => $with[2]['settings']['form_title'] ?? null,
			'gform_after_submission'         => $with[1]['title'] ?? null,
			'ninja_forms_after_submission'   => $with[0]['settings']['title'] ?? $with[0]['form_title'] ?? null,
			'elementor_pro/forms/new_record' => $with[0]->get_form_settings( 'form_name' ),
			'fluentform/submission_inserted',
			'fluentform_submission_inserted' => is_array( $with[2] ?? null ) ? $with[2]['title'] ?? null : $with[2]->title,
			'frm_after_create_entry'         => \FrmForm::getOne( $with[1] )->name,
			default                          => null,
		};
	}
}
