--TEST--
Where the live channel is to listen is handed to the engine, and off without quotes is off
--INI--
qahm_realtime.cli=1
qahm_realtime.engine={PWD}/../engine-stub
qahm_realtime.runtime_dir={PWD}/../run/listen
qahm_realtime.data_dir={PWD}/../data
--FILE--
<?php
require 'help.php';
// Settings belong to the administrator, so each line is another process.
$told = function (string $what, array $settings): void {
    @mkdir($base = ini_get('qahm_realtime.runtime_dir') . "/$what");
    $code = 'require "' . __DIR__ . '/help.php"; qahm_realtime_record(SITE, "request", []);
        until("it runs", fn () => qahm_realtime_status()["state"] === "running");
        note($pid = qahm_realtime_status()["engine_pid"]);
        echo "$pid\n", file_get_contents("/proc/$pid/cmdline");';
    $usual = ['cli' => 1, 'runtime_dir' => $base];
    foreach (['engine', 'data_dir'] as $name) {
        $usual[$name] = ini_get("qahm_realtime.$name");
    }
    [$pid, $command] = explode("\n", php($code, $settings + $usual), 2) + [0, ''];
    posix_kill((int) $pid, 9);
    $words = explode("\0", rtrim($command, "\0"));
    echo "$what: ", implode(' ', array_slice($words, (array_search('--slots', $words) ?: -2) + 2)), "\n";
};
$told('usual', []);
$told('port', ['listen' => '127.0.0.1:9100', 'listen_group' => 'www-data']);
$told('off', ['listen' => 'off']);
$told('none', ['listen' => '']);
$told('wrong', ['listen' => '"0.0.0.0:9100; no"']);
?>
--EXPECT--
usual: --foreground
port: --listen 127.0.0.1:9100 --listen-group www-data --foreground
off: --listen off --foreground
none: --listen off --foreground
wrong: --listen 0.0.0.0:9100; no --foreground
