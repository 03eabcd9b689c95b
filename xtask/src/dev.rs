//! `dev`: builds and restarts when a source changes.

use crate::{
    Done,
    site::{Kind, Site},
    tools::{cargo, install, sh, target_dir},
};
use std::{
    fs,
    path::Path,
    process::{Child, Command},
    thread::sleep,
    time::{Duration, SystemTime},
};

const SOURCES: [&str; 6] = ["app/src", "frontend/src", "server/src", "server/migrations", "style", "public"];

/// Serves until Ctrl+C; a build that fails leaves the last good server running.
pub fn dev(arguments: &[String]) -> Done {
    install()?;
    let mut server: Option<Child> = None;
    let mut built = None;
    loop {
        let newest = SOURCES.iter().filter_map(|folder| newest(Path::new(folder))).max();
        if newest > built {
            built = newest;
            match build() {
                Ok(site) => {
                    if let Some(mut old) = server.take() {
                        old.kill()?;
                        old.wait()?;
                    }
                    server = Some(serve(&site, arguments)?);
                }
                Err(error) => eprintln!("xtask: {error}"),
            }
        }
        sleep(Duration::from_millis(300));
    }
}

fn build() -> Done<Site> {
    let site = Site::build(Kind::Quick)?;
    sh(&mut cargo(&["build", "-p", "server"]))?;
    site.serve_by(&target_dir()?.join("debug/usm"))?;
    Ok(site)
}

fn serve(site: &Site, arguments: &[String]) -> Done<Child> {
    Ok(Command::new(target_dir()?.join("debug/usm"))
        .arg("serve")
        .args(arguments)
        .env("LEPTOS_SITE_ROOT", &site.folder)
        .env("LEPTOS_HASH_FILES", "true")
        .spawn()?)
}

/// The latest change in a folder.
fn newest(path: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_dir() {
        return metadata.modified().ok();
    }
    fs::read_dir(path).ok()?.filter_map(|entry| newest(&entry.ok()?.path())).max()
}
