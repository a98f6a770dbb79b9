--TEST--
Counters are the engine's, and null rather than old
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/counters
--FILE--
<?php
require 'help.php';
attempt(fn () => qahm_realtime_counters('x'));
echo "-- no ring\n";
attempt(fn () => qahm_realtime_counters(SITE));
attempt(fn () => qahm_realtime_alerts_pending(SITE));
var_dump(glob(ini_get('qahm_realtime.runtime_dir') . '/*'));
echo "-- no engine\n";
qahm_realtime_record(SITE, 'request', []);
attempt(fn () => qahm_realtime_counters(SITE));
echo "-- an engine\n";
$engine = engine();
$counters = qahm_realtime_counters(SITE);
$copy = $counters;
$copy['active'] = 'changed';
for ($i = 0; $i < 100; $i++) {
    $copy["more $i"] = [$i];
}
unset($copy['approximate']);
var_dump(count($copy), $copy['more 99'], count($counters));
$again = qahm_realtime_counters(SITE);
var_dump($again['age_ms'] >= $counters['age_ms'] && $again['age_ms'] < 3000);
unset($again['age_ms'], $again['active']);
echo json_encode($counters), "\n", json_encode($again), "\n";
foreach ($counters as $key => $value) {
    $keys[] = $key;
}
var_dump(isset($counters['active'], $counters[implode('', ['act', 'ive'])]), $keys === array_keys($counters));
attempt(fn () => qahm_realtime_counters(OTHER));
attempt(fn () => qahm_realtime_alerts_pending(SITE));
attempt(fn () => qahm_realtime_alerts_pending(OTHER));
echo "-- an engine that stopped 5 s ago\n";
stop($engine);
usleep(4000000);
var_dump(qahm_realtime_counters(SITE) !== null, qahm_realtime_status()['state']);
usleep(1300000);
attempt(fn () => qahm_realtime_counters(SITE));
?>
--EXPECTF--
ValueError: $site must be 16 lower-case hexadecimal digits
-- no ring
null
false
array(0) {
}
-- no engine
null
-- an engine
int(108)
array(1) {
  [0]=>
  int(99)
}
int(9)
bool(true)
{"active":2,"visitors_5m":3,"visitors_30m":9,"visitors_today":20,"views_today":55,"peak_today":5,"peak_today_at":1699990000,"approximate":true,"age_ms":%d}
{"visitors_5m":3,"visitors_30m":9,"visitors_today":20,"views_today":55,"peak_today":5,"peak_today_at":1699990000,"approximate":true}
bool(true)
bool(true)
null
true
false
-- an engine that stopped 5 s ago
bool(true)
string(5) "stale"
null
