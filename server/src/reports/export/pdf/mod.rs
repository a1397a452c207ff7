//! A document to print: title, totals, a chart, and the table.
//!
//! **Invariant:** a page is sent when it is full. What the first page says of the whole is written last, into places that
//! it left open (see [`file`]), so that 200,000 rows need no more memory than 20.

mod canvas;
mod file;
mod font;
mod summary;
mod table;
mod tally;

use super::{read::Record, sheet::Sheet};
use canvas::{Align, Canvas, Fonts, LINE, MUTED, Style};
use file::{File, packed};
use font::Font;
use pdf_writer::{Filter, Finish, Name, Rect, Ref, TextStr};
use std::io::{self, Write};
use table::{Columns, HEADER_HEIGHT, LINE_HEIGHT};
use tally::Tally;

/// US letter, lying.
const PAGE_WIDTH: f32 = 792.0;
const PAGE_HEIGHT: f32 = 612.0;
const MARGIN: f32 = 36.0;
/// Where the table ends; the footer is below.
const BOTTOM: f32 = 44.0;

const SUMMARY: Name<'static> = Name(b"S");
const PAGES: Name<'static> = Name(b"N");

/// Writes the whole file.
pub fn write(sheet: &Sheet, records: impl Iterator<Item = io::Result<Record>>, out: impl Write) -> io::Result<()> {
    let mut document = Document::begin(sheet, out)?;
    for record in records {
        document.row(&record?)?;
    }
    document.end()
}

/// A document whose table is being written.
struct Document<'a, W> {
    file: File<W>,
    sheet: &'a Sheet,
    fonts: Fonts,
    columns: Columns,
    tally: Tally<'a>,
    parts: Parts,
    pages: Vec<Ref>,
    canvas: Canvas,
    /// Where the next line begins.
    top: f32,
}

/// Objects that every page names and that are written last.
#[derive(Clone, Copy)]
struct Parts {
    tree: Ref,
    regular: Ref,
    bold: Ref,
    summary: Ref,
    page_count: Ref,
}

impl<'a, W: Write> Document<'a, W> {
    fn begin(sheet: &'a Sheet, out: W) -> io::Result<Self> {
        let mut file = File::begin(out)?;
        let [tree, regular, bold, summary, page_count] = [(); 5].map(|()| file.reserve());
        let mut document = Self {
            file,
            sheet,
            fonts: Fonts {
                regular: Font::regular()?,
                bold: Font::bold()?,
            },
            columns: Columns::of(sheet),
            tally: Tally::new(sheet),
            parts: Parts {
                tree,
                regular,
                bold,
                summary,
                page_count,
            },
            pages: vec![],
            canvas: Canvas::new(),
            top: PAGE_HEIGHT - MARGIN,
        };
        document.draw_head();
        document.draw_header();
        Ok(document)
    }

    fn row(&mut self, record: &Record) -> io::Result<()> {
        self.make_room()?;
        let is_tinted = self.tally.rows % 2 == 1;
        self.columns.draw_row(&mut self.canvas, &mut self.fonts, record, self.top, is_tinted);
        self.top -= LINE_HEIGHT;
        self.tally.count(record);
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        self.make_room()?;
        if self.tally.rows == 0 {
            let nothing = "Nothing matches these filters.";
            let style = Style::text(9.0).color(MUTED);
            self.canvas
                .text(&mut self.fonts, nothing, style, Align::Left, [MARGIN + 3.0, self.top - 14.0, 300.0]);
        } else {
            self.columns.draw_totals(&mut self.canvas, &mut self.fonts, &self.tally, self.top);
        }
        self.finish_page()?;
        self.write_parts()?;
        let Self {
            mut file, fonts, sheet, parts, ..
        } = self;
        fonts.regular.embed(&mut file, parts.regular)?;
        fonts.bold.embed(&mut file, parts.bold)?;
        let (catalog, information) = (file.reserve(), file.reserve());
        file.put(catalog, |chunk| {
            let mut catalog = chunk.indirect(catalog).start::<pdf_writer::writers::Catalog<'_>>();
            catalog.pages(parts.tree).lang(TextStr("en-US"));
            catalog.viewer_preferences().display_doc_title(true);
        })?;
        file.put(information, |chunk| {
            let mut information = chunk.indirect(information).start::<pdf_writer::writers::DocumentInfo<'_>>();
            information
                .title(TextStr(sheet.title))
                .author(TextStr(&sheet.made_by))
                .creator(TextStr("Turns"));
        })?;
        file.end(catalog, information)
    }

    /// Begins another page where the next line has no room on this one.
    fn make_room(&mut self) -> io::Result<()> {
        if self.top - LINE_HEIGHT >= BOTTOM {
            return Ok(());
        }
        self.finish_page()?;
        self.top = PAGE_HEIGHT - MARGIN;
        self.draw_header();
        Ok(())
    }

    fn draw_head(&mut self) {
        let Self { canvas, fonts, sheet, top, .. } = self;
        let width = PAGE_WIDTH - 2.0 * MARGIN;
        let about = format!("Turns · {} · made by {}", sheet.day(), sheet.made_by);
        let filters = match &*sheet.filters {
            [] => "Everything, without a filter".to_owned(),
            filters => filters.join(" · "),
        };
        canvas.text(fonts, sheet.title, Style::text(22.0).bold(), Align::Left, [MARGIN, *top - 18.0, width]);
        let muted = Style::text(9.0).color(MUTED);
        canvas.text(fonts, &about, muted, Align::Left, [MARGIN, *top - 36.0, width]);
        canvas.text(fonts, &filters, muted, Align::Left, [MARGIN, *top - 49.0, width]);
        canvas.part(SUMMARY, [MARGIN, *top - 64.0 - summary::HEIGHT]);
        *top -= 64.0 + summary::HEIGHT + 14.0;
    }

    fn draw_header(&mut self) {
        self.columns.draw_header(&mut self.canvas, &mut self.fonts, self.top);
        self.top -= HEADER_HEIGHT;
    }

    fn finish_page(&mut self) -> io::Result<()> {
        self.draw_foot();
        let (page, content) = (self.file.reserve(), self.file.reserve());
        self.pages.push(page);
        let drawn = std::mem::replace(&mut self.canvas, Canvas::new()).finish();
        self.file.put_stream(content, &drawn)?;
        let parts = self.parts;
        let is_first = self.pages.len() == 1;
        self.file.put(page, |chunk| {
            let mut object = chunk.page(page);
            object
                .parent(parts.tree)
                .media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT))
                .contents(content);
            let mut resources = object.resources();
            parts.name_fonts(&mut resources);
            let mut drawn_elsewhere = resources.x_objects();
            drawn_elsewhere.pair(PAGES, parts.page_count);
            if is_first {
                drawn_elsewhere.pair(SUMMARY, parts.summary);
            }
        })
    }

    fn draw_foot(&mut self) {
        let Self {
            canvas, fonts, sheet, pages, ..
        } = self;
        let style = Style::text(7.5).color(MUTED);
        canvas.fill(LINE, [MARGIN, 36.0, PAGE_WIDTH - 2.0 * MARGIN, 0.6]);
        let about = format!("{} · {}", sheet.title, sheet.day());
        canvas.text(fonts, &about, style, Align::Left, [MARGIN, 24.0, 300.0]);
        let number = format!("Page {} of", pages.len() + 1);
        let end = PAGE_WIDTH - MARGIN;
        canvas.text(fonts, &number, style, Align::Right, [end - 25.0, 24.0, 100.0]);
        canvas.part(PAGES, [end - 23.0, 24.0]);
    }

    fn write_parts(&mut self) -> io::Result<()> {
        let summary = summary::draw(self.sheet, &self.tally, &mut self.fonts);
        self.put_part(self.parts.summary, summary, [summary::WIDTH, summary::HEIGHT])?;
        let mut count = Canvas::new();
        let text = self.pages.len().to_string();
        count.text(&mut self.fonts, &text, Style::text(7.5).color(MUTED), Align::Left, [0.0, 0.0, 30.0]);
        self.put_part(self.parts.page_count, count, [30.0, 10.0])?;
        let (tree, pages) = (self.parts.tree, &self.pages);
        self.file.put(tree, |chunk| {
            chunk.pages(tree).count(pages.len() as i32).kids(pages.iter().copied());
        })
    }

    fn put_part(&mut self, part: Ref, canvas: Canvas, [width, height]: [f32; 2]) -> io::Result<()> {
        let drawn = packed(&canvas.finish())?;
        let parts = self.parts;
        self.file.put(part, |chunk| {
            let mut form = chunk.form_xobject(part, &drawn);
            form.bbox(Rect::new(0.0, -3.0, width, height));
            form.filter(Filter::FlateDecode);
            parts.name_fonts(&mut form.resources());
        })
    }
}

impl Parts {
    fn name_fonts(self, resources: &mut pdf_writer::writers::Resources<'_>) {
        let mut fonts = resources.fonts();
        fonts.pair(canvas::REGULAR, self.regular).pair(canvas::BOLD, self.bold);
        fonts.finish();
    }
}
