--TEST--
A configuration is sent when it differs, seldom, and starts the engine for an administrator
--INI--
qahm_realtime.cli=1
qahm_realtime.engine={PWD}/../engine-stub
qahm_realtime.runtime_dir={PWD}/../run/configure
--FILE--
<?php
require 'help.php';
$configure = fn (...$arguments) => attempt(fn () => qahm_realtime_configure(SITE, ...$arguments));
$configure('{"a":1}', true);
note($pid = qahm_realtime_status()['engine_pid']);
$configure('{"a":1}');
$configure('{"a":1}', true);
$configure('{"a":2}');
$configure('{"a":2}', true);
$configure('{"bad":2}', true);
$configure('{"bad":2}');
$configure('{"a":2}');
attempt(fn () => qahm_realtime_configure(OTHER, '{"a":1}'));
attempt(fn () => qahm_realtime_configure(OTHER, '{"a":1}'));
echo "-- mistakes\n";
$configure('{', true);
$configure('"' . str_repeat('x', 16384) . '"');
attempt(fn () => qahm_realtime_configure('x', '{}'));
echo "-- no engine\n";
posix_kill($pid, 9);
$begun = hrtime(true);
$configure('{"a":3}', true);
var_dump((hrtime(true) - $begun) / 1e9 < 1.5);
?>
--EXPECT--
"sent"
"current"
"current"
"later"
"sent"
"refused: bad: no such member"
"later"
"current"
"refused: "
"later"
-- mistakes
ValueError: $json must be JSON
ValueError: $json must not be longer than 16384 bytes
ValueError: $site must be 16 lower-case hexadecimal digits
-- no engine
"absent"
bool(true)
