--TEST--
Tokens are bound to site, origin, purpose and time
--INI--
qahm_realtime.cli=1
qahm_realtime.engine_mode=external
qahm_realtime.runtime_dir={PWD}/../run/tokens
--FILE--
<?php
require 'help.php';
$token = qahm_realtime_token_mint(SITE, 7, 'https://a.test');
$check = fn (...$arguments) => attempt(fn () => qahm_realtime_token_check(...$arguments));
$check(SITE, $token, 'https://a.test');
$check(SITE, $token, '');
$check(SITE, $token, 'https://b.test');
$check(SITE, $token, "\xff");
$check(OTHER, $token, 'https://a.test');
$check('nonsense', $token, 'https://a.test');
$check(SITE, $token, 'https://a.test', 'deliver');
$check(SITE, '', 'https://a.test');
$check(SITE, "\0\xff", 'https://a.test');
$check(SITE, substr($token, 0, -2) . 'AA', 'https://a.test');
echo "-- what it says\n";
$claims = fn (...$arguments) => qahm_realtime_token_claims(...$arguments);
$said = $claims(SITE, $token, 'https://a.test');
var_dump(array_keys($said), $said['user'], abs($said['chain'] - time()) <= 2, $said['expires'] - $said['chain']);
foreach ([[SITE, $token, 'https://b.test'], [OTHER, $token, ''], ['nonsense', $token, ''], [SITE, 'x', ''], [SITE, $token, "\xff"]] as $arguments) {
    var_dump($claims(...$arguments));
}
echo "-- renewed\n";
$renewed = qahm_realtime_token_renew(SITE, $token, 'https://a.test', 120);
var_dump($renewed !== $token);
$check(SITE, $renewed, 'https://a.test');
$again = $claims(SITE, $renewed, '');
var_dump($again['chain'] === $said['chain'], $again['expires'] > $said['expires']);
attempt(fn () => qahm_realtime_token_renew(SITE, $token, 'https://b.test', 120));
attempt(fn () => qahm_realtime_token_renew(SITE, 'x', '', 120));
echo "-- expired\n";
$short = qahm_realtime_token_mint(SITE, 7, 'https://a.test', 1);
usleep(2100000);
$check(SITE, $short, 'https://a.test');
echo "-- mistakes\n";
attempt(fn () => qahm_realtime_token_mint('x', 7, ''));
attempt(fn () => qahm_realtime_token_mint(SITE, 0, ''));
attempt(fn () => qahm_realtime_token_mint(SITE, 7, '', 601));
attempt(fn () => qahm_realtime_token_renew(SITE, $token, '', 0));
attempt(fn () => qahm_realtime_token_check(SITE, $token, '', 'other'));
printf("%o\n", fileperms(runtime() . '/token.key') & 0777);
echo "-- the key was removed, and another worker made the next\n";
usleep(1100000);
$check(SITE, $token = qahm_realtime_token_mint(SITE, 7, ''), '');
unlink(runtime() . '/token.key');
$of_another = fn () => trim(php('echo qahm_realtime_token_mint("' . SITE . '", 8, "");', [
    'cli' => 1, 'engine_mode' => 'external', 'runtime_dir' => ini_get('qahm_realtime.runtime_dir'),
]));
$theirs = $of_another();
$check(SITE, $theirs, '');
$check(SITE, $token, '');
attempt(fn () => is_string(qahm_realtime_token_renew(SITE, $theirs, '', 60)));
echo "-- and again: a second later everybody mints with the new one\n";
unlink(runtime() . '/token.key');
$theirs = $of_another();
usleep(1100000);
$ours = qahm_realtime_token_mint(SITE, 7, '');
$check(SITE, $theirs, '');
echo php('echo qahm_realtime_token_check("' . SITE . '", "' . $ours . '", "");', [
    'cli' => 1, 'engine_mode' => 'external', 'runtime_dir' => ini_get('qahm_realtime.runtime_dir'),
]), "\n";
?>
--EXPECT--
7
7
"origin"
"origin"
"site"
"site"
"purpose"
"malformed"
"malformed"
"signature"
-- what it says
array(3) {
  [0]=>
  string(4) "user"
  [1]=>
  string(5) "chain"
  [2]=>
  string(7) "expires"
}
int(7)
bool(true)
int(60)
string(6) "origin"
string(4) "site"
string(4) "site"
string(9) "malformed"
string(6) "origin"
-- renewed
bool(true)
7
bool(true)
bool(true)
null
null
-- expired
"expired"
-- mistakes
ValueError: $site must be 16 lower-case hexadecimal digits
ValueError: $user must be greater than 0
ValueError: $life_s must be between 1 and 600
ValueError: $life_s must be between 1 and 600
ValueError: $purpose must be 'live' or 'deliver'
600
-- the key was removed, and another worker made the next
7
8
"signature"
true
-- and again: a second later everybody mints with the new one
8
7
