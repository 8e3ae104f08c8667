//! `ostrakon start`: the node itself.

use std::path::Path;
use std::process::ExitCode;

use super::EX_USAGE;

pub(super) fn start(path: &Path, join: Vec<String>) -> ExitCode {
    let mut config = match ostrakon_conf::Config::load(path) {
        Ok(config) => config,
        Err(e) => {
            eprintln!("ostrakon: the configuration is not usable:\n{e}");
            return ExitCode::from(EX_USAGE);
        }
    };
    if !join.is_empty() {
        let Some(peer) = &mut config.peer else {
            eprintln!(
                "ostrakon: --join needs a [peer] section in {}: where other nodes reach this one",
                path.display()
            );
            return ExitCode::from(EX_USAGE);
        };
        peer.join = join;
        if let Err(e) = config.validate() {
            eprintln!("ostrakon: --join is not usable:\n{e}");
            return ExitCode::from(EX_USAGE);
        }
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("OSTRAKON_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).init();
    match crate::node::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("ostrakon: {e}");
            ExitCode::FAILURE
        }
    }
}
