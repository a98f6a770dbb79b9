<?php
/**
 * Answers the dashboard's questions: live.php?site=…&what=pages&limit=20. No WordPress, no database: a token says that WordPress agreed.
 *
 * It changes nothing, by no method: the token proves that somebody may read. What changes something (an alert that is
 * acknowledged) asks WordPress, or goes over the connection.
 *
 * @package QahmRealtime
 */

declare(strict_types=1);

// phpcs:disable WordPress -- WordPress is not loaded here. Without a token it answers 401.

try {
	// Whatever comes in, nothing of PHP shows. Some hosts take this function away, and calling it would end the request.
	if ( function_exists( 'ini_set' ) ) {
		ini_set( 'display_errors', '0' );
	}
	require __DIR__ . '/src/LiveAnswer.php';
	require __DIR__ . '/src/Question.php';
	require __DIR__ . '/src/Poll.php';
	$qahm_realtime_answer  = QahmRealtime\LiveAnswer::to( $_SERVER, $_GET );
	$qahm_realtime_status  = $qahm_realtime_answer->status;
	$qahm_realtime_headers = $qahm_realtime_answer->headers();
	$qahm_realtime_json    = json_encode(
		$qahm_realtime_answer->body,
		JSON_UNESCAPED_SLASHES | JSON_HEX_TAG | JSON_HEX_AMP | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR
	);
} catch ( Throwable ) {
	$qahm_realtime_status  = 503;
	$qahm_realtime_headers = array( 'X-Qahm-Realtime' => 'error' );
	$qahm_realtime_json    = '{"error":"error"}';
}

http_response_code( $qahm_realtime_status );
foreach ( $qahm_realtime_headers as $qahm_realtime_name => $qahm_realtime_value ) {
	header( "$qahm_realtime_name: $qahm_realtime_value" );
}
header( 'Content-Type: application/json; charset=utf-8' );
header( 'Cache-Control: private, no-store' );
header( 'X-Content-Type-Options: nosniff' );
echo $qahm_realtime_json;
