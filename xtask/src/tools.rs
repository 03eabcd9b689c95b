//! What a machine may lack: the WASM target, npm packages, cargo-deny, and of Debian's chromium, nginx, caddy, haproxy, postgresql,
//! faketime and openssl.

use crate::Done;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

pub const WASM: &str = "wasm32-unknown-unknown";
const CHROMIUM: &str = "/usr/bin/chromium";
const PROXIES: [(&str, &str); 3] = [("/usr/sbin/nginx", "nginx"), ("/usr/bin/caddy", "caddy"), ("/usr/sbin/haproxy", "haproxy")];

/// A clock that is off, and certificates, for the nodes of the tests.
const BESIDE_NODES: [(&str, &str); 2] = [("/usr/bin/faketime", "faketime"), ("/usr/bin/openssl", "openssl")];
const CARGO_DENY: &str = "0.20.2";

/// Runs a command to its end.
pub fn sh(command: &mut Command) -> Done {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{program} cannot be started: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    Err(format!("`{program} {}` failed ({status}).", arguments.join(" ")).into())
}

/// Runs a command to its end and answers what it printed.
pub fn output(command: &mut Command) -> Done<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program} cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// A program of `end2end/node_modules`.
pub fn npx(arguments: &[&str]) -> Command {
    let mut command = Command::new("npx");
    command.arg("--no-install").args(arguments).current_dir("end2end");
    command
}

/// `target`, or where `CARGO_TARGET_DIR` says.
pub fn target_dir() -> Done<PathBuf> {
    Ok(env::current_dir()?.join(env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from)))
}

/// The compiler's WASM target and the npm packages (`wasm-opt`, Playwright), where they are missing.
pub fn install() -> Done {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    if !Path::new(sysroot.trim()).join("lib/rustlib").join(WASM).exists() {
        sh(Command::new("rustup").args(["target", "add", WASM]))?;
    }
    let installed = fs::read("end2end/node_modules/.package-lock.stamp").ok();
    let wanted = fs::read("end2end/package-lock.json")?;
    if installed.as_ref() != Some(&wanted) {
        // Playwright's own browsers are never downloaded: the tests use Debian's Chromium.
        sh(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir("end2end")
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
        fs::write("end2end/node_modules/.package-lock.stamp", wanted)?;
    }
    Ok(())
}

/// Chromium, where neither it nor the variable `CHROMIUM` is there.
pub fn chromium() -> Done {
    if env::var_os("CHROMIUM").is_none() {
        debian(&[(CHROMIUM, "chromium")])?;
    }
    Ok(())
}

/// What the tests of nodes need beside them. The proxies they start themselves: as services these would take the machine's ports.
pub fn proxies() -> Done {
    debian(&BESIDE_NODES)?;
    let missing = debian(&PROXIES)?;
    if missing.is_empty() || !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    sh(Command::new("systemctl").args(["disable", "--now"]).args(missing))
}

/// Programs from Debian's packages, where they are missing; answers the packages that were.
pub fn debian(programs: &[(&str, &'static str)]) -> Done<Vec<&'static str>> {
    let missing: Vec<_> = programs.iter().filter(|(program, _)| !Path::new(program).exists()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(missing);
    }
    if output(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err(format!(
            "this command needs what is not installed here. Install it with: sudo apt-get install -y {}",
            missing.join(" ")
        )
        .into());
    }
    sh(Command::new("apt-get").args(["update", "-qq"]))?;
    sh(Command::new("apt-get").args(["install", "-y", "-qq"]).args(&missing).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(missing)
}

/// Bans, licences and sources. Advisories need a host beside the registries and are no part of it.
pub fn deny() -> Done {
    let root = target_dir()?.join("tools");
    let program = root.join("bin/cargo-deny");
    let installed = output(Command::new(&program).arg("--version")).is_ok_and(|version| version.trim().ends_with(CARGO_DENY));
    if !installed {
        println!("Installing cargo-deny {CARGO_DENY} into {} (once; about 5 minutes on two cores)", root.display());
        sh(cargo(&["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--root"]).arg(&root))?;
    }
    sh(Command::new(program).args(["check", "bans", "licenses", "sources"]))
}
