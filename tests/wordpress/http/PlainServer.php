<?php
declare(strict_types=1);

/** The same WordPress served by a PHP of its own that has not got the extension: PHP's built-in server, as the site's user. */
final class PlainServer {

	/** @var resource */
	private $process;

	/** @var resource */
	private $output;

	private string $ini;

	private string $address = '';

	public function __construct( string $wordpress, private readonly string $host ) {
		$site      = (string) getenv( 'QAHM_TEST_DIR' );
		$this->ini = sys_get_temp_dir() . '/qahm-realtime-plain-' . bin2hex( random_bytes( 4 ) ) . '.ini';
		file_put_contents( $this->ini, preg_replace( '/^.*qahm_realtime.*$/m', '', (string) file_get_contents( "$site/conf/php.ini" ) ) );
		chmod( $this->ini, 0644 );
		$command = array( PHP_BINARY, '-c', $this->ini, '-S', '127.0.0.1:0', '-t', $wordpress );
		if ( 0 === posix_geteuid() ) {
			$user    = (array) posix_getpwnam( (string) getenv( 'QAHM_TEST_UNIX_USER' ) );
			$command = array( 'setpriv', "--reuid={$user['uid']}", "--regid={$user['gid']}", '--clear-groups', ...$command );
		}
		$this->process = proc_open( $command, array( 1 => array( 'file', '/dev/null', 'w' ), 2 => array( 'pipe', 'w' ) ), $pipes, '/', array( 'PHP_INI_SCAN_DIR' => '', 'PATH' => (string) getenv( 'PATH' ) ) );
		$this->output  = $pipes[2];
		stream_set_blocking( $this->output, false );
	}

	/** Where it listens, '' as long as it does not. */
	public function address(): string {
		if ( '' === $this->address && 1 === preg_match( '~\((http://127\.0\.0\.1:\d+)\) started~', (string) stream_get_contents( $this->output ), $match ) ) {
			$this->address = $match[1];
		}
		return $this->address;
	}

	/** A browser that believes to be at the site's own address. */
	public function browser(): Browser {
		$browser          = new Browser( $this->address() );
		$browser->headers = array( 'Host' => $this->host );
		return $browser;
	}

	public function stop(): void {
		proc_terminate( $this->process );
		fclose( $this->output );
		proc_close( $this->process );
		unlink( $this->ini );
	}
}
