// How many tests passed and failed, from what the runners print.

const RUNNERS = [
	// cargo nextest
	/^\s*Summary \[.*?\] *\d+(?:\/\d+)? tests? run: (?<passed>\d+) passed(?:.*?(?<failed>\d+) failed)?/gm,
	// cargo test
	/^test result: \w+\. (?<passed>\d+) passed; (?<failed>\d+) failed/gm,
	// PHPUnit, all well
	/^OK \((?<passed>\d+) tests?,/gm,
	// PHP's run-tests
	/^Tests passed +: +(?<passed>\d+)/gm,
	/^Tests failed +: +(?<failed>\d+)/gm,
	// Node's test runner
	/^(?:#|ℹ) pass (?<passed>\d+)$/gm,
	/^(?:#|ℹ) fail (?<failed>\d+)$/gm,
	// Anything else
	/^(?:\w+: )?(?<passed>\d+) passed, (?<failed>\d+) failed/gm,
];

export function counted( text ) {
	const sum = { passed: 0, failed: 0 };
	const add = ( { passed = 0, failed = 0 } ) => {
		sum.passed += Number( passed );
		sum.failed += Number( failed );
	};
	// eslint-disable-next-line no-control-regex
	const plain = text.replace( /\u001b\[[\d;]*m/g, '' );
	RUNNERS.forEach( ( pattern ) => [ ...plain.matchAll( pattern ) ].forEach( ( found ) => add( found.groups ) ) );
	// PHPUnit with failures, or with skipped tests.
	for ( const [ line, tests ] of plain.matchAll( /^Tests: (\d+), Assertions.*$/gm ) ) {
		const number = ( name ) => Number( new RegExp( `${ name }: (\\d+)` ).exec( line )?.[ 1 ] ?? 0 );
		const failed = number( 'Failures' ) + number( 'Errors' );
		add( { passed: Number( tests ) - failed - number( 'Skipped' ) - number( 'Incomplete' ), failed } );
	}
	return sum;
}
