//! The fonts of a document, embedded with the letters that it uses.
//!
//! Noto Sans has Latin, Greek and Cyrillic letters. Letters are set one after another as they come, which is right for these
//! scripts; a letter that it lacks is an empty box.
//!
//! **Invariant:** a letter's number never changes once it is used, so that pages can be sent before all letters are known.

use super::file::{File, packed};
use pdf_writer::{
    Filter, Name, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use std::{
    collections::HashMap,
    io::{self, Write},
};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

const REGULAR: &[u8] = include_bytes!("../../../../assets/fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../../../assets/fonts/NotoSans-Bold.ttf");

const IDENTITY: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// One weight of the document's font.
pub struct Font {
    name: &'static str,
    data: &'static [u8],
    face: Face<'static>,
    numbers: GlyphRemapper,
    letters: HashMap<char, Letter>,
    /// By number: width in thousandths of the size, and what it reads as.
    used: Vec<(f32, char)>,
}

#[derive(Clone, Copy)]
struct Letter {
    number: u16,
    width: f32,
}

impl Font {
    /// For text.
    pub fn regular() -> io::Result<Self> {
        Self::new("AAAAAA+NotoSans-Regular", REGULAR)
    }

    /// For headings.
    pub fn bold() -> io::Result<Self> {
        Self::new("AAAAAB+NotoSans-Bold", BOLD)
    }

    /// How wide a text is, in points.
    pub fn width(&mut self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.letter(letter).width).sum::<f32>() * size / 1_000.0
    }

    /// The text as numbers of letters, two bytes each.
    pub fn encoded(&mut self, text: &str) -> Vec<u8> {
        text.chars().flat_map(|letter| self.letter(letter).number.to_be_bytes()).collect()
    }

    /// As much of the text as is at most so wide; what is cut ends with an ellipsis.
    pub fn fitted<'a>(&mut self, text: &'a str, size: f32, width: f32) -> std::borrow::Cow<'a, str> {
        if self.width(text, size) <= width {
            return text.into();
        }
        let mut left = width - self.width("…", size);
        let fits = text.char_indices().find(|(_, letter)| {
            left -= self.letter(*letter).width * size / 1_000.0;
            left < 0.0
        });
        let end = fits.map_or(text.len(), |(at, _)| at);
        format!("{}…", text[..end].trim_end()).into()
    }

    /// Writes the font with the letters that were used.
    pub fn embed<W: Write>(self, file: &mut File<W>, font: Ref) -> io::Result<()> {
        let [descendant, descriptor, program, readings] = [(); 4].map(|()| file.reserve());
        let name = Name(self.name.as_bytes());
        file.put(font, |chunk| {
            chunk
                .type0_font(font)
                .base_font(name)
                .encoding_predefined(Name(b"Identity-H"))
                .descendant_font(descendant)
                .to_unicode(readings);
        })?;
        file.put(descendant, |chunk| {
            let mut cid = chunk.cid_font(descendant);
            cid.subtype(CidFontType::Type2)
                .base_font(name)
                .system_info(IDENTITY)
                .font_descriptor(descriptor)
                .cid_to_gid_map_predefined(Name(b"Identity"));
            cid.widths().consecutive(0, self.used.iter().map(|(width, _)| *width));
        })?;
        file.put(descriptor, |chunk| self.describe(&mut chunk.font_descriptor(descriptor), program))?;
        let subset = subsetter::subset(self.data, 0, &self.numbers).map_err(io::Error::other)?;
        let data = packed(&subset)?;
        file.put(program, |chunk| {
            chunk
                .stream(program, &data)
                .filter(Filter::FlateDecode)
                .pair(Name(b"Length1"), subset.len() as i32);
        })?;
        file.put_stream(readings, self.readings().as_slice())
    }

    fn new(name: &'static str, data: &'static [u8]) -> io::Result<Self> {
        let face = Face::parse(data, 0).map_err(io::Error::other)?;
        let mut font = Self {
            name,
            data,
            face,
            numbers: GlyphRemapper::new(),
            letters: HashMap::new(),
            used: vec![],
        };
        // Number 0 is the box for what the font lacks.
        font.used.push((font.advance(GlyphId(0)), char::REPLACEMENT_CHARACTER));
        Ok(font)
    }

    fn letter(&mut self, letter: char) -> Letter {
        if let Some(known) = self.letters.get(&letter) {
            return *known;
        }
        // A line break in a cell is a space.
        let shown = if letter.is_control() { ' ' } else { letter };
        let glyph = self.face.glyph_index(shown).unwrap_or(GlyphId(0));
        let number = self.numbers.remap(glyph.0);
        let width = self.advance(glyph);
        if usize::from(number) == self.used.len() {
            self.used.push((width, shown));
        }
        let new = Letter { number, width };
        self.letters.insert(letter, new);
        new
    }

    fn advance(&self, glyph: GlyphId) -> f32 {
        self.scaled(self.face.glyph_hor_advance(glyph).unwrap_or(0).into())
    }

    /// In thousandths of the size.
    fn scaled(&self, units: f32) -> f32 {
        units * 1_000.0 / f32::from(self.face.units_per_em())
    }

    fn describe(&self, descriptor: &mut pdf_writer::writers::FontDescriptor<'_>, program: Ref) {
        let bounds = self.face.global_bounding_box();
        let [left, bottom, right, top] = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|units| self.scaled(units.into()));
        let capital = self.face.capital_height().unwrap_or_else(|| self.face.ascender());
        descriptor
            .name(Name(self.name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(pdf_writer::Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(self.scaled(self.face.ascender().into()))
            .descent(self.scaled(self.face.descender().into()))
            .cap_height(self.scaled(capital.into()))
            .stem_v(80.0)
            .font_file2(program);
    }

    /// What each number reads as, so that text can be searched and copied.
    fn readings(&self) -> pdf_writer::Buf {
        let mut readings = UnicodeCmap::new(Name(b"Readings"), IDENTITY);
        for (number, (_, letter)) in (0_u16..).zip(&self.used) {
            readings.pair(number, *letter);
        }
        readings.finish()
    }
}
