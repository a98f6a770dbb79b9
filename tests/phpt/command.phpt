--TEST--
A command waits for the engine that it starts; where none can come it does not wait
--INI--
qahm_realtime.cli=1
qahm_realtime.engine={PWD}/../engine-stub
qahm_realtime.runtime_dir={PWD}/../run/command
--FILE--
<?php
require 'help.php';
$base = ini_get('qahm_realtime.runtime_dir');
touch("$base/late");
attempt(fn () => qahm_realtime_ask(SITE, '{"what":"live"}', 100));
echo qahm_realtime_command(SITE, '{"do":"test-alert"}', 5000), "\n";
note($pid = qahm_realtime_status()['engine_pid']);
posix_kill($pid, 9);
foreach (['auto', 'external'] as $mode) {
    mkdir("$base/$mode");
    echo php('
        $begun = hrtime(true);
        var_dump(qahm_realtime_command("00000000000000ab", "{}", 9000));
        var_dump(qahm_realtime_configure("00000000000000ab", "{}", true));
        var_dump((hrtime(true) - $begun) / 1e9 < 0.9);
    ', ['cli' => 1, 'engine_mode' => $mode, 'engine' => '/no/such/engine', 'runtime_dir' => "$base/$mode"]);
}
?>
--EXPECT--
null
{"asked":{"c":{"do":"test-alert"},"op":"command","site":"00000000000000ab"},"ok":true}
NULL
string(6) "absent"
bool(true)
NULL
string(6) "absent"
bool(true)
