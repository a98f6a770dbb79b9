--TEST--
The module loads; its settings have their defaults and belong to the administrator
--FILE--
<?php
var_dump(phpversion('qahm_realtime') === qahm_realtime_status()['version']);
foreach (ini_get_all('qahm_realtime') as $name => $entry) {
    echo $name, ' = "', $entry['local_value'], '" ', $entry['access'] === INI_SYSTEM ? 'system' : 'NOT SYSTEM', "\n";
}
var_dump(ini_set('qahm_realtime.engine', '/tmp/evil'));
?>
--EXPECT--
bool(true)
qahm_realtime.cli = "0" system
qahm_realtime.data_dir = "" system
qahm_realtime.engine = "" system
qahm_realtime.engine_mode = "auto" system
qahm_realtime.listen = "auto" system
qahm_realtime.listen_group = "" system
qahm_realtime.runtime_dir = "" system
qahm_realtime.slots = "8192" system
bool(false)
