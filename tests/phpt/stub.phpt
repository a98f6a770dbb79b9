--TEST--
The committed stub says what the extension has
--FILE--
<?php
$php = getenv('QAHM_PLACE') . '/php';
ob_start();
require "$php/generate-stub.php";
$generated = ob_get_clean();
var_dump($generated === file_get_contents("$php/qahm_realtime.stub.php"));
echo implode("\n", get_extension_funcs('qahm_realtime')), "\n";
?>
--EXPECT--
bool(true)
qahm_realtime_record
qahm_realtime_collect
qahm_realtime_counters
qahm_realtime_ask
qahm_realtime_command
qahm_realtime_configure
qahm_realtime_alerts_pending
qahm_realtime_alerts_claim
qahm_realtime_alerts_acknowledge
qahm_realtime_token_mint
qahm_realtime_token_check
qahm_realtime_token_claims
qahm_realtime_token_renew
qahm_realtime_status
qahm_realtime_error_levels
