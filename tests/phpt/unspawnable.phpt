--TEST--
An engine that cannot be started is told in the status, never on the page, and costs one attempt
--INI--
qahm_realtime.cli=1
qahm_realtime.runtime_dir={PWD}/../run/unspawnable
--FILE--
<?php
require 'help.php';
$base = ini_get('qahm_realtime.runtime_dir');
function start(string $name, ?string $script, int $mode = 0755): void
{
    global $base;
    mkdir("$base/$name");
    $engine = "$base/$name/engine";
    if ($script !== null) {
        file_put_contents($engine, $script);
        chmod($engine, $mode);
    }
    echo "-- $name\n", str_replace($base, '…', php('
        $begun = hrtime(true);
        for ($i = 0; $i < 3; $i++) {
            var_dump(qahm_realtime_record("00000000000000ab", "request", []));
        }
        $seconds = (hrtime(true) - $begun) / 1e9;
        if ($seconds > 3) {
            echo "took $seconds s\n";
        }
        $status = qahm_realtime_status();
        echo $status["messages"]["spawn"], "\n", $status["state"], " ", $status["engine"], "\n", $status["notes"][0], "\n";
    ', ['cli' => 1, 'engine' => $engine, 'runtime_dir' => "$base/$name"]));
}
start('missing', null);
start('plain', 'text', 0644);
start('interpreter', "#!/no/such/interpreter\n");
start('fails', "#!/bin/sh\necho x >> \$0.count; exit 2\n");
echo file_get_contents("$base/fails/engine.count");
start('odd', "#!/bin/sh\nexit 5\n");
start('unlinked', "#!/bin/sh\nexit 127\n");
start('hangs', "#!/bin/sh\nexec sleep 20\n");
?>
--EXPECTF--
-- missing
bool(true)
bool(true)
bool(true)
the engine …/missing/engine is not an executable file
absent 
The engine has not run yet. The last start failed: the engine …/missing/engine is not an executable file. Events wait in the ring.
-- plain
bool(true)
bool(true)
bool(true)
the engine …/plain/engine is not an executable file
absent 
The engine has not run yet. The last start failed: the engine …/plain/engine is not an executable file. Events wait in the ring.
-- interpreter
bool(true)
bool(true)
bool(true)
…/interpreter/engine cannot be started: No such file or directory (os error 2)
absent …/interpreter/engine
The engine has not run yet. The last start failed: %s
-- fails
bool(true)
bool(true)
bool(true)
…/fails/engine: refused its arguments: extension and engine may be of different versions
absent …/fails/engine
The engine has not run yet. The last start failed: %s
x
-- odd
bool(true)
bool(true)
bool(true)
…/odd/engine: ended with exit status: 5
absent …/odd/engine
The engine has not run yet. The last start failed: %s
-- unlinked
bool(true)
bool(true)
bool(true)
…/unlinked/engine: cannot be run: it, or a library it needs, is not of this system
absent …/unlinked/engine
The engine has not run yet. The last start failed: %s
-- hangs
bool(true)
bool(true)
bool(true)
…/hangs/engine did not detach in 500 ms and was stopped
absent …/hangs/engine
The engine has not run yet. The last start failed: %s
