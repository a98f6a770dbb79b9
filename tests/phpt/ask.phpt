--TEST--
Questions, commands and alerts go over the control socket, within their time
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/ask
--FILE--
<?php
require 'help.php';
echo "-- no engine\n";
attempt(fn () => qahm_realtime_ask(SITE, '{"what":"live"}'));
attempt(fn () => qahm_realtime_command(SITE, '{"do":"forget"}'));
attempt(fn () => qahm_realtime_alerts_claim(SITE, 40));
attempt(fn () => qahm_realtime_alerts_acknowledge(SITE, 7, '[]'));
echo "-- an engine\n";
$engine = engine();
echo qahm_realtime_ask(SITE, '{"what":"live","pages":5}'), "\n";
echo qahm_realtime_command(SITE, '{"do":"test-alert"}'), "\n";
echo str_replace((string) getmypid(), 'PID', qahm_realtime_alerts_claim(SITE, 40)), "\n";
attempt(fn () => qahm_realtime_alerts_acknowledge(SITE, 7, '[{"id":"x","ok":true,"error":""}]'));
attempt(fn () => qahm_realtime_alerts_acknowledge(OTHER, 7, '[]'));
attempt(fn () => qahm_realtime_ask(SITE, '{"what":"slow"}', 100));
attempt(fn () => is_string(qahm_realtime_ask(SITE, '{"what":"slow"}', 2000)));
echo "-- mistakes\n";
attempt(fn () => qahm_realtime_ask('x', '{}'));
attempt(fn () => qahm_realtime_ask(SITE, '{},"op":"command"'));
attempt(fn () => qahm_realtime_ask(SITE, ''));
attempt(fn () => qahm_realtime_ask(SITE, "\"\xff\""));
attempt(fn () => qahm_realtime_ask(SITE, '{}', 0));
attempt(fn () => qahm_realtime_command(SITE, '{', 10));
attempt(fn () => qahm_realtime_alerts_claim(SITE, 0));
attempt(fn () => qahm_realtime_alerts_acknowledge(SITE, 7, ''));
stop($engine);
?>
--EXPECT--
-- no engine
null
null
null
false
-- an engine
{"asked":{"op":"ask","q":{"pages":5,"what":"live"},"site":"00000000000000ab"},"ok":true}
{"asked":{"c":{"do":"test-alert"},"op":"command","site":"00000000000000ab"},"ok":true}
{"asked":{"lease":40,"op":"claim","pid":PID,"site":"00000000000000ab"},"ok":true}
true
false
null
true
-- mistakes
ValueError: $site must be 16 lower-case hexadecimal digits
ValueError: $question must be JSON
ValueError: $question must be JSON
ValueError: $question must be JSON
ValueError: $timeout_ms must be between 1 and 10000
ValueError: $command must be JSON
ValueError: $lease_s must be between 1 and 3600
ValueError: $results must be JSON
