<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * A folder for the engine's socket that a web server of another Unix user may enter, and how it is made: the usual one is
 * private. Each user of PHP has a folder of its own, so that several pools stay apart.
 */
final class SocketFolder {

	/** Where the folders are, and what the lines are for. {{…}} is filled in. */
	private const PARENT = '/run/qahm-realtime-live';
	private const LINES  = <<<'TEXT'
		# 1. As root: a folder in which PHP's user, {{user}}, makes the socket. The web
		#    server's group may enter it: put it in the place of {{group}} if that is
		#    not its name. By the 2 of 2750 the socket belongs to that group.
		echo 'd {{folder}} 2750 {{user}} {{group}} -' \
			> /etc/tmpfiles.d/qahm-realtime-live-{{user}}.conf
		systemd-tmpfiles --create /etc/tmpfiles.d/qahm-realtime-live-{{user}}.conf

		# 2. In php-fpm's pool of the user {{user}} (Debian: a file in
		#    /etc/php/*/fpm/pool.d/); then reload php-fpm.
		php_admin_value[qahm_realtime.listen] = {{address}}

		# 3. As root: end the engine. The next visitor starts it again, and it
		#    makes its socket in the new folder.
		pkill -u {{user}} -x qahm-realtimed

		# 4. In the web server: the configuration below, which names the new
		#    socket; then reload it.
		TEXT;

	/** Name of a web server, as ProxySnippet has it => groups that distributions give it. */
	private const GROUPS = array(
		'nginx'  => array( 'nginx', 'www-data', 'http' ),
		'apache' => array( 'www-data', 'apache', 'http' ),
		'caddy'  => array( 'caddy', 'http' ),
	);

	/**
	 * @param string $user Name of the user that PHP and the engine run as.
	 */
	private function __construct( private readonly string $user ) {}

	/**
	 * The folder that is missing: where the engine listens now, only its own user gets in.
	 *
	 * @param array<string, mixed> $status Of the extension.
	 * @return self|null Null where the socket is elsewhere already, or there is none.
	 */
	public static function missing( array $status ): ?self {
		$text = static fn ( string $name ): string => is_string( $status[ $name ] ?? null ) ? $status[ $name ] : '';
		$user = explode( ' ', $text( 'user' ) )[0];
		$own  = '' !== $text( 'runtime_dir' ) && str_starts_with( $text( 'listen' ), "unix:{$text( 'runtime_dir' )}/" );
		return $own && 1 === preg_match( '/^[A-Za-z0-9_][A-Za-z0-9._-]{0,31}$/D', $user ) ? new self( $user ) : null;
	}

	/**
	 * Where the engine will listen, as it says it.
	 */
	public function address(): string {
		return "unix:{$this->path()}/live.sock";
	}

	/**
	 * What to do, for whoever looks after the server: comments in English, as those of the web servers' configuration.
	 *
	 * @param string|null $server A key of ProxySnippet::SERVERS, null when it is not known.
	 */
	public function lines( ?string $server ): string {
		return strtr(
			self::LINES,
			array(
				'{{folder}}'  => $this->path(),
				'{{address}}' => $this->address(),
				'{{user}}'    => $this->user,
				'{{group}}'   => $this->group( $server ),
			)
		);
	}

	/**
	 * The folder.
	 */
	private function path(): string {
		return self::PARENT . '/' . $this->user;
	}

	/**
	 * The group that the web server most likely has on this machine.
	 *
	 * @param string|null $server As for lines().
	 */
	private function group( ?string $server ): string {
		foreach ( self::GROUPS[ $server ?? 'nginx' ] ?? array() as $group ) {
			if ( $group !== $this->user && function_exists( 'posix_getgrnam' ) && false !== posix_getgrnam( $group ) ) {
				return $group;
			}
		}
		return 'www-data' === $this->user ? 'nginx' : 'www-data';
	}
}
