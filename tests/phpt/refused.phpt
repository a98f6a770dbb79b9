--TEST--
A directory that is not to be trusted is refused and named, on no page
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/refused
--FILE--
<?php
require 'help.php';
$base = ini_get('qahm_realtime.runtime_dir');
$uid = posix_geteuid();
function refused(string $what, string $dir): void
{
    echo "-- $what\n", php('
        var_dump(qahm_realtime_record("00000000000000ab", "request", []));
        echo implode(" ", qahm_realtime_collect("{}", ["REQUEST_METHOD" => "POST"])), "\n";
        echo qahm_realtime_status()["messages"]["ring"], "\n", qahm_realtime_status()["notes"][0], "\n";
    ', ['cli' => 1, 'engine_mode' => 'external', 'runtime_dir' => $dir]);
}
mkdir("$base/link");
mkdir("$base/elsewhere", 0700);
symlink("$base/elsewhere", "$base/link/$uid");
refused('link', "$base/link");
mkdir("$base/open/$uid", 0755, true);
refused('open', "$base/open");
mkdir("$base/ring/$uid", 0700, true);
symlink('/etc/passwd', "$base/ring/$uid/ring.1");
refused('ring', "$base/ring");
refused('relative', 'relative');
mkdir("$base/closed", 0555);
refused('closed', "$base/closed");
var_dump(glob("$base/elsewhere/*"), glob("$base/open/*/*"));
if (is_dir("$base/foreign")) {
    ob_start();
    refused('foreign', "$base/foreign");
    $output = ob_get_clean();
    if (!preg_match("~^-- foreign\nbool\(false\)\n.*\n.*/$uid belongs to uid 0, not to uid $uid;~", $output)) {
        echo $output;
    }
}
?>
--EXPECTF--
-- link
bool(false)
400 version
%s/link/%d is a symbolic link, and none is followed here; %s
There is no ring in use: %s/link/%d is a symbolic link, and none is followed here; %s
-- open
bool(false)
400 version
%s/open/%d has mode 0755, and only its owner may have rights on it; %s
There is no ring in use: %s
-- ring
bool(false)
400 version
%s/ring/%d: the ring's name is a symbolic link; it must be a plain file
There is no ring in use: %s
-- relative
bool(false)
400 version
qahm_realtime.runtime_dir must be an absolute path
qahm_realtime.runtime_dir must be an absolute path.
-- closed
bool(false)
400 version
uid %d may not write to %s/closed; root has to run: %s
There is no ring in use: uid %d may not write to %s/closed; %s
array(0) {
}
array(0) {
}
