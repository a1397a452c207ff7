//! Shapes and text of one page, or of a part of one.
//!
//! **Invariant:** text stands over shapes, in whatever order they were drawn.

use super::font::Font;
use pdf_writer::{Content, Name, Settings, Str};

/// A colour of the app's own palette.
pub type Color = [u8; 3];

/// Text.
pub const INK: Color = [0x17, 0x21, 0x1e];
/// Text that stands back.
pub const MUTED: Color = [0x56, 0x62, 0x5c];
/// What leads the eye.
pub const ACCENT: Color = [0x1f, 0x5c, 0x4f];
/// A ground behind text.
pub const SOFT: Color = [0xf1, 0xf5, 0xf3];
/// Hairlines.
pub const LINE: Color = [0xdf, 0xe3, 0xdd];
/// Text on the accent.
pub const WHITE: Color = [0xff, 0xff, 0xff];

/// The names of the two weights in a page's resources.
pub const REGULAR: Name<'static> = Name(b"R");
/// See [`REGULAR`].
pub const BOLD: Name<'static> = Name(b"B");

/// The document's fonts.
pub struct Fonts {
    /// For text.
    pub regular: Font,
    /// For headings.
    pub bold: Font,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub struct Style {
    /// Points.
    pub size: f32,
    /// Its colour.
    pub color: Color,
    /// Its weight.
    pub is_bold: bool,
}

/// Where on a line a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// It begins at the place.
    Left,
    /// It ends there.
    Right,
}

/// Something that is drawn on.
pub struct Canvas {
    shapes: Content,
    texts: Content,
    style: Option<(Color, bool, f32)>,
}

impl Style {
    /// Plain text of a size.
    pub const fn text(size: f32) -> Self {
        Self {
            size,
            color: INK,
            is_bold: false,
        }
    }

    /// In another colour.
    pub const fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// In bold.
    pub const fn bold(mut self) -> Self {
        self.is_bold = true;
        self
    }
}

impl Fonts {
    /// The weight of a style.
    pub const fn of(&mut self, style: Style) -> &mut Font {
        if style.is_bold { &mut self.bold } else { &mut self.regular }
    }
}

impl Canvas {
    /// An empty one.
    pub fn new() -> Self {
        let settings = Settings { pretty: false };
        Self {
            shapes: Content::with_settings(settings),
            texts: Content::with_settings(settings),
            style: None,
        }
    }

    /// Fills a rectangle, given by its lower left corner.
    pub fn fill(&mut self, color: Color, [x, y, width, height]: [f32; 4]) {
        let [red, green, blue] = shares(color);
        self.shapes.set_fill_rgb(red, green, blue).rect(x, y, width, height).fill_nonzero();
    }

    /// Puts a text, cut to `width`; gives how wide it became.
    pub fn text(&mut self, fonts: &mut Fonts, text: &str, style: Style, align: Align, [x, y, width]: [f32; 3]) -> f32 {
        let font = fonts.of(style);
        let text = font.fitted(text, style.size, width);
        let taken = font.width(&text, style.size);
        let letters = font.encoded(&text);
        self.set(style);
        let x = if align == Align::Right { x - taken } else { x };
        // Hundredths of a point are enough, and half as long as all digits.
        let [x, y] = [x, y].map(|place| (place * 100.0).round() / 100.0);
        self.texts.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]).show(Str(&letters));
        taken
    }

    /// Puts a part that is drawn elsewhere, with its lower left corner here.
    pub fn part(&mut self, name: Name<'_>, [x, y]: [f32; 2]) {
        self.shapes.save_state().transform([1.0, 0.0, 0.0, 1.0, x, y]).x_object(name).restore_state();
    }

    /// What was drawn.
    pub fn finish(mut self) -> Vec<u8> {
        let mut drawn = self.shapes.finish().into_vec();
        if self.style.is_some() {
            self.texts.end_text();
        }
        drawn.push(b'\n');
        drawn.extend_from_slice(&self.texts.finish());
        drawn
    }

    fn set(&mut self, style: Style) {
        let wanted = (style.color, style.is_bold, style.size);
        if self.style == Some(wanted) {
            return;
        }
        if self.style.is_none() {
            self.texts.begin_text();
        }
        if self.style.is_none_or(|(color, _, _)| color != style.color) {
            let [red, green, blue] = shares(style.color);
            self.texts.set_fill_rgb(red, green, blue);
        }
        self.texts.set_font(if style.is_bold { BOLD } else { REGULAR }, style.size);
        self.style = Some(wanted);
    }
}

fn shares(color: Color) -> [f32; 3] {
    color.map(|part| (f32::from(part) / 255.0 * 1_000.0).round() / 1_000.0)
}
