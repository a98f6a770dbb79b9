--TEST--
The levels that an error handler was set for
--FILE--
<?php
require 'help.php';
$levels = fn () => qahm_realtime_error_levels();
echo $levels(), ' none', PHP_EOL;
$handler = function (int $level, string $message) {
    echo "asked for $message", PHP_EOL;
    return true;
};
set_error_handler($handler, E_USER_WARNING | E_WARNING);
echo $levels() === (E_USER_WARNING | E_WARNING) ? 'its own' : 'others', PHP_EOL;
set_error_handler($handler);
echo $levels() === E_ALL ? 'all' : 'others', PHP_EOL;
set_error_handler(null);
echo $levels(), ' none', PHP_EOL;
restore_error_handler();
restore_error_handler();
echo $levels() === (E_USER_WARNING | E_WARNING) ? 'its own' : 'others', PHP_EOL;
restore_error_handler();
echo $levels(), ' none', PHP_EOL;
?>
--EXPECT--
0 none
its own
all
0 none
its own
0 none
