//! `views DIRECTORY`: every view stored by the only engine of a data directory, one id a line.

use qahm_chaos::ledger;

fn main() {
    let data = std::env::args_os().nth(1).unwrap();
    for view in ledger::views(data.as_ref()) {
        println!("{view:016x}");
    }
}
