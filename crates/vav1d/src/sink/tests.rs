//! Tests of the sinks: the exact text that other tools read.

use std::sync::{Arc, Mutex};

use super::*;
use crate::pixels::{Chroma, Format};

/// A writer that can be looked at afterwards.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no panic").clone()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn info(format: Format) -> StreamInfo {
    StreamInfo {
        time_base: (1, 50),
        frame_rate: (25, 1),
        width: 117,
        height: 96,
        render_size: (352, 288),
        chroma_sample_position: 0,
        color_range: false,
        format,
    }
}

fn shown(format: Format, index: u64, width: u32) -> Shown {
    Shown { picture: Picture::new(format, width, 96), index, pts: Some(index as i64 * 2) }
}

fn write(name: &str, format: Format) -> Vec<u8> {
    let page = Page::default();
    let mut sink = by_name(name).expect("a sink").open(Box::new(page.clone()));
    sink.begin(&info(format)).expect("written");
    for index in 0..2 {
        sink.picture(&shown(format, index, 117)).expect("written");
    }
    sink.finish().expect("written");
    page.bytes()
}

#[test]
fn framehash_names_its_function() {
    for (hash, name, digits) in
        [(Hash::Sha256, "SHA256", 64), (Hash::Xxh3, "XXH3-128", 32), (Hash::Crc32, "CRC32", 8)]
    {
        let page = Page::default();
        let mut sink = frames(Box::new(page.clone()), hash);
        sink.begin(&info(YUV420)).expect("written");
        sink.picture(&shown(YUV420, 0, 117)).expect("written");
        sink.finish().expect("written");
        let text = String::from_utf8(page.bytes()).expect("text");
        assert!(text.contains(&format!("\n#hash: {name}\n")), "{text}");
        let last = text.lines().next_back().and_then(|line| line.rsplit(' ').next());
        assert_eq!(last, Some(&*hash.hex(&[0; 16896])));
        assert_eq!(last.map(str::len), Some(digits));
    }
}

/// Notes what it gets, and fails if it is told to.
struct Careful(Arc<Mutex<Vec<Vec<u64>>>>, bool);

impl Batches for Careful {
    const LARGEST: usize = 8;
    const SMALLEST: usize = 4;
    const BYTES: usize = 5 * 16896;

    fn patience(&self) -> std::time::Duration {
        std::time::Duration::MAX
    }

    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn pictures(&mut self, batch: &[Shown]) -> io::Result<()> {
        let indexes = batch.iter().map(|shown| shown.index).collect();
        self.0.lock().expect("no panic").push(indexes);
        if self.1 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_thread_gets_pictures_in_order_and_gives_them_back() {
    let batches = Arc::default();
    let mut sink = Beside::new(Careful(Arc::clone(&batches), false));
    sink.begin(&info(YUV420)).expect("begun");
    let mut back = 0;
    for index in 0..13 {
        back += usize::from(sink.take(shown(YUV420, index, 117)).expect("taken").is_some());
    }
    sink.finish().expect("finished");
    let expected = [vec![0, 1, 2, 3, 4], vec![5, 6, 7, 8, 9], vec![10, 11, 12]];
    assert_eq!(*batches.lock().expect("no panic"), expected);
    assert!(back > 0, "no picture came back");
    assert!(sink.into_inner().is_ok());
}

#[test]
fn an_error_of_the_thread_is_that_of_a_later_call() {
    let batches = Arc::default();
    let mut sink = Beside::new(Careful(Arc::clone(&batches), true));
    sink.begin(&info(YUV420)).expect("begun");
    let error = (0..100).find_map(|index| sink.take(shown(YUV420, index, 117)).err());
    assert_eq!(error.map(|e| e.kind()), Some(io::ErrorKind::StorageFull));
    assert_eq!(batches.lock().expect("no panic").len(), 1);
    // A batch that is not full is written at the end, and its error is that of the end.
    let mut sink = Beside::new(Careful(Arc::default(), true));
    sink.begin(&info(YUV420)).expect("begun");
    sink.take(shown(YUV420, 0, 117)).expect("taken");
    assert!(sink.finish().is_err());
}

const YUV420: Format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };

#[test]
fn framemd5_is_what_ffmpeg_writes() {
    let text = String::from_utf8(write("framemd5", YUV420)).expect("text");
    // MD5 of 16,896 zero bytes by md5sum.
    let expected = "#format: frame checksums\n#version: 2\n#hash: MD5\n#tb 0: 1/50\n\
        #media_type 0: video\n#codec_id 0: rawvideo\n#dimensions 0: 117x96\n#sar 0: 352/351\n\
        #stream#, dts,        pts, duration,     size, hash\n\
        0,          0,          0,        1,    16896, MD5SUM\n\
        0,          2,          2,        1,    16896, MD5SUM\n";
    assert_eq!(text, expected.replace("MD5SUM", ZEROS));
}

/// `head -c 16896 /dev/zero | md5sum`.
const ZEROS: &str = "f424e9ebf035b1cf1629923db2e238f1";
/// `head -c 33792 /dev/zero | md5sum`.
const TWICE: &str = "0b4ccd9b8e02a27fd032b9e08ac2e12f";

#[test]
fn one_md5_for_all() {
    assert_eq!(write("md5", YUV420), format!("{TWICE}\n").into_bytes());
    assert_eq!(write("yuv", YUV420).len(), 2 * 16896);
    assert_eq!(write("null", YUV420), b"");
}

#[test]
fn y4m_headers_are_those_of_dav1d() {
    let cases = [
        (Chroma::Yuv420, 8, "420jpeg"),
        (Chroma::Yuv420, 10, "420p10"),
        (Chroma::Yuv422, 8, "422"),
        (Chroma::Yuv444, 12, "444p12"),
        (Chroma::Monochrome, 8, "mono"),
        (Chroma::Monochrome, 10, "mono10"),
    ];
    for (chroma, bit_depth, tag) in cases {
        let bytes = write("y4m", Format { chroma, bit_depth });
        let header = bytes.split(|b| *b == b'\n').next().expect("a line");
        let expected = format!("YUV4MPEG2 W117 H96 F25:1 Ip A352:351 C{tag}");
        assert_eq!(String::from_utf8_lossy(header), expected);
    }
}

#[test]
fn y4m_refuses_a_new_size() {
    let mut sink = Y4m::new(Box::new(io::sink()));
    sink.begin(&info(YUV420)).expect("written");
    sink.picture(&shown(YUV420, 0, 117)).expect("written");
    let error = sink.picture(&shown(YUV420, 1, 118)).expect_err("refused");
    assert!(error.to_string().contains("118x96"), "{error}");
}

#[test]
fn sinks_are_found_by_extension() {
    let name = |path: &str| by_extension(Path::new(path)).map(|kind| kind.name);
    assert_eq!(name("a.Y4M"), Some("y4m"));
    assert_eq!(name("a.framemd5"), Some("framemd5"));
    assert_eq!(name("a.mp4"), None);
    assert_eq!(name("yuv"), None);
}
