//! Small pictures of large ones.
//!
//! A file of a few kilobytes may claim, and truly contain, a picture that fills all memory. So what a picture will take
//! is asked of its header first, and pictures share a budget of memory between them.
//!
//! **Invariant:** no more than [`BUDGET_MIB`] are used by pictures being read, however many people ask.

use super::content::ContentKind;
use axum::body::Bytes;
use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, RgbImage, codecs::jpeg::JpegEncoder};
use std::{
    io::{self, Cursor},
    sync::Arc,
};
use tokio::sync::Semaphore;

/// Memory for all pictures that are being read, in MiB: a photo of 48 million pixels, or four of 12.
const BUDGET_MIB: u32 = 320;
const JPEG_QUALITY: u8 = 82;

/// The longest edge of a thumbnail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge(u32);

/// The kind of file, or its size, allows no thumbnail.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no thumbnail of this file")]
pub struct NoThumbnail;

/// Makes thumbnails, within the budget. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Thumbnails {
    budget_mib: Arc<Semaphore>,
}

impl Edge {
    /// For lists.
    pub const SMALL: Self = Self(160);
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::SMALL, Self(480), Self(1_280)];

    /// Of these, and no other: every size is kept, so a caller must not invent them.
    pub fn from_pixels(pixels: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|edge| edge.0 == pixels)
    }

    /// In pixels.
    pub const fn pixels(self) -> u32 {
        self.0
    }
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self {
            budget_mib: Arc::new(Semaphore::new(BUDGET_MIB as usize)),
        }
    }
}

impl Thumbnails {
    /// A JPEG of the picture, upright, without its metadata (a photo's says where it was taken).
    pub async fn make(&self, picture: Bytes, kind: ContentKind, edge: Edge) -> Result<Bytes, NoThumbnail> {
        let cost = cost_mib(&picture, kind).map_err(|_| NoThumbnail)?;
        if cost > BUDGET_MIB {
            return Err(NoThumbnail);
        }
        let permit = Arc::clone(&self.budget_mib).acquire_many_owned(cost).await.map_err(|_| NoThumbnail)?;
        let made = tokio::task::spawn_blocking(move || {
            let made = shrink(&picture, kind, edge);
            drop(permit);
            made
        });
        let made = made.await.map_err(|_| NoThumbnail)?;
        made.map(Bytes::from).map_err(|error| {
            tracing::info!(%error, "a picture could not be read");
            NoThumbnail
        })
    }
}

/// What reading takes: the pixels, and as much again for a decoder that works on the whole picture.
fn cost_mib(picture: &[u8], kind: ContentKind) -> ImageResult<u32> {
    let bytes = decoder(picture, kind)?.total_bytes().saturating_mul(2);
    Ok(u32::try_from(bytes.div_ceil(1024 * 1024)).unwrap_or(u32::MAX).max(1))
}

fn shrink(picture: &[u8], kind: ContentKind, edge: Edge) -> ImageResult<Vec<u8>> {
    let mut decoder = decoder(picture, kind)?;
    let orientation = decoder.orientation()?;
    let full = DynamicImage::from_decoder(decoder)?;
    let is_larger = full.width().max(full.height()) > edge.pixels();
    let mut small = if is_larger { full.thumbnail(edge.pixels(), edge.pixels()) } else { full };
    small.apply_orientation(orientation);
    let mut bytes = vec![];
    on_white(&small).write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
    Ok(bytes)
}

fn decoder(picture: &[u8], kind: ContentKind) -> ImageResult<impl ImageDecoder + '_> {
    let format = kind.image_format().ok_or_else(|| io::Error::other("a kind that is not read"))?;
    let mut reader = ImageReader::with_format(Cursor::new(picture), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(u64::from(BUDGET_MIB) * 1024 * 1024);
    reader.limits(limits);
    reader.into_decoder()
}

/// A JPEG knows no transparency; what shines through is paper.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let mut flat = RgbImage::from_pixel(picture.width(), picture.height(), image::Rgb([255; 3]));
    for (pixel, under) in picture.to_rgba8().pixels().zip(flat.pixels_mut()) {
        let [red, green, blue, alpha] = pixel.0.map(u16::from);
        under.0 = [red, green, blue].map(|channel| ((channel * alpha + 255 * (255 - alpha)) / 255) as u8);
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgba, RgbaImage};

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Bytes {
        let mut bytes = Cursor::new(vec![]);
        picture.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner().into()
    }

    async fn made(picture: Bytes, kind: ContentKind) -> RgbImage {
        let bytes = Thumbnails::default().make(picture, kind, Edge::SMALL).await.unwrap();
        image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().to_rgb8()
    }

    #[tokio::test]
    async fn the_longest_edge_is_the_one_asked_for_and_nothing_grows() {
        let wide = encoded(RgbImage::new(1_600, 800), ImageFormat::Jpeg);
        assert_eq!(made(wide, ContentKind::Jpeg).await.dimensions(), (160, 80));
        let tiny = encoded(RgbImage::new(16, 8), ImageFormat::WebP);
        assert_eq!(made(tiny, ContentKind::Webp).await.dimensions(), (16, 8));
    }

    #[tokio::test]
    async fn what_shines_through_is_white() {
        let glass = encoded(RgbaImage::from_pixel(200, 200, Rgba([0, 0, 0, 0])), ImageFormat::Png);
        assert!(
            made(glass, ContentKind::Png)
                .await
                .pixels()
                .all(|pixel| pixel.0.iter().all(|channel| *channel > 250))
        );
    }

    #[tokio::test]
    async fn a_picture_that_would_fill_the_memory_is_not_read() {
        // Pixels of nothing: some hundred kilobytes as a file, 170 MB when read.
        let bomb = encoded(image::GrayImage::new(13_000, 13_000), ImageFormat::Png);
        assert!(bomb.len() < 1_000_000, "{}", bomb.len());
        let none = Thumbnails::default().make(bomb, ContentKind::Png, Edge::SMALL).await;
        assert_eq!(none, Err(NoThumbnail));
        for (bytes, kind) in [(&b"%PDF-1.7"[..], ContentKind::Pdf), (b"", ContentKind::Jpeg)] {
            assert_eq!(Thumbnails::default().make(Bytes::from(bytes), kind, Edge::SMALL).await, Err(NoThumbnail));
        }
    }
}
