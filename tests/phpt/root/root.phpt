--TEST--
Root records nothing, makes nothing, starts nothing, and is told whom to be
--SKIPIF--
<?php if (posix_geteuid() !== 0) die('skip for root only'); ?>
--INI--
qahm_realtime.cli=1
qahm_realtime.engine={PWD}/../../engine-stub
qahm_realtime.runtime_dir={PWD}/../../run/root
--FILE--
<?php
require dirname(__DIR__) . '/help.php';
$base = ini_get('qahm_realtime.runtime_dir');
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
collect(beacon());
attempt(fn () => qahm_realtime_configure(SITE, '{}', true));
attempt(fn () => qahm_realtime_token_mint(SITE, 1, ''));
echo qahm_realtime_status()['notes'][0], "\n";
var_dump(glob("$base/*"));
mkdir("$base/1", 0700);
mkdir("$base/0", 0700);
echo qahm_realtime_status()['notes'][0], "\n";
attempt(fn () => qahm_realtime_record(SITE, 'request', []));
var_dump(glob("$base/*/*"));
?>
--EXPECTF--
false
503 absent
"absent"
null
This process runs as root, which records nothing and starts nothing. Run it as the web server's user, for example: sudo -u www-data php …
array(0) {
}
This process runs as root, which records nothing and starts nothing. Run it as daemon (1), for example: sudo -u daemon php …
false
array(0) {
}
