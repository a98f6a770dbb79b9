//! Says clearly what is missing, and which PHP the extension is built for. No flag for the linker is needed: PHP's own
//! symbols are resolved when it loads the extension, and no path of this machine is to get into the binary.

use std::{env, path::PathBuf, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PHP_CONFIG");
    println!("cargo:rerun-if-env-changed=PATH");

    let config = env::var_os("PHP_CONFIG").map_or_else(|| PathBuf::from("php-config"), PathBuf::from);
    let vernum = Command::new(&config).arg("--vernum").output().ok().filter(|o| o.status.success());
    let vernum = vernum
        .and_then(|o| String::from_utf8_lossy(&o.stdout).trim().parse::<u32>().ok())
        .unwrap_or_else(|| {
            stop(&format!(
                "cannot run '{}'. Install PHP's development files (Debian: apt install php-dev; \
                 Alpine: apk add php-dev) or set PHP_CONFIG to the php-config of the PHP to build for",
                config.display()
            ))
        });
    if !(80_100..80_600).contains(&vernum) {
        stop(&format!("'{}' is for PHP {vernum}; the extension supports PHP 8.1 to 8.5", config.display()));
    }

    // Where a hash table keeps its elements changed with 8.2.
    println!("cargo:rustc-check-cfg=cfg(php82)");
    if vernum >= 80_200 {
        println!("cargo:rustc-cfg=php82");
    }
}

/// Ends the build with one line that says what to do, instead of a back-trace.
fn stop(reason: &str) -> ! {
    eprintln!("qahm_realtime: {reason}.");
    println!("cargo:warning=qahm_realtime: {reason}.");
    std::process::exit(1)
}
