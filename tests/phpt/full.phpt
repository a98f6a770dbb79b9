--TEST--
A full ring refuses at once, counts each lost event, and takes the beginning of a beacon
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.slots=256
qahm_realtime.runtime_dir={PWD}/../run/full
--FILE--
<?php
require 'help.php';
for ($taken = 0; $taken < 254 && qahm_realtime_record(SITE, 'request', []); $taken++);
var_dump($taken);
collect(beacon(['e' => [['b'], ['b'], ['b'], ['b'], ['b']]]));
collect(beacon(), ['HTTP_COOKIE' => 'qahm_realtime_exclude=1']);
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
$status = qahm_realtime_status();
echo "$status[used] of $status[slots], $status[dropped] dropped\n", implode("\n", array_slice($status['notes'], 1, 2)), "\n";
touch(runtime() . '/records');
$engine = engine();
until('there is room', fn () => qahm_realtime_status()['used'] === 0);
echo count(file(runtime() . '/records')), "\n";
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
stop($engine);
?>
--EXPECT--
int(254)
503 full
503 full
false
256 of 256, 5 dropped
The ring is full: events are dropped until the engine empties it.
5 events were dropped because the ring was full.
256
true
