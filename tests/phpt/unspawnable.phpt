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
start('fails', "#!/bin/sh\necho x >> \$0.count; exit 5\n");
echo file_get_contents("$base/fails/engine.count");
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
…/fails/engine: could not use the data directory
absent …/fails/engine
The engine has not run yet. The last start failed: %s
x
-- hangs
bool(true)
bool(true)
bool(true)
…/hangs/engine did not detach in 500 ms and was stopped
absent …/hangs/engine
The engine has not run yet. The last start failed: %s
