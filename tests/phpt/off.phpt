--TEST--
Mode off touches nothing
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=off
qahm_realtime.runtime_dir={PWD}/../run/off
--FILE--
<?php
require 'help.php';
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
collect(beacon());
attempt(fn () => qahm_realtime_counters(SITE));
attempt(fn () => qahm_realtime_ask(SITE, '{}'));
attempt(fn () => qahm_realtime_configure(SITE, '{}', true));
attempt(fn () => qahm_realtime_token_mint(SITE, 1, ''));
attempt(fn () => qahm_realtime_token_check(SITE, '', ''));
$status = qahm_realtime_status();
var_dump($status['state'], $status['notes'], glob(ini_get('qahm_realtime.runtime_dir') . '/*'));
?>
--EXPECTF--
false
503 absent
null
null
"absent"
null
"absent"
string(3) "off"
array(1) {
  [0]=>
  string(%d) "Nothing is recorded: qahm_realtime.engine_mode is off."
}
array(0) {
}
