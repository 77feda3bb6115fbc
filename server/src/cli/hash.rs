//! `silverlane hash`: a password as it may stand in the credentials file.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use super::Failure;
use crate::http::auth::secret;

/// The arguments of `silverlane hash`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make a secret of 256 random bits instead of reading one, and print it before its hash.
    #[arg(long)]
    generate: bool,
}

/// Prints the hash of the first line of the input.
///
/// # Errors
///
/// The input cannot be read or is empty, or the system has no random numbers.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let no_random = |_| "the system has no random numbers";
    let mut out = std::io::stdout();
    let secret = if args.generate {
        let secret = secret::generate().map_err(no_random)?;
        writeln!(out, "{secret}")?;
        secret
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if secret.is_empty() {
        return Err("there is nothing to hash: write the password to the standard input".into());
    }
    writeln!(out, "{}", secret::hash(&secret).map_err(no_random)?)?;
    Ok(ExitCode::SUCCESS)
}
