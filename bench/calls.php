<?php
/**
 * What calls cost within PHP, in nanoseconds: php calls.php <site> <file to append to> <rounds>
 *
 * Each round times every call in turn, so that whatever else the machine does falls on all of them alike, and takes off
 * what the loop around the call costs. All calls have the form that calls in a plugin have: by a plain name in a
 * namespace, with a result that is used. Prints one JSON object: name → one number per round.
 */

declare(strict_types=1);

namespace QahmRealtimeBench;

const CALLS   = 4000; // A round's records fit the ring twice: nothing is refused for being full.
const APPENDS = 500;

// Six fields, about 200 bytes as a record.
const URL        = '/2026/11/a-page-with-a-name-of-usual-length/';
const REFERRER   = 'https://www.example.org/';
const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const STATUS     = 200;
const GENERATION = 84_211;
const QUERIES    = 27;

[, $site, $file, $rounds] = $argv;

/** Nanoseconds of one turn of an empty loop of this form. */
function loop( int $turns ): float {
	$begun = hrtime( true );
	for ( $i = 0; $i < $turns; $i++ ) {
	}
	return ( hrtime( true ) - $begun ) / $turns;
}

function record( string $site, int $turns ): float {
	$begun = hrtime( true );
	for ( $i = 0; $i < $turns; $i++ ) {
		$result = qahm_realtime_record( $site, 'request', array( 'url' => URL, 'referrer' => REFERRER, 'user_agent' => USER_AGENT, 'status' => STATUS, 'generation_us' => $i, 'queries' => QUERIES ) );
	}
	return ( hrtime( true ) - $begun ) / $turns;
}

function increment( int $turns ): float {
	$begun = hrtime( true );
	for ( $i = 0; $i < $turns; $i++ ) {
		$result = apcu_inc( 'counter' );
	}
	return ( hrtime( true ) - $begun ) / $turns;
}

function append( string $file, string $line, int $turns ): float {
	$begun = hrtime( true );
	for ( $i = 0; $i < $turns; $i++ ) {
		$result = file_put_contents( $file, $line, FILE_APPEND | LOCK_EX );
	}
	return ( hrtime( true ) - $begun ) / $turns;
}

function counters( string $site, int $turns ): float {
	$begun = hrtime( true );
	for ( $i = 0; $i < $turns; $i++ ) {
		$result = qahm_realtime_counters( $site );
	}
	return ( hrtime( true ) - $begun ) / $turns;
}

function nothing( string $site, int $turns ): float {
	$begun = hrtime( true );
	for ( $i = 0; $i < $turns; $i++ ) {
		$result = bench_empty( $site );
	}
	return ( hrtime( true ) - $begun ) / $turns;
}

/** Waits until the engine has taken in what there is. */
function drained(): void {
	for ( $end = hrtime( true ) + 5_000_000_000; qahm_realtime_status()['used'] > 0; usleep( 5000 ) ) {
		if ( hrtime( true ) > $end ) {
			fwrite( STDERR, "The engine does not drain the ring\n" );
			exit( 1 );
		}
	}
}

if ( ! qahm_realtime_record( $site, 'request', array( 'url' => URL ) ) || null === qahm_realtime_counters( $site ) ) {
	fwrite( STDERR, 'Records are refused or counters unknown: ' . json_encode( qahm_realtime_status() ) . "\n" );
	exit( 1 );
}
apcu_store( 'counter', 0 );
$line    = str_pad( '', 199, 'x' ) . "\n";
$dropped = qahm_realtime_status()['dropped'];
$figures = array();
for ( $round = -3; $round < (int) $rounds; $round++ ) {
	drained();
	$loop = loop( CALLS );
	$now  = array(
		'record_ns'        => record( $site, CALLS ) - $loop,
		'apcu_inc_ns'      => increment( CALLS ) - $loop,
		'counters_read_ns' => counters( $site, CALLS ) - $loop,
		'empty_call_ns'    => nothing( $site, CALLS ) - $loop,
		'file_append_ns'   => append( $file, $line, APPENDS ) - $loop,
	);
	unlink( $file );
	// The first rounds warm everything up.
	foreach ( $round < 0 ? array() : $now as $name => $ns ) {
		$figures[ $name ][] = $ns;
	}
}
if ( qahm_realtime_status()['dropped'] !== $dropped ) {
	fwrite( STDERR, "Records were dropped: the round is larger than the ring\n" );
	exit( 1 );
}
echo json_encode( $figures ), "\n";
