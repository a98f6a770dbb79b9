--TEST--
Events of the server are recorded as given; mistakes of the programmer throw
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/record
--FILE--
<?php
require 'help.php';
$record = fn ($fields, $site = SITE, $kind = 'request') => attempt(fn () => qahm_realtime_record($site, $kind, $fields));
$record([]);
touch(runtime() . '/records');
$url = '/from/a/reference';
$record([
    'queries' => 37, 'url' => &$url, 'status' => 200, 'generation_us' => 51234, 'user_agent' => "latin \xe9",
    'referrer' => 'https://a.test/', 'title' => 'T', 'name' => 'n', 'properties' => '{}', 'address' => '192.0.2.7',
    'logged_in' => true, 'fatal' => true, 'private' => true, 'of_a_later_version' => 1.5, 7 => 'seven',
]);
$record(['url' => null, 'status' => -1, 'logged_in' => false, 'address' => 'nonsense']);
$record(['a', 'list']);
$removed = ['url' => '/', 'title' => 'T'];
unset($removed['url']);
$record($removed);
$record(['url' => str_repeat('x', 5000), 'status' => 500]);
echo "-- mistakes\n";
$record(['url' => 5]);
$record(['status' => '200']);
$record(['fatal' => 1]);
$record([], 'AB');
$record([], SITE, 'visit');
attempt(fn () => qahm_realtime_record(SITE));
attempt(fn () => qahm_realtime_record(SITE, 'request', 'x'));
echo "-- read back\n";
$engine = engine();
drained();
stop($engine);
?>
--EXPECTF--
true
true
true
true
true
true
-- mistakes
TypeError: $fields['url'] must be a string
TypeError: $fields['status'] must be an integer
TypeError: $fields['fatal'] must be a boolean
ValueError: $site must be 16 lower-case hexadecimal digits
ValueError: $kind must be 'request'
ArgumentCountError: qahm_realtime_record() expects exactly 3 arguments, 1 given
TypeError: %s
-- read back
request 0 0 -
request 70 0 192.0.2.7 Url=/from/a/reference Referrer=https://a.test/ UserAgent=latin � Title=T Name=n Properties={} Status=200 Generation=51234 Queries=37
request 0 0 -
request 0 0 -
request 0 0 - Title=T
request 1 0 - Url=%r(x{400})%r Status=500
