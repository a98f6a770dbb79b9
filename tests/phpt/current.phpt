--TEST--
Without $_SERVER a beacon is recorded with what the web server says of the current request
--SKIPIF--
<?php
if (!is_executable('/usr/sbin/php-fpm' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION)) die('skip no php-fpm of this version');
?>
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/current
--FILE--
<?php
require 'help.php';
/** One request to the pool; its variables on top of the usual ones. */
function request(string $socket, string $script, string $body, array $variables): string
{
    $record = fn (int $type, string $content) => pack('CCnnCC', 1, $type, 1, strlen($content), 0, 0) . $content;
    $variables += ['SCRIPT_FILENAME' => $script, 'SCRIPT_NAME' => '/' . basename($script), 'REQUEST_URI' => '/' . basename($script), 'DOCUMENT_ROOT' => dirname($script), 'REQUEST_METHOD' => 'POST', 'CONTENT_TYPE' => 'text/plain', 'CONTENT_LENGTH' => strlen($body)];
    $pairs = '';
    foreach ($variables as $name => $value) {
        $pairs .= pack('NN', strlen($name) | 1 << 31, strlen($value) | 1 << 31) . $name . $value;
    }
    $stream = stream_socket_client("unix://$socket");
    fwrite($stream, $record(1, pack('nCx5', 1, 0)) . $record(4, $pairs) . $record(4, '') . $record(5, $body) . $record(5, ''));
    preg_match('~\[.*?\]~', stream_get_contents($stream), $found);
    return $found[0] ?? 'no answer';
}

echo "-- on the command line there is no request\n";
echo implode(' ', qahm_realtime_collect(beacon())), "\n";
echo implode(' ', qahm_realtime_collect(beacon(), null)), "\n";
$engine = engine();
touch(runtime() . '/records');

$place = getenv('QAHM_PLACE') . '/fpm';
mkdir($place);
$input = "file_get_contents('php://input')";
file_put_contents("$place/given.php", "<?php echo json_encode(qahm_realtime_collect($input, \$_SERVER));");
file_put_contents("$place/current.php", "<?php echo json_encode(qahm_realtime_collect($input));");
file_put_contents("$place/fpm.conf", "[global]\nerror_log=$place/fpm.log\ndaemonize=no\n[www]\nlisten=$place/fpm\npm=static\npm.max_children=1\n");
$settings = ['extension=' . getenv('QAHM_PLACE') . '/qahm_realtime.so'];
foreach (['engine_mode', 'runtime_dir'] as $name) {
    $settings[] = "qahm_realtime.$name=" . ini_get("qahm_realtime.$name");
}
$options = array_merge(...array_map(fn ($setting) => ['-d', $setting], $settings));
$program = '/usr/sbin/php-fpm' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
$pool = proc_open([$program, '-n', '-y', "$place/fpm.conf", ...$options], [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
until('the pool listens', fn () => @stream_socket_client("unix://$place/fpm") !== false);

$full = [
    'HTTP_HOST' => 'known.test', 'REMOTE_ADDR' => '192.0.2.7', 'HTTP_USER_AGENT' => "Latin \xe9", 'HTTP_X_FORWARDED_FOR' => '198.51.100.1',
    'HTTP_SEC_GPC' => '1', 'HTTP_SEC_CH_UA' => '"B";v="1"', 'HTTP_SEC_CH_UA_MOBILE' => '?0', 'HTTP_SEC_CH_UA_PLATFORM' => '"Linux"',
];
$requests = [$full, ['HTTP_HOST' => 'known.test'], ['HTTP_COOKIE' => 'a=b; qahm_realtime_exclude=1'] + $full, ['HTTP_HOST' => 'other.test'], [], ['REQUEST_METHOD' => 'GET'] + $full];
foreach (['given', 'current'] as $how) {
    echo "-- $how\n";
    foreach ($requests as $variables) {
        echo request("$place/fpm", "$place/$how.php", beacon(), $variables), "\n";
    }
    drained();
}
proc_terminate($pool);
proc_close($pool);

echo "-- a web server whose module says nothing\n";
$plain = proc_open([PHP_BINARY, '-n', '-S', '127.0.0.1:0', '-t', $place, ...$options], [1 => ['file', '/dev/null', 'w'], 2 => ['pipe', 'w']], $pipes);
stream_set_blocking($pipes[2], false);
$said = '';
until('it listens', function () use (&$said, &$address, $pipes) {
    return preg_match('~\((http://[\d.:]+)\) started~', $said .= stream_get_contents($pipes[2]), $address);
});
$headers = "Host: known.test\r\nContent-Type: text/plain\r\nUser-Agent: Agent";
foreach (['given', 'current'] as $how) {
    foreach (['', "\r\nCookie: qahm_realtime_exclude=visitor"] as $more) {
        $context = stream_context_create(['http' => ['method' => 'POST', 'header' => $headers . $more, 'content' => beacon()]]);
        echo file_get_contents("$address[1]/$how.php", false, $context), "\n";
    }
}
drained();
proc_terminate($plain);
proc_close($plain);
stop($engine);
?>
--EXPECT--
-- on the command line there is no request
405 method
405 method
-- given
[204,"accepted"]
[204,"accepted"]
[204,"excluded:role"]
[403,"host"]
[403,"host"]
[405,"method"]
beat 12 5 192.0.2.7 Url=/a?b UserAgent=Latin � ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
beat 8 5 - Url=/a?b
excluded 12 5 192.0.2.7 Reason=role
-- current
[204,"accepted"]
[204,"accepted"]
[204,"excluded:role"]
[403,"host"]
[403,"host"]
[405,"method"]
beat 12 5 192.0.2.7 Url=/a?b UserAgent=Latin � ClientHints="B";v="1"; ?0; "Linux" ForwardedFor=198.51.100.1
beat 8 5 - Url=/a?b
excluded 12 5 192.0.2.7 Reason=role
-- a web server whose module says nothing
[204,"accepted"]
[204,"excluded:opt-out"]
[204,"accepted"]
[204,"excluded:opt-out"]
beat 8 5 127.0.0.1 Url=/a?b UserAgent=Agent
excluded 8 5 127.0.0.1 Reason=opt-out
beat 8 5 127.0.0.1 Url=/a?b UserAgent=Agent
excluded 8 5 127.0.0.1 Reason=opt-out
