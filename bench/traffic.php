<?php
/**
 * What other visitors do meanwhile: traffic.php <site> <host> <events per second> <seconds>. Without HTTP, for that is not what is measured.
 *
 * With 0 events per second it pushes one event for every line it is told on standard input, that is marked with the time of the push.
 */

[ , $site, $host, $rate, $seconds ] = $argv;

/** One event of one of 500 visitors; every eighth looks at another page. */
function push( string $site, string $host, int $number, string $name ): void {
	static $views = array();
	$who = $number % 500;
	$at  = &$views[ $who ];
	if ( null === $at || ( 0 === intdiv( $number, 500 ) % 8 && ! str_starts_with( $name, 'push-' ) ) ) {
		$at = array( bin2hex( random_bytes( 8 ) ), 0 );
	}
	$event  = 0 === $at[1] ? array( 'v', 1, 'https://www.example.org/', "Page $who" ) : array( 'g', 'bench', "{\"mark\":\"$name\"}" );
	$body   = array( 'v' => 1, 's' => $site, 'i' => $at[0], 'n' => $at[1]++, 'u' => '/page-' . $who % 50 . '/', 'w' => 0, 'e' => array( $event ) );
	$server = array(
		'REQUEST_METHOD'       => 'POST',
		'REMOTE_ADDR'          => '127.0.0.1',
		'HTTP_HOST'            => $host,
		'HTTP_USER_AGENT'      => 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
		'HTTP_X_FORWARDED_FOR' => '81.2.' . intdiv( $who, 250 ) . '.' . $who % 250,
	);
	$answer = qahm_realtime_collect( json_encode( $body, JSON_UNESCAPED_SLASHES ), $server );
	if ( 204 !== $answer[0] ) {
		fwrite( STDERR, implode( ' ', $answer ) . "\n" );
		exit( 1 );
	}
}

$number = 0;
if ( '0' === $rate ) {
	push( $site, $host, 0, '' ); // The view.
	while ( false !== fgets( STDIN ) ) {
		push( $site, $host, 0, sprintf( 'push-%d', microtime( true ) * 1e6 ) );
	}
	exit;
}
$began = hrtime( true );
while ( ( $passed = ( hrtime( true ) - $began ) / 1e9 ) < $seconds ) {
	for ( ; $number < $passed * $rate; $number++ ) {
		push( $site, $host, $number, 'other' ); // One text for all: a site keeps only so many different ones.
	}
	usleep( 5000 );
}
echo $number;
