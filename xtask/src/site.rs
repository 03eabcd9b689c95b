//! The browser's files: WASM, its JavaScript, style and assets, named by their content and compressed.

use crate::{
    Done,
    kinship::named_by_place,
    tools::{WASM, cargo, npx, sh, target_dir},
};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher as _},
    io::Write as _,
    path::{Path, PathBuf},
};
use walrus::FunctionKind;
use wasm_bindgen_cli_support::Bindgen;

const NAME: &str = "usm";
/// In the order in which they are joined.
const STYLE: [&str; 6] = ["tokens", "base", "layout", "forms", "grid", "pages"];
/// For the size when compressed: what is inlined into its one caller is no longer like its kin, and kin stand side by side (`kinship.rs`).
/// Without feature flags: wasm-opt reads those that the module itself names.
const SMALLER: [&str; 3] = ["-Os", "--one-caller-inline-max-function-size=0", "--reorder-functions-by-name"];
/// What `/sessions` needs before it is interactive, brotli: the build fails above.
const SIZE_GATE: usize = 280_000;

/// How the browser code is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Small: what is shipped and what the browser tests test.
    Small,
    /// Quick to build: for `dev`.
    Quick,
}

/// A built site.
pub struct Site {
    pub folder: PathBuf,
    /// `hash.txt`, which must lie beside the server's binary.
    hashes: PathBuf,
}

impl Site {
    /// Builds what changed.
    pub fn build(kind: Kind) -> Done<Self> {
        let (profile, folder) = if kind == Kind::Small { ("wasm-release", "site") } else { ("dev", "site-dev") };
        sh(&mut cargo(&["build", "-p", "frontend", "--lib", "--target", WASM, "--profile", profile]))?;
        let target = target_dir()?;
        let module = target.join(WASM).join(if kind == Kind::Small { "wasm-release" } else { "debug" }).join("frontend.wasm");
        let style = STYLE.iter().map(|name| fs::read_to_string(format!("style/{name}.css"))).collect::<Result<String, _>>()?;
        let site = Self { folder: target.join(folder), hashes: target.join(format!("{folder}.hash.txt")) };
        let inputs = inputs(&module, &style)?;
        let stamp = target.join(format!("{folder}.inputs"));
        if !site.hashes.exists() || fs::read_to_string(&stamp).ok().as_ref() != Some(&inputs) {
            let _ = fs::remove_file(&stamp);
            site.assemble(kind, &module, &style)?;
            fs::write(stamp, inputs)?;
        }
        Ok(site)
    }

    fn assemble(&self, kind: Kind, module: &Path, style: &str) -> Done {
        let pkg = self.folder.join("pkg");
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&pkg)?;
        Bindgen::new()
            .web(true)?
            .typescript(false)
            .out_name(NAME)
            .input_bytes(NAME, if kind == Kind::Small { without_lazy_routes(module)? } else { fs::read(module)? })
            .generate(&pkg)?;
        // The page looks for `usm.wasm`; wasm-bindgen writes `usm_bg.wasm`.
        let (raw, wasm) = (pkg.join(format!("{NAME}_bg.wasm")), pkg.join(format!("{NAME}.wasm")));
        if kind == Kind::Small {
            fs::write(&raw, named_by_place(&fs::read(&raw)?)?)?;
            sh(npx(&["wasm-opt"]).args(SMALLER).arg("-o").arg(&wasm).arg(&raw))?;
            fs::remove_file(raw)?;
        } else {
            fs::rename(raw, wasm)?;
        }
        fs::write(pkg.join(format!("{NAME}.css")), style)?;
        for asset in assets()? {
            fs::copy(&asset, self.folder.join(asset.file_name().expect("a file has a name")))?;
        }
        let mut names = Vec::new();
        for extension in ["js", "wasm", "css"] {
            let plain = pkg.join(format!("{NAME}.{extension}"));
            let bytes = fs::read(&plain)?;
            let name = content_name(&bytes);
            let file = pkg.join(format!("{NAME}.{name}.{extension}"));
            fs::rename(plain, &file)?;
            if kind == Kind::Small {
                compress(&bytes, &file)?;
            }
            names.push(format!("{extension}: {name}\n"));
        }
        fs::write(&self.hashes, names.concat())?;
        Ok(())
    }

    /// Puts the names of the files beside a server's binary.
    pub fn serve_by(&self, binary: &Path) -> Done {
        fs::copy(&self.hashes, binary.with_file_name("hash.txt"))?;
        Ok(())
    }

    /// Prints the compressed sizes.
    ///
    /// Fails where WASM and JavaScript together are above the gate.
    pub fn size_gate(&self) -> Done {
        let mut needed = 0;
        for entry in fs::read_dir(self.folder.join("pkg"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(plain) = name.strip_suffix(".br") {
                let size = usize::try_from(fs::metadata(&path)?.len())?;
                println!("      {plain}: {size} bytes brotli");
                if !plain.ends_with("css") {
                    needed += size;
                }
            }
        }
        println!("      WASM + JavaScript of /sessions: {needed} bytes brotli, the gate is {SIZE_GATE}");
        if needed == 0 || needed > SIZE_GATE {
            return Err(format!("WASM and JavaScript are {needed} bytes, more than the {SIZE_GATE} allowed (or none was built).").into());
        }
        Ok(())
    }
}

/// The module with traps in place of the code that would hydrate lazily loaded routes: see `docs/quirks.md`.
///
/// # Errors
/// Where there is no such code, because Leptos names it otherwise.
fn without_lazy_routes(module: &Path) -> Done<Vec<u8>> {
    // The body of the async function alone: closures in it may be one with those of `hydrate`.
    const LAZY: &str = "13hydrate_async28_$u7b$$u7b$closure$u7d$$u7d$17h";
    let mut module = walrus::Module::from_file(module)?;
    let mut found = false;
    for function in module.funcs.iter_mut() {
        let lazy = function.name.as_ref().is_some_and(|name| name.contains(LAZY));
        if let (true, FunctionKind::Local(function)) = (lazy, &mut function.kind) {
            let mut body = function.builder_mut().func_body();
            body.instrs_mut().clear();
            body.unreachable();
            found = true;
        }
    }
    if found { Ok(module.emit_wasm()) } else { Err("the browser code has no hydrate_async to leave out: see docs/quirks.md.".into()) }
}

/// Names a build by everything that goes into it.
fn inputs(module: &Path, style: &str) -> Done<String> {
    let mut assets_read = Vec::new();
    for asset in assets()? {
        let bytes = fs::read(&asset)?;
        assets_read.push((asset, bytes));
    }
    Ok(content_name(&(
        include_str!("site.rs"),
        include_str!("kinship.rs"),
        fs::read(module)?,
        style,
        fs::read("end2end/package-lock.json")?,
        assets_read,
    )))
}

/// The name that a content gives: changes with it, and only with it.
fn content_name(content: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn assets() -> Done<Vec<PathBuf>> {
    let mut assets = fs::read_dir("public")?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    assets.sort();
    Ok(assets)
}

fn compress(bytes: &[u8], file: &Path) -> Done {
    let mut small = Vec::new();
    brotli::CompressorWriter::new(&mut small, 1 << 16, 11, 22).write_all(bytes)?;
    fs::write(format!("{}.br", file.display()), small)?;
    Ok(())
}
