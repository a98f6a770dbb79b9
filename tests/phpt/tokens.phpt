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
echo "-- renewed\n";
$renewed = qahm_realtime_token_renew(SITE, $token, 'https://a.test', 120);
var_dump($renewed !== $token);
$check(SITE, $renewed, 'https://a.test');
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
-- renewed
bool(true)
7
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
