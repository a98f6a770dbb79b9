--TEST--
A command line uses what its own user's web processes have made, and makes nothing itself
--INI--
qahm_realtime.engine={PWD}/../engine-stub
qahm_realtime.runtime_dir={PWD}/../run/cli
--FILE--
<?php
require 'help.php';
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
collect(beacon());
attempt(fn () => qahm_realtime_token_mint(SITE, 1, ''));
attempt(fn () => qahm_realtime_configure(SITE, '{}', true));
$status = qahm_realtime_status();
echo $status['state'], "\n", $status['notes'][0], "\n";
var_dump(glob(ini_get('qahm_realtime.runtime_dir') . '/*'));
echo "-- a web process has been there\n";
$settings = ['cli' => 1, 'engine_mode' => 'external', 'runtime_dir' => ini_get('qahm_realtime.runtime_dir')];
echo php('var_dump(qahm_realtime_record("00000000000000ab", "request", []));', $settings);
until('it is found', fn () => qahm_realtime_record(SITE, 'request', []));
$status = qahm_realtime_status();
echo $status['state'], ' ', $status['used'], ' ', json_encode($status['messages']), "\n";
attempt(fn () => qahm_realtime_token_mint(SITE, 1, ''));
var_dump(file_exists(runtime() . '/token.key'));
?>
--EXPECTF--
false
503 absent
null
"absent"
absent
The command line uses what web requests of its own user, %s (%d), have made, and there is nothing: %s is not there; %s. Run it as the web server's user, for example: sudo -u www-data php …
array(0) {
}
-- a web process has been there
bool(true)
absent 2 {"engine":"","spawn":"","ring":""}
null
bool(false)
