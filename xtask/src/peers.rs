//! `cargo xtask bench peers`: the device's store and view beside other libraries, measured by the peers' harness.
//!
//! The harness is a folder of its own, with a README that says what a candidate's page must offer; ours is `bench/page`.
//!
//! **Invariant:** the page is compiled as the app is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{browser, finish::names, node, paths, process, tools};

/// Builds the page, has the harness in `--harness DIR` measure it, and keeps what that found.
pub fn run(args: &[String]) -> Result<()> {
    let (harness, rest) = harness(args)?;
    let page = build_page()?;
    let browser = browser::ensure()?;
    let found = paths::target()?.join("bench").join("peers.json");
    let path = node::path_with_node()?;
    if !harness.join("node_modules").is_dir() {
        process::run(
            process::program("npm", ["ci", "--no-audit", "--no-fund"])
                .current_dir(&harness)
                .env("PATH", &path),
        )?;
    }
    let mut measure = process::program("node", ["run.mjs", "--candidate"]);
    measure.arg(format!("turns={}", page.display())).arg("--out").arg(&found);
    measure.arg("--chromium").arg(&browser.chromium).args(rest);
    process::run(measure.current_dir(&harness).env("PATH", &path))?;
    println!("Kept as {}", found.display());
    Ok(())
}

fn harness(args: &[String]) -> Result<(PathBuf, Vec<&String>)> {
    let at = args
        .iter()
        .position(|argument| argument == "--harness")
        .context("say where the harness is: --harness DIR")?;
    let folder = Path::new(args.get(at + 1).context("--harness wants a folder")?);
    let folder = folder.canonicalize().with_context(|| format!("{} is no folder", folder.display()))?;
    if !folder.join("run.mjs").is_file() {
        bail!("{} has no run.mjs: it is not the peers' harness", folder.display());
    }
    let rest = args.iter().enumerate().filter(|(index, _)| *index != at && *index != at + 1);
    Ok((folder, rest.map(|(_, argument)| argument).collect()))
}

/// The page's folder.
fn build_page() -> Result<PathBuf> {
    const PROFILE: &str = "wasm-release";
    tools::ensure_wasm_target()?;
    let mut build = process::cargo(["build", "--package", "bench-page", "--target", tools::WASM_TARGET, "--profile", PROFILE]);
    process::run(&mut build)?;
    let built = paths::target()?.join(tools::WASM_TARGET).join(PROFILE).join("bench_page.wasm");
    let folder = paths::target()?.join("bench").join("page");
    fs::create_dir_all(&folder)?;
    let mut glue = process::program(
        tools::WASM_BINDGEN.folder()?.join(paths::program("wasm-bindgen")),
        ["--target", "web", "--no-typescript"],
    );
    process::run(glue.arg("--out-dir").arg(&folder).arg(&built))?;
    let wasm = folder.join("bench_page_bg.wasm");
    fs::write(&wasm, names::strip(&fs::read(&wasm)?)?)?;
    fs::copy(paths::root().join("bench").join("page").join("index.html"), folder.join("index.html"))?;
    Ok(folder)
}
