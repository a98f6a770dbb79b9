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
echo "-- signals\n";
$signal = fn ($fields) => $record($fields, SITE, 'signal');
$signal(['name' => 'search', 'title' => 'blue shoes', 'results' => 0, 'url' => '/?s=blue+shoes',
    'address' => '192.0.2.7', 'forwarded_for' => '198.51.100.1, 192.0.2.9', 'user_agent' => 'Agent', 'private' => true]);
$signal(['name' => 'php-error', 'what' => 'warning', 'title' => 'Undefined x', 'target' => 'wp-content/a.php', 'line' => 7]);
$signal(['name' => 'slow-query', 'title' => 'SELECT ?', 'generation_us' => 2000000, 'status' => 200]);
$signal(['name' => 'track', 'target' => 'order', 'properties' => '{"total":5}', 'referrer' => 'https://a.test/', 'logged_in' => true]);
$signal(['name' => 'of-a-newer-plugin', 'what' => null, 'later' => 7]);
echo "-- mistakes\n";
$signal([]);
$signal(['name' => '']);
$signal(['name' => 7]);
$signal(['name' => 'search', 'results' => '3']);
$signal(['name' => 'change', 'what' => 5]);
$signal(['name' => 'track', 'target' => []]);
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
-- signals
true
true
true
true
true
-- mistakes
ValueError: $fields['name'] must not be empty: it says what the signal is
ValueError: $fields['name'] must not be empty: it says what the signal is
TypeError: $fields['name'] must be a string
TypeError: $fields['results'] must be an integer
TypeError: $fields['what'] must be a string
TypeError: $fields['target'] must be a string
TypeError: $fields['url'] must be a string
TypeError: $fields['status'] must be an integer
TypeError: $fields['fatal'] must be a boolean
ValueError: $site must be 16 lower-case hexadecimal digits
ValueError: $kind must be 'request' or 'signal'
ArgumentCountError: qahm_realtime_record() expects exactly 3 arguments, 1 given
TypeError: %s
-- read back
request 0 0 -
request 70 0 192.0.2.7 Url=/from/a/reference Referrer=https://a.test/ UserAgent=latin � Title=T Name=n Properties={} Status=200 Generation=51234 Queries=37
request 0 0 -
request 0 0 -
request 0 0 - Title=T
request 1 0 - Url=%r(x{400})%r Status=500
signal 4 0 192.0.2.7 Url=/?s=blue+shoes UserAgent=Agent Title=blue shoes ForwardedFor=198.51.100.1, 192.0.2.9 Name=search Results=0
signal 0 0 - Title=Undefined x Name=php-error Line=7 What=warning Target=wp-content/a.php
signal 0 0 - Title=SELECT ? Name=slow-query Status=200 Generation=2000000
signal 2 0 - Referrer=https://a.test/ Name=track Properties={"total":5} Target=order
signal 0 0 - Name=of-a-newer-plugin
