<?php
/**
 * @package QahmRealtime
 */

declare(strict_types=1);

namespace QahmRealtime;

use Closure;
use Throwable;
use WP_Hook;

/**
 * Works off one claim: alert after alert, handler after handler, then one acknowledgement.
 *
 * Every handler of the hook is wrapped for the time of the delivery, so that do_action() itself runs them: priorities,
 * current_action(), handlers that remove themselves, all as usual. A wrapper catches what its handler throws and
 * never starts it twice, so that after an exit the same do_action() goes on where it was.
 */
final class Delivery {

	private const HOOKS = array(
		'raised'   => 'qahm_realtime_alert',
		'level'    => 'qahm_realtime_alert',
		'resolved' => 'qahm_realtime_alert_resolved',
	);

	/** Position of the alert that is being run. */
	private int $position = 0;

	/** @var list<GuardedHandler> The wrapped handlers of that alert. */
	private array $handlers = array();

	/** @var list<array{id: string, transition: string, ok: bool, error: string}> */
	private array $results = array();

	private bool $finished = false;

	/**
	 * @param list<array<string, mixed>> $alerts      As claimed: transition, type, attempt, data.
	 * @param Closure                    $acknowledge Takes the results, in the alerts' order.
	 */
	public function __construct( private readonly array $alerts, private readonly Closure $acknowledge ) {}

	/**
	 * Runs what was not run yet, then acknowledges. Never throws.
	 */
	public function run(): void {
		while ( isset( $this->alerts[ $this->position ] ) ) {
			$this->results[] = $this->alert( $this->alerts[ $this->position ] );
			$this->handlers  = array();
			++$this->position;
		}
		$this->finished = true;
		( $this->acknowledge )( $this->results );
	}

	/**
	 * At the end of the request: goes on behind a handler that ended it.
	 */
	public function rescue(): void {
		if ( $this->finished ) {
			return;
		}
		foreach ( $this->handlers as $handler ) {
			$handler->interrupted();
		}
		$this->run();
	}

	/**
	 * Runs one alert.
	 *
	 * @param array<string, mixed> $alert As claimed.
	 * @return array{id: string, transition: string, ok: bool, error: string}
	 */
	private function alert( array $alert ): array {
		$transition = is_string( $alert['transition'] ?? null ) ? $alert['transition'] : '';
		$data       = is_array( $alert['data'] ?? null ) ? $alert['data'] : array();
		$error      = '';
		if ( isset( self::HOOKS[ $transition ] ) ) {
			$type            = is_string( $alert['type'] ?? null ) ? $alert['type'] : '';
			$data['attempt'] = is_int( $alert['attempt'] ?? null ) ? $alert['attempt'] : 1;
			$data['message'] = AlertMessage::of( $type, $transition, $data );
			$error           = $this->fire( self::HOOKS[ $transition ], $type, $data );
		} else {
			$error = 'unknown transition';
		}
		return array(
			'id'         => is_scalar( $data['id'] ?? null ) ? (string) $data['id'] : '',
			'transition' => $transition,
			'ok'         => '' === $error,
			'error'      => $error,
		);
	}

	/**
	 * Fires an action with every handler guarded.
	 *
	 * @param string               $name Name of the action.
	 * @param string               $type Type of the alert.
	 * @param array<string, mixed> $data Its data.
	 * @return string Errors of the handlers, '' for none.
	 */
	private function fire( string $name, string $type, array $data ): string {
		$errors = array();
		$this->guard( $name );
		try {
			// phpcs:ignore WordPress.NamingConventions -- both names are fixed by the product's documentation.
			do_action( $name, $type, $data );
		} catch ( Throwable $thrown ) {
			$errors[] = GuardedHandler::describe( $thrown ); // Not of a handler: of one on the hook "all".
		}
		self::release( $name );
		foreach ( $this->handlers as $handler ) {
			$errors[] = $handler->error();
		}
		return mb_substr( implode( '; ', array_filter( $errors ) ), 0, 1000 );
	}

	/**
	 * Wraps the handlers of an action, those that are not wrapped yet.
	 *
	 * @param string $name Name of the action.
	 */
	private function guard( string $name ): void {
		$hook = $GLOBALS['wp_filter'][ $name ] ?? null;
		if ( ! $hook instanceof WP_Hook ) {
			return;
		}
		foreach ( $hook->callbacks as $priority => $callbacks ) {
			foreach ( $callbacks as $id => $callback ) {
				if ( ! $callback['function'] instanceof GuardedHandler ) {
					$handler          = new GuardedHandler( $callback['function'] );
					$this->handlers[] = $handler;

					$hook->callbacks[ $priority ][ $id ]['function'] = $handler;
				}
			}
		}
	}

	/**
	 * Puts the handlers back, those that are still there: a handler may have removed itself, or added another.
	 *
	 * @param string $name Name of the action.
	 */
	private static function release( string $name ): void {
		$hook = $GLOBALS['wp_filter'][ $name ] ?? null;
		if ( ! $hook instanceof WP_Hook ) {
			return;
		}
		foreach ( $hook->callbacks as $priority => $callbacks ) {
			foreach ( $callbacks as $id => $callback ) {
				if ( $callback['function'] instanceof GuardedHandler ) {
					$hook->callbacks[ $priority ][ $id ]['function'] = $callback['function']->handler();
				}
			}
		}
	}
}
