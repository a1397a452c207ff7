//! What a file really is, read from its bytes.
//!
//! The name and the type that a caller gives say nothing: a page of HTML called `kitchen.jpg` would run in the browser
//! of whoever opens it.
//!
//! **Invariant:** a file that is kept begins as one of [`ContentKind`] begins, and is never served as anything else.

use image::{ImageFormat, ImageReader};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

/// How many bytes are looked at to tell what a file is.
const HEAD_BYTES: u64 = 512;
/// A PDF ends with `%%EOF`, as every reader finds it: somewhere in its last kilobytes.
const TAIL_BYTES: i64 = 2_048;
/// More pixels than any camera in the field makes; what claims more wants to burst somebody's memory.
const MAX_PIXELS: u64 = 200_000_000;

/// The kinds of file that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    Jpeg,
    Png,
    Webp,
    Heic,
    Pdf,
}

/// Why a file is not taken, as its sender reads it.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Something else than what is taken.
    #[error("must be a JPEG, PNG, WebP or HEIC image or a PDF")]
    Kind,
    /// It begins right, and then it is broken or cut off.
    #[error("is damaged or incomplete")]
    Damaged,
    /// An image of absurd dimensions.
    #[error("has more than {} million pixels", MAX_PIXELS / 1_000_000)]
    Pixels,
    /// The file cannot be read back.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ContentKind {
    const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::Webp, Self::Heic, Self::Pdf];

    /// What it is served as.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
        }
    }

    /// What its files' names end with.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
        }
    }

    /// The kind that is served as this type.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media_type() == media_type)
    }

    /// As the image library calls it; none for what it cannot read.
    pub const fn image_format(self) -> Option<ImageFormat> {
        match self {
            Self::Jpeg => Some(ImageFormat::Jpeg),
            Self::Png => Some(ImageFormat::Png),
            Self::Webp => Some(ImageFormat::WebP),
            Self::Heic | Self::Pdf => None,
        }
    }

    /// Images are shown in the page; everything else is saved first.
    pub const fn is_shown_in_place(self) -> bool {
        !matches!(self, Self::Pdf)
    }

    fn from_first_bytes(bytes: &[u8]) -> Option<Self> {
        match infer::get(bytes)?.mime_type() {
            "image/jpeg" => Some(Self::Jpeg),
            "image/png" => Some(Self::Png),
            "image/webp" => Some(Self::Webp),
            "image/heif" => Some(Self::Heic),
            // The library takes one that begins with blanks, too; so would a page that only contains one.
            "application/pdf" if bytes.starts_with(b"%PDF-") => Some(Self::Pdf),
            _ => None,
        }
    }
}

/// Tells what a file is, from its head and, as far as that is cheap, from its structure. Blocks.
pub fn recognise(path: &Path) -> Result<ContentKind, Unfit> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let kind = ContentKind::from_first_bytes(&head).ok_or(Unfit::Kind)?;
    file.rewind()?;
    match kind.image_format() {
        Some(format) => require_image(file, format)?,
        None if kind == ContentKind::Pdf => require_end_of_pdf(file)?,
        None => {}
    }
    Ok(kind)
}

fn require_image(file: File, format: ImageFormat) -> Result<(), Unfit> {
    let (width, height) = ImageReader::with_format(BufReader::new(file), format)
        .into_dimensions()
        .map_err(|_| Unfit::Damaged)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Unfit::Pixels);
    }
    Ok(())
}

fn require_end_of_pdf(mut file: File) -> Result<(), Unfit> {
    let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
    file.seek(SeekFrom::End(-length.min(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    if tail.windows(5).any(|bytes| bytes == b"%%EOF") {
        Ok(())
    } else {
        Err(Unfit::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn told(bytes: &[u8]) -> Result<ContentKind, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        recognise(file.path()).map_err(|unfit| unfit.to_string())
    }

    fn image(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(vec![]);
        image::RgbImage::new(3, 2).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn what_cameras_and_offices_make_is_taken() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        for (bytes, kind) in [
            (image(ImageFormat::Jpeg), ContentKind::Jpeg),
            (image(ImageFormat::Png), ContentKind::Png),
            (image(ImageFormat::WebP), ContentKind::Webp),
            (heic.to_vec(), ContentKind::Heic),
            (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n".to_vec(), ContentKind::Pdf),
        ] {
            assert_eq!(told(&bytes), Ok(kind));
            assert_eq!(ContentKind::from_media_type(kind.media_type()), Some(kind));
        }
    }

    #[test]
    fn what_only_pretends_is_refused() {
        for bytes in [
            &b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"[..],
            b"<!DOCTYPE html><script>alert(1)</script>",
            b"GIF89a\x01\0\x01\0\0\0\0;",
            b"MZ\x90\0",
            b"PK\x03\x04",
            b"",
            b"\n%PDF-1.7\n%%EOF",
            b"<!-- %PDF-1.7 -->%%EOF",
        ] {
            assert!(told(bytes).unwrap_err().starts_with("must be"), "{}", String::from_utf8_lossy(bytes));
        }
        for bytes in [
            &b"\xff\xd8\xff\xe0<script>alert(1)</script>"[..],
            b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
            b"RIFF\x10\0\0\0WEBP<script>",
            b"%PDF-1.7\n<script>alert(1)</script>",
        ] {
            assert_eq!(told(bytes).unwrap_err(), "is damaged or incomplete", "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn an_image_of_absurd_dimensions_is_refused() {
        let mut png = image(ImageFormat::Png);
        png[16..24].copy_from_slice(&[60_000_u32.to_be_bytes(), 60_000_u32.to_be_bytes()].concat());
        let checksum = crc(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(told(&png).unwrap_err(), "has more than 200 million pixels");
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }
}
