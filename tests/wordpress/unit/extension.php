<?php
/**
 * The extension's functions, as far as the classes under unit test call them: they note what they are given and answer
 * what a test wants. And a clock that moves only when a test, or a pause of the code, moves it.
 */

declare(strict_types=1);

namespace {

	/** What the pretended extension was told, and what it is to answer. reset() before each test. */
	final class FakeExtension {
		/** @var list<list<array<string, mixed>>> Alerts of each claim to come. */
		public static array $claims = array();
		/** @var list<int> Leases asked for. */
		public static array $leases = array();
		/** @var list<array{int, list<array<string, mixed>>}> Claim and results. */
		public static array $acknowledged = array();
		/** Whether the engine takes note of what is acknowledged. */
		public static bool $notes = true;
		/** @var list<array{string, string, bool}> Site, JSON, wait. */
		public static array $configured = array();
		/** @var list<string> Sites to be forgotten, each time it was asked. */
		public static array $forgotten = array();
		/** @var list<array{string, array<string, mixed>, int}> Site, command, patience. */
		public static array $commands = array();
		/** What answers a command: (site, how many commands before) => JSON or null. */
		public static ?Closure $command = null;
		/** @var array<string, array<string, mixed>> Counters by site. */
		public static array $counters = array();
		/** @var array<string, mixed> */
		public static array $status = array();
		/** What configure answers, or throws. */
		public static string|Throwable $configure = 'current';
		public static bool $pending               = false;
		/** @var list<array{string, string, array<string, mixed>}> Site, kind, fields of what was recorded. */
		public static array $recorded = array();
		/** What is thrown instead of recording. */
		public static ?Throwable $record = null;
		/** @var list<array{string, array<string, mixed>, int}> Site, question, patience of what was asked. */
		public static array $asked = array();
		/** What answers a question: JSON or null. */
		public static ?string $answer = null;
		/** Nanoseconds. */
		public static int $clock = 0;

		public static function reset(): void {
			self::$claims     = self::$leases = self::$acknowledged = self::$configured = self::$forgotten = self::$counters = self::$commands = array();
			self::$status     = array( 'state' => 'running', 'notes' => array() );
			self::$notes      = true;
			self::$command    = null;
			self::$configure  = 'current';
			self::$pending    = false;
			self::$clock      = 0;
			self::$recorded   = self::$asked = array();
			self::$record     = self::$answer = null;
		}

		/** @return list<array<string, mixed>> Fields of the signals, those of the visitor left out. */
		public static function signals(): array {
			$of_the_visitor = array_flip( array( 'url', 'referrer', 'user_agent', 'address', 'forwarded_for', 'logged_in', 'private' ) );
			$signals        = array_filter( self::$recorded, static fn ( array $one ): bool => 'signal' === $one[1] );
			return array_values( array_map( static fn ( array $one ): array => array_diff_key( $one[2], $of_the_visitor ), $signals ) );
		}
	}

	function qahm_realtime_configure( string $site, string $json, bool $wait = false ): string {
		FakeExtension::$configured[] = array( $site, $json, $wait );
		if ( strlen( $json ) > 16384 ) {
			throw new ValueError( '$json must not be longer than 16384 bytes' );
		}
		return FakeExtension::$configure instanceof Throwable ? throw FakeExtension::$configure : FakeExtension::$configure;
	}

	function qahm_realtime_record( string $site, string $kind, array $fields ): bool {
		if ( FakeExtension::$record ) {
			throw FakeExtension::$record;
		}
		FakeExtension::$recorded[] = array( $site, $kind, $fields );
		return true;
	}

	function qahm_realtime_ask( string $site, string $question, int $timeout_ms = 250 ): ?string {
		FakeExtension::$asked[] = array( $site, json_decode( $question, true ), $timeout_ms );
		return FakeExtension::$answer;
	}

	function qahm_realtime_token_check( string $site, string $token, string $origin, string $purpose = 'live' ): int|string {
		return "good for $origin" === $token ? 7 : 'signature';
	}

	/** @return array<string, int>|string */
	function qahm_realtime_token_claims( string $site, string $token, string $origin ): array|string {
		return "good for $origin" === $token ? array( 'user' => 7, 'chain' => 1700000000, 'expires' => 1700000060 ) : 'signature';
	}

	function qahm_realtime_token_renew( string $site, string $token, string $origin, int $life_s ): ?string {
		return "renewed for $life_s";
	}

	function qahm_realtime_command( string $site, string $command, int $timeout_ms = 1000 ): ?string {
		FakeExtension::$commands[]  = array( $site, json_decode( $command, true ), $timeout_ms );
		FakeExtension::$forgotten[] = $site;
		return FakeExtension::$command ? ( FakeExtension::$command )( $site, count( FakeExtension::$forgotten ) - 1 ) : '{"ok":true}';
	}

	function qahm_realtime_counters( string $site ): ?array {
		return FakeExtension::$counters[ $site ] ?? null;
	}

	function qahm_realtime_status(): array {
		return FakeExtension::$status;
	}

	function qahm_realtime_alerts_pending( string $site ): bool {
		return FakeExtension::$pending;
	}

	function qahm_realtime_alerts_claim( string $site, int $lease_s ): ?string {
		if ( $lease_s < 1 || $lease_s > 3600 ) {
			throw new ValueError( '$lease_s must be between 1 and 3600' );
		}
		FakeExtension::$leases[] = $lease_s;
		$alerts                  = array_shift( FakeExtension::$claims );
		return json_encode( array( 'ok' => true, 'claim' => null === $alerts ? null : count( FakeExtension::$leases ), 'alerts' => $alerts ?? array() ) );
	}

	function qahm_realtime_alerts_acknowledge( string $site, int $claim, string $results ): bool {
		FakeExtension::$acknowledged[] = array( $claim, json_decode( $results, true ) );
		return FakeExtension::$notes;
	}
}

namespace QahmRealtime {

	function hrtime( bool $as_number = false ): int {
		return \FakeExtension::$clock;
	}

	function usleep( int $microseconds ): void {
		\FakeExtension::$clock += $microseconds * 1000;
	}
}
