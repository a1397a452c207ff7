//! Takes the functions' names out of a WASM file.
//!
//! Only a debugger reads them, and they are two fifths of the file. The compiler could leave them out (`strip = true`),
//! but would then also drop the list of features that wasm-bindgen decides by; so they go after it has run.
//!
//! **Invariant:** what runs is byte for byte the same; only custom sections for tools are left out.

use anyhow::{Context, Result, ensure};

/// The magic number and the version.
const HEADER_BYTES: usize = 8;

const LEFT_OUT: [&[u8]; 2] = [b"name", b"producers"];

/// The file without the sections that only tools read.
pub fn strip(wasm: &[u8]) -> Result<Vec<u8>> {
    ensure!(wasm.starts_with(b"\0asm"), "this is not a WASM file");
    let mut kept = wasm.get(..HEADER_BYTES).context("a WASM file without a version")?.to_vec();
    let mut rest = &wasm[HEADER_BYTES..];
    while let Some((kind, after_kind)) = rest.split_first() {
        let (length, after_length) = number(after_kind)?;
        let (contents, next) = after_length.split_at_checked(length).context("a WASM section that breaks off")?;
        let is_custom = *kind == 0;
        if !(is_custom && LEFT_OUT.contains(&name(contents)?)) {
            kept.extend_from_slice(&rest[..rest.len() - next.len()]);
        }
        rest = next;
    }
    Ok(kept)
}

/// The name that a custom section begins with.
fn name(contents: &[u8]) -> Result<&[u8]> {
    let (length, text) = number(contents)?;
    text.get(..length).context("a WASM section's name that breaks off")
}

/// A number in LEB128, seven bits to a byte, and the bytes behind it.
fn number(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[place + 1..]));
        }
    }
    anyhow::bail!("a WASM number that does not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn names_go_and_the_rest_stays() {
        let features = b"\0\x05\x04feat";
        let code = b"\x0a\x83\0abc";
        let names = b"\0\x06\x04name!";
        let wasm = [HEADER, features, names, code].concat();
        assert_eq!(strip(&wasm).unwrap(), [HEADER, features, code].concat());
    }

    #[test]
    fn what_is_no_wasm_is_refused() {
        assert!(strip(b"<html>").is_err());
        assert!(strip(&[HEADER, b"\x0a\x05ab"].concat()).is_err());
    }
}
