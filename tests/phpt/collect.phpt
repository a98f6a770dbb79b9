--TEST--
Method, site and host are checked; records hold what the browser and its request said
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/collect
--FILE--
<?php
require 'help.php';
echo "-- before the engine has published its sites\n";
collect(beacon(['s' => OTHER]), ['HTTP_HOST' => 'any.test']);
collect(beacon(), ['REQUEST_METHOD' => 'GET']);
echo implode(' ', qahm_realtime_collect(beacon(), [])), "\n";
touch(runtime() . '/records');
$engine = engine();
drained();

echo "-- afterwards\n";
$known = ['HTTP_HOST' => 'Known.TEST'];
collect(beacon(['s' => OTHER]), $known);
collect(beacon(), ['HTTP_HOST' => 'other.test']);
collect(beacon());
collect(beacon(), ['HTTP_HOST' => ['known.test']]);
collect(beacon(), $known);
drained();

echo "-- every kind\n";
$events = [['v', 1, 'https://from.test/', 'Title'], ['h'], ['s'], ['b'], ['l', 1], ['v', 0, '', ''], ['l', 0]];
collect(beacon(['e' => $events]), $known + [
    'REMOTE_ADDR' => '2001:db8::1', 'HTTP_USER_AGENT' => 'Agent', 'HTTP_X_FORWARDED_FOR' => '198.51.100.1',
    'HTTP_SEC_CH_UA' => '"B";v="1"', 'HTTP_SEC_CH_UA_MOBILE' => '?0', 'HTTP_SEC_CH_UA_PLATFORM' => '"Linux"',
]);
drained();

echo "-- every kind that tells more\n";
collect(beacon(['w' => 1, 'c' => 1, 'e' => [
    ['v', 1, '', '', 3, ['page', 'Zoë', 'News']], ['e', 40, 80, 1], ['t', 900, 80, null, null, null, 0],
    ['c', 'outbound', 'else.test/x', 'Go on'], ['f', 'submit', 'contact'], ['x', 'boom', '/a.js', 7, 1],
    ['g', 'goal:Order', '{"n":1}'],
]]), $known);
drained();

echo "-- asks not to be tracked\n";
collect(beacon(), $known + ['HTTP_SEC_GPC' => '1']);
collect(beacon(), $known + ['HTTP_DNT' => '1']);
collect(beacon(), $known + ['HTTP_DNT' => '0', 'HTTP_SEC_GPC' => '0']);
drained();

echo "-- excluded\n";
foreach (['qahm_realtime_exclude=1', 'a=b; qahm_realtime_exclude=1; c=d', 'a=b;qahm_realtime_exclude=1'] as $cookie) {
    collect(beacon(['e' => [['b'], ['b']]]), $known + ['HTTP_COOKIE' => $cookie]);
}
foreach (['qahm_realtime_exclude=visitor', 'a=b; qahm_realtime_exclude=visitor; c=d'] as $cookie) {
    collect(beacon(), $known + ['HTTP_COOKIE' => $cookie]);
}
foreach (['qahm_realtime_exclude=0', 'qahm_realtime_exclude=visitors', 'qahm_realtime_exclude=10', 'xqahm_realtime_exclude=1', 'a=qahm_realtime_exclude=1', 'qahm_realtime_exclude'] as $cookie) {
    collect(beacon(), $known + ['HTTP_COOKIE' => $cookie]);
}
drained();
stop($engine);
?>
--EXPECT--
-- before the engine has published its sites
204 accepted
405 method
405 method
beat 0 5 - Url=/a?b
-- afterwards
404 site
403 host
403 host
403 host
204 accepted
beat 8 5 - Url=/a?b
-- every kind
204 accepted
view 24 5 2001:db8::1 Url=/a?b Referrer=https://from.test/ UserAgent=Agent Title=Title ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
hidden 8 6 2001:db8::1 Url=/a?b UserAgent=Agent ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
visible 8 7 2001:db8::1 Url=/a?b UserAgent=Agent ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
beat 8 8 2001:db8::1 Url=/a?b UserAgent=Agent ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
leave 40 9 2001:db8::1 Url=/a?b UserAgent=Agent ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
view 8 10 2001:db8::1 Url=/a?b UserAgent=Agent ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
leave 8 11 2001:db8::1 Url=/a?b UserAgent=Agent ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
-- every kind that tells more
204 accepted
view 408 5 - Url=/a?b Type=3 Meta=page|Zoë|News
engage 392 6 - Url=/a?b Engaged=40 Scroll=80 Tall=1
timing 392 7 - Url=/a?b Load=900 FirstByte=80 Shift=0
click 392 8 - Url=/a?b Name=Go on What=outbound Target=else.test/x
form 392 9 - Url=/a?b Name=contact What=submit
error 392 10 - Url=/a?b Title=boom Line=7 Own=1 Target=/a.js
custom 392 11 - Url=/a?b Name=goal:Order Properties={"n":1}
-- asks not to be tracked
204 accepted
204 accepted
204 accepted
beat 12 5 - Url=/a?b
beat 12 5 - Url=/a?b
beat 8 5 - Url=/a?b
-- excluded
204 excluded:role
204 excluded:role
204 excluded:role
204 excluded:opt-out
204 excluded:opt-out
204 accepted
204 accepted
204 accepted
204 accepted
204 accepted
204 accepted
excluded 8 5 - Reason=role
excluded 8 5 - Reason=role
excluded 8 5 - Reason=role
excluded 8 5 - Reason=opt-out
excluded 8 5 - Reason=opt-out
beat 8 5 - Url=/a?b
beat 8 5 - Url=/a?b
beat 8 5 - Url=/a?b
beat 8 5 - Url=/a?b
beat 8 5 - Url=/a?b
beat 8 5 - Url=/a?b
