--TEST--
The first event starts the engine, once, without leaving a zombie
--INI--
qahm_realtime.cli=1
qahm_realtime.engine={PWD}/../engine-stub
qahm_realtime.slots=512
qahm_realtime.runtime_dir={PWD}/../run/spawn
qahm_realtime.data_dir={PWD}/../data
--FILE--
<?php
require 'help.php';
var_dump(qahm_realtime_status()['state']);
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
until('it runs', fn () => qahm_realtime_status()['state'] === 'running');
$status = qahm_realtime_status();
note($pid = $status['engine_pid']);
until('it has read', fn () => qahm_realtime_status()['used'] === 0);
echo "$status[state] $status[engine_version] $status[slots]\n";
var_dump($status['notes'], $status['messages']['spawn']);
var_dump($status['engine'] === realpath(getenv('QAHM_PLACE')) . '/engine-stub' || $status['engine']);
echo "children: ", trim((string) @file_get_contents('/proc/self/task/' . getmypid() . '/children')), "\n";
var_dump(explode("\0", rtrim(file_get_contents("/proc/$pid/environ"), "\0")));
foreach ([0, 1, 2] as $fd) {
    echo readlink("/proc/$pid/fd/$fd"), "\n";
}
echo "-- killed: another one is started\n";
posix_kill($pid, 9);
usleep(3200000);
echo qahm_realtime_status()['state'], "\n";
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
until('it runs again', fn () => qahm_realtime_status()['state'] === 'running');
note($again = qahm_realtime_status()['engine_pid']);
var_dump($again !== $pid);
posix_kill($again, 9);
?>
--EXPECT--
string(6) "absent"
true
true
running 9.8.7 512
array(0) {
}
string(0) ""
bool(true)
children: 
array(1) {
  [0]=>
  string(18) "PATH=/usr/bin:/bin"
}
/dev/null
/dev/null
/dev/null
-- killed: another one is started
stale
true
bool(true)
