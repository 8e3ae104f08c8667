//! The `ostrakon` program: reads the command line and hands over to the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match ostrakon::cli::Cli::read() {
        Ok(cli) => cli.run(),
        Err(code) => code,
    }
}
