//! A PDF's bytes: numbered objects in any order, and at the end the table of where each begins.
//!
//! Because an object may name one that is written later, what is known last (totals, the number of pages, which letters
//! were used) is written last, and the first page is sent before the last row is read.
//!
//! **Invariant:** one object is in memory at a time; of those sent only their place is kept.

use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Chunk, Filter, Ref, Settings};
use std::io::{self, Write};

/// A PDF that is being written.
pub struct File<W> {
    out: W,
    written: u64,
    /// Where each object begins; object 1 is the first.
    places: Vec<u64>,
}

impl<W: Write> File<W> {
    /// Writes the header.
    pub fn begin(out: W) -> io::Result<Self> {
        let mut file = Self {
            out,
            written: 0,
            places: vec![],
        };
        // The second line tells programs that look that this is no text.
        file.write(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")?;
        Ok(file)
    }

    /// A number for an object that is written now or later.
    pub fn reserve(&mut self) -> Ref {
        self.places.push(0);
        Ref::new(self.places.len() as i32)
    }

    /// Writes one object; `build` must make exactly that one.
    pub fn put(&mut self, object: Ref, build: impl FnOnce(&mut Chunk)) -> io::Result<()> {
        let mut chunk = Chunk::with_settings(Settings { pretty: false });
        build(&mut chunk);
        debug_assert!(chunk.refs().eq([object]));
        self.places[object.get() as usize - 1] = self.written;
        self.write(chunk.as_bytes())
    }

    /// Writes a stream of data, packed.
    pub fn put_stream(&mut self, object: Ref, data: &[u8]) -> io::Result<()> {
        let packed = packed(data)?;
        self.put(object, |chunk| {
            chunk.stream(object, &packed).filter(Filter::FlateDecode);
        })
    }

    /// Writes where everything is, and ends the file.
    pub fn end(mut self, catalog: Ref, information: Ref) -> io::Result<()> {
        let (table, count) = (self.written, self.places.len() + 1);
        let mut text = format!("xref\n0 {count}\n0000000000 65535 f \n");
        for place in &self.places {
            text += &format!("{place:010} 00000 n \n");
        }
        let (catalog, information) = (catalog.get(), information.get());
        text += &format!("trailer\n<< /Size {count} /Root {catalog} 0 R /Info {information} 0 R >>\nstartxref\n{table}\n%%EOF\n");
        self.write(text.as_bytes())?;
        self.out.flush()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// Data as `FlateDecode` reads it.
pub fn packed(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(data.len() / 4), Compression::new(4));
    encoder.write_all(data)?;
    encoder.finish()
}
