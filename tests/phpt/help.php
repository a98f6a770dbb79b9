<?php
/** What the tests share. */

const SITE = '00000000000000ab';
const OTHER = '00000000000000ff';

/** The runtime directory of this user in the test's own base. */
function runtime(): string
{
    return ini_get('qahm_realtime.runtime_dir') . '/' . posix_geteuid();
}

/** Waits until the condition holds; says so when it does not within two seconds. */
function until(string $what, callable $condition): void
{
    for ($i = 0; $i < 400; $i++) {
        if ($condition()) {
            return;
        }
        usleep(5000);
    }
    echo "not in time: $what\n";
}

/** Notes an engine's process, so that it is ended even if the test fails. */
function note(int $pid): void
{
    file_put_contents(getenv('QAHM_PLACE') . '/engines', "$pid\n", FILE_APPEND);
}

/** Starts the stand-in for the engine on the test's ring, and waits until it answers. Returns its process. engine_stub.rs. */
function engine(string ...$arguments)
{
    $base = ini_get('qahm_realtime.runtime_dir');
    $command = [getenv('QAHM_PLACE') . '/engine-stub', '--runtime-dir', $base, '--foreground', ...$arguments];
    $process = proc_open($command, [], $pipes);
    note($pid = proc_get_status($process)['pid']);
    // The last beat of one before it may not be old yet.
    until('the engine runs', fn () => (qahm_realtime_status()['engine_health']['pid'] ?? 0) === $pid);
    return $process;
}

function stop($process): void
{
    proc_terminate($process, 9);
    proc_close($process);
}

/** Runs PHP code in another process with these settings on top of the extension; returns what it prints. */
function php(string $code, array $settings = []): string
{
    $command = [PHP_BINARY, '-n', '-d', 'extension=' . getenv('QAHM_PLACE') . '/qahm_realtime.so'];
    foreach ($settings as $name => $value) {
        array_push($command, '-d', "qahm_realtime.$name=$value");
    }
    $process = proc_open([...$command, '-r', $code], [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes);
    $output = stream_get_contents($pipes[1]) . stream_get_contents($pipes[2]);
    proc_close($process);
    return $output;
}

/** What a call throws, or returns. */
function attempt(callable $call): void
{
    try {
        echo json_encode($call()), "\n";
    } catch (Throwable $thrown) {
        echo get_class($thrown), ': ', $thrown->getMessage(), "\n";
    }
}

/** A beacon's body, with members replaced. */
function beacon(array $members = []): string
{
    $beacon = ['v' => 1, 's' => SITE, 'i' => '00000000000000cd', 'n' => 5, 'u' => '/a?b', 'e' => [['b']]];
    return json_encode($members + $beacon, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
}

/** Posts a beacon and prints the answer. */
function collect(string $body, array $server = []): void
{
    echo implode(' ', qahm_realtime_collect($body, $server + ['REQUEST_METHOD' => 'POST'])), "\n";
}

/** Starts the engine with records kept, has it drain the ring, and prints what it read. */
function drained(): void
{
    until('the ring is empty', fn () => qahm_realtime_status()['used'] === 0);
    echo file_get_contents(runtime() . '/records');
    file_put_contents(runtime() . '/records', '');
}
