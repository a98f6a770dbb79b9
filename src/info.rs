//! The section of phpinfo: says what is wrong before anybody has to ask.

use std::{ffi::CString, panic::catch_unwind};

use ext_php_rs::{
    ffi::{php_info_print_table_end, php_info_print_table_row, php_info_print_table_start},
    zend::ModuleEntry,
};

use crate::report::Report;

unsafe extern "C" {
    /// Prints the module's INI entries. Part of PHP's API since PHP 3, not bound by ext-php-rs.
    fn display_ini_entries(module: *mut ModuleEntry);
}

/// Called by PHP from `phpinfo()` and `php -i`.
pub(crate) extern "C" fn print(module: *mut ModuleEntry) {
    // A panic must not cross into C. The report is complete before the first call to PHP, so that one which ends in a
    // bail-out (output handlers may do that) skips nothing that matters.
    let Ok(rows) = catch_unwind(rows) else { return };
    // SAFETY: PHP calls this with the module itself, during the output of phpinfo.
    unsafe {
        php_info_print_table_start();
        for (name, value) in &rows {
            php_info_print_table_row(2, name.as_ptr(), value.as_ptr());
        }
        php_info_print_table_end();
        display_ini_entries(module);
    }
}

fn rows() -> Vec<(CString, CString)> {
    let report = Report::take();
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| {
        // PHP escapes both for HTML. A NUL cannot be shown.
        if let (Ok(name), Ok(value)) = (CString::new(name), CString::new(value.replace('\0', ""))) {
            rows.push((name, value));
        }
    };
    row("Live visitor analytics", env!("CARGO_PKG_VERSION").to_owned());
    row("Engine", engine(&report));
    row("Engine mode", report.mode.to_owned());
    row("Engine binary", or_none(&report.engine));
    row("User of this process", report.user.clone());
    row("Runtime directory", report.runtime_dir.display().to_string());
    row("Data directory", report.data_dir.display().to_string());
    let ring = match report.slots {
        0 => report.ring_message.clone(),
        slots => format!("{} of {slots} slots in use, {} events dropped", report.used, report.dropped),
    };
    row("Ring", or_none(&ring));
    for note in &report.notes {
        row("Note", note.clone());
    }
    rows
}

fn engine(report: &Report) -> String {
    match report.state {
        "running" => format!("running, version {}, process {}", report.engine_version, report.engine_pid),
        state => state.to_owned(),
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}
