--TEST--
phpinfo says what is wrong
--INI--
qahm_realtime.cli=1
qahm_realtime.engine=/no/such/engine
qahm_realtime.runtime_dir={PWD}/../run/info
qahm_realtime.data_dir={PWD}/../data
--FILE--
<?php
require 'help.php';
function section(): void
{
    ob_start();
    phpinfo(INFO_MODULES);
    preg_match('~\nqahm_realtime\n\n(.*?)\n\n\n~s', ob_get_clean() . "\n\n\n", $found);
    echo preg_replace('~\n\n\w+\n.*~s', '', $found[1]), "\n";
}
section();
echo "-- after an event\n";
qahm_realtime_record(SITE, 'request', []);
section();
?>
--EXPECTF--
Live visitor analytics => 0.1.0
Engine => absent
Engine mode => auto
Engine binary => none
User of this process => %s (%d)
Runtime directory => %s/run/info/%d
Data directory => %s/data/%d
Ring => %s/run/info/%d is not there; it is made when the web server records its first event
Note => There is no ring in use: %s. The first event makes it, where that is possible.

Directive => Local Value => Master Value
qahm_realtime.cli => 1 => 1
qahm_realtime.data_dir => %s
qahm_realtime.engine => /no/such/engine => /no/such/engine
qahm_realtime.engine_mode => auto => auto
qahm_realtime.listen => auto => auto
qahm_realtime.listen_group => no value => no value
qahm_realtime.runtime_dir => %s
qahm_realtime.slots => 8192 => 8192
-- after an event
%aRing => 1 of 8192 slots in use, 0 events dropped
Note => The engine has not run yet. The last start failed: the engine /no/such/engine is not an executable file. Events wait in the ring.
%a
