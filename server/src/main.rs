//! The binary `usm`.

fn main() -> std::process::ExitCode {
    server::cli::main()
}
