--TEST--
What is wrong with a beacon is answered, never thrown
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/beacon
--FILE--
<?php
require 'help.php';
collect(str_repeat(' ', 4097));
collect('');
collect('no json');
collect("\xff");
collect(beacon(['u' => "/\u{7}"]));
collect(beacon(['v' => 2]));
collect(beacon(['s' => 'x']));
collect(beacon(['i' => 7]));
collect(beacon(['n' => -1]));
collect(beacon(['n' => 4294967296]));
collect(beacon(['u' => 'https://evil.test/']));
collect(beacon(['e' => []]));
collect(beacon(['e' => array_fill(0, 65, ['b'])]));
collect(beacon(['e' => [['x']]]));
collect(beacon(['e' => [['v', 1, '', '', 'later']]]));
collect(beacon(['e' => [['e', -1, 0, 0]]]));
collect(beacon(['e' => [['t', 0.5, null, null, null, null, null]]]));
collect(beacon(['e' => [['g', 'name', ['no' => 'text']]]]));
collect(beacon(['n' => 4294967295, 'e' => [['b'], ['b']]]));
echo "-- and right\n";
collect(beacon());
collect(beacon(['n' => 4294967295]));
collect(beacon(['later' => [1], 'e' => [['v', 1, '', '', 0, ['', '', ''], 'later']]]));
var_dump(qahm_realtime_status()['used']);
?>
--EXPECTF--
413 body-too-large
400 not-json
400 not-json
400 not-utf8
400 control-bytes
400 version
400 site
400 view
400 sequence
400 sequence
400 url
400 events
400 events
400 event
400 event
400 event
400 event
400 event
400 sequence
-- and right
204 accepted
204 accepted
204 accepted
int(3)
