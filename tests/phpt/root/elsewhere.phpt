--TEST--
Directories made while an engine runs in others: who has to reload and stop what
--SKIPIF--
<?php
if (posix_geteuid() !== 0) die('skip for root only');
exec('unshare --mount true 2>&1', $output, $failed);
if ($failed) die('skip no namespaces here');
?>
--FILE--
<?php
require dirname(__DIR__) . '/help.php';
$place = getenv('QAHM_PLACE');
$base = "$place/run/elsewhere";
$script = <<<'SH'
    set -e
    for dir in /dev/shm /run /var/lib; do mount -t tmpfs -o mode=1777 none "$dir"; done
    unprivileged=(setpriv --reuid "$uid" --regid "$uid" --clear-groups)
    tell() {
        echo "-- $1"; shift
        "${unprivileged[@]}" "$php" -n -d "extension=$place/qahm_realtime.so" -d qahm_realtime.engine_mode=external "$@" -r '
            qahm_realtime_record("00000000000000ab", "request", []);
            $status = qahm_realtime_status();
            echo implode("\n", [$status["state"], $status["runtime_dir"], $status["data_dir"], ...$status["notes"]]), "\n";
        '
    }
    "${unprivileged[@]}" "$place/engine-stub" --foreground & pid=$!
    echo "$pid" >> "$place/engines"
    trap 'kill $pid' EXIT
    until [ -S "/dev/shm/qahm-realtime-$uid/control.sock" ]; do sleep 0.01; done
    sleep 0.1
    tell 'nothing made' -d qahm_realtime.slots=1024
    install -d -m 1733 /run/qahm-realtime /var/lib/qahm-realtime
    tell 'made, and not yet used' -d qahm_realtime.slots=1024
    tell 'used' -d qahm_realtime.cli=1
    tell 'another pool of the same user' -d qahm_realtime.cli=1 -d "qahm_realtime.runtime_dir=$base"
    SH;
$user = posix_getpwnam('nobody');
$environment = ['php' => PHP_BINARY, 'place' => $place, 'base' => $base, 'uid' => $user['uid']] + getenv();
$process = proc_open(['unshare', '--mount', 'bash', '-c', $script], [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes, null, $environment);
echo str_replace([$base, "$user[uid]"], ['BASE', 'UID'], preg_replace('/pid \d+/', 'pid PID', stream_get_contents($pipes[1])));
var_dump(proc_close($process));
?>
--EXPECT--
-- nothing made
running
/dev/shm/qahm-realtime-UID
/dev/shm/qahm-realtime-UID/data
As soon as /var/lib/qahm-realtime is there, reload php-fpm and stop the old engine (pid PID). Until then the history stays in /dev/shm/qahm-realtime-UID/data.
-- made, and not yet used
running
/dev/shm/qahm-realtime-UID
/dev/shm/qahm-realtime-UID/data
/run/qahm-realtime is there by now, but /dev/shm/qahm-realtime-UID is in use: reload php-fpm and stop the old engine (pid PID).
The running engine keeps its data in /dev/shm/qahm-realtime-UID/data, which is lost when the machine restarts, but this process sets no qahm_realtime.data_dir, which means /var/lib/qahm-realtime/UID. The engine's counts; to change it, reload php-fpm and stop the old engine (pid PID).
-- used
absent
/run/qahm-realtime/UID
/var/lib/qahm-realtime/UID
The engine has not run yet. qahm_realtime.engine_mode is external: start qahm-realtimed as this user. Events wait in the ring.
/run/qahm-realtime/UID is in use, but an engine still runs in /dev/shm/qahm-realtime-UID from before: reload php-fpm and stop the old engine (pid PID).
-- another pool of the same user
absent
BASE/UID
/var/lib/qahm-realtime/UID
The engine has not run yet. qahm_realtime.engine_mode is external: start qahm-realtimed as this user. Events wait in the ring.
qahm_realtime.runtime_dir of this process is BASE, but an engine of the same user runs in /dev/shm/qahm-realtime-UID (pid PID). Give all pools of a user the same setting, then reload php-fpm and stop one of the engines.
int(0)
