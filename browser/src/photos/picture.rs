//! What is kept of a picture: a JPEG of a sensible size, upright, without what a camera notes about where it was.
//!
//! The browser reads and writes pictures beside the page's own thread; what is left to the page is to say so.
//!
//! **Invariant:** a picture that the browser cannot read is kept as it is, if the server takes its kind, and refused if not.

use js_sys::{Object, Promise, Reflect, Uint8Array};
use sync::photos::{CONTENT_TYPES, JPEG_QUALITY, kept_size};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

const JPEG: &str = "image/jpeg";
/// The longest name that a document may have, in characters, with its ending.
const MOST_NAME_CHARS: usize = 190;

// Of all that web-sys has for pictures, this little is needed.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = createImageBitmap)]
    fn create_image_bitmap(source: &JsValue, options: &JsValue) -> Result<Promise, JsValue>;

    type ImageBitmap;

    #[wasm_bindgen(method, getter)]
    fn width(this: &ImageBitmap) -> u32;

    #[wasm_bindgen(method, getter)]
    fn height(this: &ImageBitmap) -> u32;

    #[wasm_bindgen(method)]
    fn close(this: &ImageBitmap);

    type OffscreenCanvas;

    #[wasm_bindgen(constructor, catch)]
    fn new(width: u32, height: u32) -> Result<OffscreenCanvas, JsValue>;

    #[wasm_bindgen(method, catch, js_name = getContext)]
    fn get_context(this: &OffscreenCanvas, kind: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = convertToBlob)]
    fn convert_to_blob(this: &OffscreenCanvas, options: &JsValue) -> Result<Promise, JsValue>;

    type Context2d;

    #[wasm_bindgen(method, catch, js_name = drawImage)]
    fn draw_image(this: &Context2d, image: &ImageBitmap, x: u32, y: u32, width: u32, height: u32) -> Result<(), JsValue>;

    #[wasm_bindgen(method, js_name = fillRect)]
    fn fill_rect(this: &Context2d, x: u32, y: u32, width: u32, height: u32);
}

/// A picture as it is kept.
pub struct Picture {
    /// Its bytes, on the browser's side.
    pub bytes: Uint8Array,
    /// What they are.
    pub content_type: String,
    /// As people read it.
    pub file_name: String,
}

/// It is no picture that anybody could show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this file is not a picture that Turns takes: JPEG, PNG, WebP or HEIC")]
pub struct NotAPicture;

impl Picture {
    /// Made of a file that a person has taken or chosen.
    pub async fn of(file: &File) -> Result<Self, NotAPicture> {
        let smaller = made_smaller(file).await.ok().filter(|jpeg| jpeg.size() > 0.0 && jpeg.type_() == JPEG);
        let (blob, content_type) = match smaller {
            Some(jpeg) => (jpeg, JPEG.to_owned()),
            None => (file.clone().into(), file.type_()),
        };
        if !CONTENT_TYPES.contains(&content_type.as_str()) {
            return Err(NotAPicture);
        }
        let bytes = JsFuture::from(blob.array_buffer()).await.map_err(|_| NotAPicture)?;
        Ok(Self {
            bytes: Uint8Array::new(&bytes),
            file_name: name(&file.name(), &content_type),
            content_type,
        })
    }
}

async fn made_smaller(file: &File) -> Result<Blob, JsValue> {
    // As the camera was held.
    let upright = options(&[("imageOrientation", "from-image".into())]);
    let picture: ImageBitmap = JsFuture::from(create_image_bitmap(file, &upright)?).await?.unchecked_into();
    let drawn = draw(&picture);
    picture.close();
    let jpeg = options(&[("type", JPEG.into()), ("quality", JPEG_QUALITY.into())]);
    JsFuture::from(drawn?.convert_to_blob(&jpeg)?).await?.dyn_into()
}

fn draw(picture: &ImageBitmap) -> Result<OffscreenCanvas, JsValue> {
    let (width, height) = kept_size(picture.width(), picture.height());
    let canvas = OffscreenCanvas::new(width, height)?;
    let context = canvas.get_context("2d")?;
    // Setting what a canvas has cannot fail; where it has it not, nothing is lost. A JPEG knows no transparency; what shines through is paper.
    let _ = Reflect::set(&context, &"imageSmoothingQuality".into(), &"high".into());
    let _ = Reflect::set(&context, &"fillStyle".into(), &"#fff".into());
    let context: Context2d = context.unchecked_into();
    context.fill_rect(0, 0, width, height);
    context.draw_image(picture, 0, 0, width, height)?;
    Ok(canvas)
}

fn options(pairs: &[(&str, JsValue)]) -> JsValue {
    let options = Object::new();
    for (name, value) in pairs {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&options, &(*name).into(), value);
    }
    options.into()
}

/// The file's own name with the ending of what it is now; a camera's picture often has none.
fn name(given: &str, content_type: &str) -> String {
    let stem = given.rsplit_once('.').map_or(given, |(stem, _)| stem);
    let stem: String = stem
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '/' | '\\'))
        .take(MOST_NAME_CHARS)
        .collect();
    let stem = match stem.trim() {
        "" | "." | ".." => "photo",
        stem => stem,
    };
    let ending = content_type.rsplit_once('/').map_or("", |(_, kind)| kind);
    format!("{stem}.{}", if ending == "jpeg" { "jpg" } else { ending })
}
