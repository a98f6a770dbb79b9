--TEST--
An engine that dies at every start is absent, not starting for ever, and its last words are told
--INI--
qahm_realtime.cli=1
qahm_realtime.engine={PWD}/../engine-stub
qahm_realtime.slots=1024
qahm_realtime.runtime_dir={PWD}/../run/dying
qahm_realtime.data_dir={PWD}/../data
--FILE--
<?php
require 'help.php';
$base = ini_get('qahm_realtime.runtime_dir');
$show = function (): void {
    $status = qahm_realtime_status();
    echo $status['state'], "\n", implode("\n", $status['notes']), "\n";
};
file_put_contents("$base/dies", '');
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
$show();
usleep(5100000);
$show();
echo "-- a command waits for it no longer than it may take\n";
file_put_contents("$base/dies", 'database: it is damaged');
$begun = hrtime(true);
attempt(fn () => qahm_realtime_command(SITE, '{"do":"forget"}', 500));
var_dump((hrtime(true) - $begun) / 1e6 < 1500);
$show();
usleep(5100000);
$show();
?>
--EXPECTF--
true
starting
The engine has not run yet. It was started a moment ago. Events wait in the ring.
absent
The engine has not run yet. It was started once, and ended before it could answer. Events wait in the ring.
To see why it ends: sudo -u %S %s/engine-stub --foreground --runtime-dir %s/run/dying --data-dir %s/data
-- a command waits for it no longer than it may take
null
bool(true)
starting
The engine has not run yet. It was started a moment ago, 2 times so far. Events wait in the ring.
The engine said: database: it is damaged
absent
The engine has not run yet. It was started 2 times, and ended before it could answer. Events wait in the ring.
The engine said: database: it is damaged
