//! The `vav1d` command: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    vav1d_cli::run(std::env::args_os()).into()
}
