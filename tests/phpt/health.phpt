--TEST--
What the engine says of itself reaches the status and phpinfo while it runs; its settings win, and a difference is named
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/health
qahm_realtime.data_dir={PWD}/../data
--FILE--
<?php
require 'help.php';
$base = ini_get('qahm_realtime.runtime_dir');
$data = ini_get('qahm_realtime.data_dir');
$uid = posix_geteuid();
$show = function (string $what) use ($base, $data): void {
    $status = qahm_realtime_status();
    echo "-- $what: $status[state], ", json_encode($status['engine_health']), "\n";
    echo str_replace([$base, $data, "pid $status[engine_pid]"], ['RUN', 'DATA', 'pid PID'], implode("\n", [
        $status['data_dir'], ...$status['notes'],
    ])), "\n";
};
qahm_realtime_record(SITE, 'request', []);
$show('none');

$engine = engine('--data-dir', $data);
$pid = qahm_realtime_status()['engine_pid'];
$health = qahm_realtime_status()['engine_health'];
var_dump($health['pid'] === $pid);
unset($health['pid']);
echo json_encode($health), ' ', json_encode(qahm_realtime_status()['notes']), ' ', qahm_realtime_status()['listen'], "\n";
stop($engine);

file_put_contents("$base/notes", "the disk is full\nanother thing\u{202e} " . str_repeat('x', 300) . "\n");
mkdir("$base/data");
$engine = engine('--data-dir', "$base/data");
$status = qahm_realtime_status();
echo "-- trouble: $status[state]\n";
foreach ([$status['data_dir'], ...$status['notes']] as $line) {
    echo str_replace([$base, $data, "pid $status[engine_pid]"], ['RUN', 'DATA', 'pid PID'], $line), "\n";
}
ob_start();
phpinfo(INFO_MODULES);
var_dump(substr_count(ob_get_clean(), 'Note => the disk is full'));

touch("$base/mute");
$show('an engine that does not answer');
unlink("$base/mute");
posix_kill($status['engine_pid'], SIGSTOP);
$begun = hrtime(true);
$show('an engine that stands still');
var_dump((hrtime(true) - $begun) / 1e6 < 2000);
posix_kill($status['engine_pid'], SIGCONT);
stop($engine);
usleep(3100000);
$show('an engine that was killed');
var_dump(qahm_realtime_status()['listen']);
?>
--EXPECTF--
-- none: absent, []
DATA/%d
The engine has not run yet. qahm_realtime.engine_mode is external: start qahm-realtimed as this user. Events wait in the ring.
bool(true)
{"commit_us":250,"events":7,"sites":1,"started":1700000000} [] unix:/run/live.sock
-- trouble: running
RUN/data/%d
the disk is full
another thing x%r(x{299})%r
The running engine keeps its data in RUN/data/%d, but qahm_realtime.data_dir of this process is DATA. The engine's counts; to change it, reload php-fpm and stop the old engine (pid PID).
int(1)
-- an engine that does not answer: running, []
DATA/%d
The engine said: the disk is full; another thing x%r(x+)%r
-- an engine that stands still: running, []
DATA/%d
The engine said: the disk is full; another thing x%r(x+)%r
bool(true)
-- an engine that was killed: stale, []
DATA/%d
The engine has not answered for 3 s. qahm_realtime.engine_mode is external: start qahm-realtimed as this user. Events wait in the ring.
The engine said: the disk is full; another thing x%r(x+)%r
string(0) ""
