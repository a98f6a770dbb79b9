<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Throwable;

/**
 * One handler of an alert, run at most once for an alert, whatever it does.
 */
final class GuardedHandler {

	private bool $started = false;
	private bool $ended   = false;
	private string $error = '';

	/**
	 * @param mixed $handler What was given to add_action(): perhaps no callable at all.
	 */
	public function __construct( private readonly mixed $handler ) {}

	/**
	 * Runs the handler.
	 *
	 * @param mixed ...$arguments As many as it accepts.
	 */
	public function __invoke( mixed ...$arguments ): void {
		if ( $this->started ) {
			return;
		}
		$this->started = true;
		try {
			call_user_func_array( $this->handler, $arguments );
		} catch ( Throwable $thrown ) {
			$this->error = self::describe( $thrown );
		}
		$this->ended = true;
	}

	/**
	 * Notes that the request came to its end inside the handler, if it did.
	 */
	public function interrupted(): void {
		if ( $this->started && ! $this->ended ) {
			$last        = error_get_last();
			$this->ended = true;
			$this->error = null !== $last && 0 !== ( $last['type'] & ( E_ERROR | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR ) )
				? sprintf( '%s (%s:%d)', $last['message'], basename( $last['file'] ), $last['line'] )
				: sprintf( 'The handler %s ended the request.', $this->name() );
		}
	}

	/**
	 * What went wrong, '' for nothing. English: it is for the site's developer.
	 */
	public function error(): string {
		return $this->error;
	}

	/**
	 * The handler itself.
	 */
	public function handler(): mixed {
		return $this->handler;
	}

	/**
	 * An error in one line.
	 *
	 * @param Throwable $thrown What was thrown.
	 */
	public static function describe( Throwable $thrown ): string {
		return sprintf( '%s: %s (%s:%d)', get_class( $thrown ), $thrown->getMessage(), basename( $thrown->getFile() ), $thrown->getLine() );
	}

	/**
	 * A name for the handler, as far as it has one.
	 */
	private function name(): string {
		return is_callable( $this->handler, true, $name ) ? (string) $name : get_debug_type( $this->handler );
	}
}
