<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

/**
 * Warnings of PHP in this request, and the fatal error that ended it. Loaded when there is one.
 */
final class PhpErrors {

	/** Warnings of one request at most, and what is looked at before they are told apart: a loop brings thousands. */
	private const MOST = 10;

	/**
	 * By file and line: message, file, line.
	 *
	 * @var array<string, array{string, string, int}>
	 */
	private static array $warnings = array();

	/**
	 * Takes note of a warning. It is told at the end: here somebody else's code is at work.
	 *
	 * @param mixed $message What PHP says.
	 * @param mixed $file    Where.
	 * @param mixed $line    Where in it.
	 */
	public static function warning( mixed $message = '', mixed $file = '', mixed $line = 0 ): void {
		if ( ! is_string( $message ) || ! is_string( $file ) || ! is_int( $line ) || isset( self::$warnings[ "$file:$line" ] ) || count( self::$warnings ) >= self::MOST ) {
			return;
		}
		if ( array() === self::$warnings ) {
			add_action( 'shutdown', array( self::class, 'tell' ), 1 );
		}
		self::$warnings[ "$file:$line" ] = array( $message, $file, $line );
	}

	/**
	 * Records the warnings of the request.
	 */
	public static function tell(): void {
		foreach ( self::$warnings as [ $message, $file, $line ] ) {
			self::record( 'warning', $message, $file, $line );
		}
		self::$warnings = array();
	}

	/**
	 * Records the fatal error that ended the request.
	 *
	 * @param array{type: int, message: string, file: string, line: int} $error As error_get_last() gives it.
	 */
	public static function fatal( array $error ): void {
		self::record( 'fatal', $error['message'], $error['file'], $error['line'] );
	}

	/**
	 * Records one.
	 *
	 * @param string $what    warning or fatal.
	 * @param string $message What PHP says.
	 * @param string $file    Where, an absolute path.
	 * @param int    $line    Where in it.
	 */
	private static function record( string $what, string $message, string $file, int $line ): void {
		Signal::record(
			'php-error',
			array(
				'what'   => $what,
				'title'  => Masked::message( $message ),
				'target' => Masked::file( $file ),
				'line'   => max( 0, $line ),
			)
		);
	}
}
