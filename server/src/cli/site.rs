//! Whether the built site has the files that the pages ask for; without them everything works as without scripts.

use app::site_file;
use leptos::config::LeptosOptions;
use std::{fs, path::Path};

/// What is amiss with the site and what to do, where the pages will not come alive or have no style.
pub fn amiss(options: &LeptosOptions) -> Option<String> {
    let package = Path::new(&*options.site_root).join(&*options.site_pkg_dir);
    let names = ["wasm", "js", "css"].map(|extension| site_file(options, extension));
    let missing = names.into_iter().find(|name| !package.join(name).is_file())?;
    let shown = package.display();
    let mut files = fs::read_dir(&package).into_iter().flatten().flatten();
    Some(if !files.any(|file| file.path().extension().is_some_and(|extension| extension == "wasm")) {
        format!(
            "{shown} holds no browser code, so pages work as without scripts; set LEPTOS_SITE_ROOT to the site that `cargo xtask build` made"
        )
    } else if options.hash_files {
        format!("{shown} has no {missing}, which the pages ask for; copy the hash.txt of that site beside usm")
    } else {
        format!(
            "{shown} has no {missing}, which the pages ask for; set LEPTOS_HASH_FILES=true if the names there carry hashes, else build it anew"
        )
    })
}
