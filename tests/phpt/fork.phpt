--TEST--
A forked child opens the ring for itself; a ring that was removed is made anew within a second
--EXTENSIONS--
pcntl
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.slots=256
qahm_realtime.runtime_dir={PWD}/../run/fork
--FILE--
<?php
require 'help.php';
var_dump(qahm_realtime_record(SITE, 'request', []));
$ring = runtime() . '/ring.1';
unlink($ring);
// The parent does not look again so soon; a child that kept its mapping would not either.
var_dump(qahm_realtime_record(SITE, 'request', []), file_exists($ring));
$child = pcntl_fork();
if ($child === 0) {
    $recorded = qahm_realtime_record(SITE, 'request', []);
    exit($recorded && file_exists($ring) && qahm_realtime_status()['used'] === 1 ? 0 : 1);
}
pcntl_waitpid($child, $status);
var_dump(pcntl_wexitstatus($status));
usleep(1100000);
var_dump(qahm_realtime_record(SITE, 'request', []), qahm_realtime_status()['used']);
?>
--EXPECT--
bool(true)
bool(true)
bool(false)
int(0)
bool(true)
int(2)
