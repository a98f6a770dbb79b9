--TEST--
A beacon with a token is explained by the engine, and never counted
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/explain
--FILE--
<?php
require 'help.php';
$known = ['HTTP_HOST' => 'known.test'];
$token = qahm_realtime_token_mint(SITE, 1, 'https://elsewhere.test');
$ask = fn ($token, $server = [], $members = []) => collect(beacon($members + ['d' => $token]), $server + $known);
echo "-- without an engine\n";
$ask($token);
$ask('v1.bad.bad');
echo "-- with one\n";
$engine = engine();
touch(runtime() . '/records');
$ask($token);
$events = [['v', 1, 'https://from.test/', 'Title', 0, ['post', 'Ann', '']], ['b']];
$visitor = ['REMOTE_ADDR' => '192.0.2.7', 'HTTP_USER_AGENT' => 'Agent', 'HTTP_SEC_GPC' => '1'];
$ask($token, $visitor, ['e' => $events, 'w' => 1]);
$ask($token, $visitor + ['HTTP_COOKIE' => 'qahm_realtime_exclude=1'], ['e' => $events]);
$ask($token, ['HTTP_COOKIE' => 'qahm_realtime_exclude=visitor']);
echo "-- tokens that are none\n";
foreach (['', 7, ['x'], 'v1.bad.bad', substr($token, 0, -1), qahm_realtime_token_mint(OTHER, 1, '')] as $bad) {
    $ask($bad);
}
echo "-- beacons that would be refused\n";
$ask($token, ['HTTP_HOST' => 'other.test']);
$ask($token, [], ['s' => OTHER]);
$ask($token, ['REQUEST_METHOD' => 'GET']);
$ask($token, [], ['e' => [['x']]]);
echo "-- the engine cannot say\n";
touch(ini_get('qahm_realtime.runtime_dir') . '/puzzled');
$ask($token);
echo "-- nothing was recorded but this\n";
collect(beacon(['d' => null]), $known);
drained();
stop($engine);
?>
--EXPECT--
-- without an engine
503 absent
403 token
-- with one
200 {"record":"beat 8 5 - Url=/a?b","site":"00000000000000ab"}
200 {"record":"view 284 5 192.0.2.7 Url=/a?b Referrer=https://from.test/ UserAgent=Agent Title=Title Meta=post|Ann|","site":"00000000000000ab"}
200 {"record":"view 28 5 192.0.2.7 Url=/a?b Referrer=https://from.test/ UserAgent=Agent Title=Title Reason=role Meta=post|Ann|","site":"00000000000000ab"}
200 {"record":"beat 8 5 - Url=/a?b Reason=opt-out","site":"00000000000000ab"}
-- tokens that are none
403 token
403 token
403 token
403 token
403 token
403 token
-- beacons that would be refused
403 host
404 site
405 method
400 event
-- the engine cannot say
503 absent
-- nothing was recorded but this
204 accepted
beat 8 5 - Url=/a?b
