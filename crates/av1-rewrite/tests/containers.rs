//! A stream in every container is the same stream.

mod common;

use av1_rewrite::container::Container;
use av1_rewrite::stream::{Content, Item, Stream};
use av1_rewrite::{Derived, read};
use av1_syntax::limits::Limits;

/// The stream without temporal delimiters and without what is around OBUs, which differ.
fn plain(stream: &Stream) -> Stream {
    let mut stream = stream.clone();
    stream.time_base = None;
    for unit in &mut stream.units {
        unit.pts = None;
        unit.items.retain(|item| !matches!(item, Item::Obu(_, Content::TemporalDelimiter)));
    }
    stream.wraps_mut().for_each(|(wrap, _)| wrap.size_bytes = 1);
    stream
}

#[test]
fn every_container_has_the_stream() {
    use Container as C;
    for (name, _, stream) in common::samples() {
        for container in [C::Ivf, C::Section5, C::AnnexB, C::Matroska, C::Mp4] {
            let what = format!("{name} in {container:?}");
            let units = container.units(&stream, Derived::Checked);
            let units = units.unwrap_or_else(|error| panic!("{what}: {error}"));
            let file = container.file(&units, stream.time_base);
            let file = file.unwrap_or_else(|error| panic!("{what}: {error}"));
            let bytes = std::io::Cursor::new(file);
            let mut source = av1_demux::open_file(Box::new(bytes), None, Limits::default())
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            let mut units = Vec::new();
            while let Some(unit) = source.next_unit().unwrap_or_else(|e| panic!("{what}: {e}")) {
                units.push(unit);
            }
            let back = read::read(&units, None).unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(plain(&back) == plain(&stream), "{what}");
        }
    }
}
