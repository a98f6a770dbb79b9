//! `qahm_realtime_error_levels`: what PHP tells nobody about the error handler in force.

use ext_php_rs::{
    builders::ModuleBuilder, flags::DataType, php_function, wrap_function, zend::ExecutorGlobals,
};

/// Registers the function of this file.
pub(crate) fn register(module: ModuleBuilder<'_>) -> ModuleBuilder<'_> {
    module.function(wrap_function!(qahm_realtime_error_levels))
}

/// The levels of errors that the error handler in force is called for: the second argument of set_error_handler(). PHP
/// gives the handler to the one that takes its place, but not its levels, and whoever passes errors on must not bring
/// it those that it did not ask for.
///
/// @return int E_ constants, or'ed; 0 without a handler.
#[php_function]
fn qahm_realtime_error_levels() -> i64 {
    let globals = ExecutorGlobals::get();
    match globals.user_error_handler.get_type() {
        DataType::Undef => 0,
        _ => i64::from(globals.user_error_handler_error_reporting),
    }
}
