//! The document around every page: only the server writes it.

use crate::{App, frame::Frame};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags};
use std::{env, fs};

/// Head and body of an answer.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Frame>().and_then(|frame| frame.theme);
    let start = start_script(&options);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" />
                <HashedStylesheet options=options.clone() id="style" />
                <script type="module" async nonce=use_nonce()>
                    {start}
                </script>
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Fetches the module while its JavaScript loads and the rest of the page is read, then brings the page to life.
///
/// Leptos's `HydrationScripts` would do it by `<link rel="preload">`, which browsers follow with scripts switched off too:
/// half a megabyte for nothing.
fn start_script(options: &LeptosOptions) -> String {
    let address = |extension| format!("/{}/{}", options.site_pkg_dir, site_file(options, extension));
    let (js, wasm) = (address("js"), address("wasm"));
    format!(
        "const wasm = fetch({wasm:?}); \
         const read = document.readyState !== 'loading' || new Promise((done) => addEventListener('DOMContentLoaded', done)); \
         import({js:?}).then((page) => page.default({{ module_or_path: wasm }}).then(() => read).then(() => page.hydrate()));"
    )
}

/// The name of the built file that pages ask for: `usm.js`, or with a hash of its content.
pub fn site_file(options: &LeptosOptions, extension: &str) -> String {
    let content = options.hash_files.then(|| content_name(options, extension)).flatten();
    let content = content.map(|content| format!(".{content}")).unwrap_or_default();
    format!("{}{content}.{extension}", options.output_name)
}

/// The part of a built file's name that comes from its content, as `hash.txt` beside the binary lists it.
fn content_name(options: &LeptosOptions, extension: &str) -> Option<String> {
    let names = env::current_exe().ok()?.with_file_name(&*options.hash_file);
    let names = fs::read_to_string(names).ok()?;
    names.lines().find_map(|line| Some(line.strip_prefix(extension)?.strip_prefix(':')?.trim().to_owned()))
}
