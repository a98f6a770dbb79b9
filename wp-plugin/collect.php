<?php
/**
 * Takes a beacon of the tracker. No WordPress, no database: the extension does all of it.
 *
 * The answer is 204 with the reason in X-Qahm-Realtime, or an error status with the reason as text; for a beacon with a
 * token, which is explained instead of counted, 200 with JSON.
 *
 * @package QahmRealtime
 */

declare(strict_types=1);

// phpcs:disable WordPress -- WordPress is not loaded here. Opened by a browser it answers 405.

try {
	// Whatever comes in, nothing of PHP shows. Some hosts take this function away, and calling it would end the request.
	if ( function_exists( 'ini_set' ) ) {
		ini_set( 'display_errors', '0' );
	}
	// One byte more than a beacon may have: longer ones are refused without being read. The extension asks PHP itself about the
	// request: the array of the server's variables, which is not made where no script mentions it, would take as long as all else.
	$qahm_realtime_answer = function_exists( 'qahm_realtime_collect' )
		? qahm_realtime_collect( (string) file_get_contents( 'php://input', false, null, 0, 4097 ) )
		: array( 503, 'absent' );
} catch ( Throwable ) {
	$qahm_realtime_answer = array( 503, 'error' );
}

http_response_code( $qahm_realtime_answer[0] );
$qahm_realtime_json = 200 === $qahm_realtime_answer[0];
header( 'X-Qahm-Realtime: ' . ( $qahm_realtime_json ? 'explained' : $qahm_realtime_answer[1] ) );
header( 'Cache-Control: no-store' );
if ( 204 !== $qahm_realtime_answer[0] ) {
	header( 'Content-Type: ' . ( $qahm_realtime_json ? 'application/json' : 'text/plain' ) . '; charset=utf-8' );
	header( 'X-Content-Type-Options: nosniff' );
	echo $qahm_realtime_answer[1];
}
