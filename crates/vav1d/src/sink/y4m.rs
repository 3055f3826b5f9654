//! YUV4MPEG2. The format cannot tell of a new size: a stream that changes it is refused.

use std::io::{self, Write};

use super::{Begun, Shown, Sink, StreamInfo, Wants, sample_aspect_ratio};
use crate::pixels::{Chroma, Format};

/// Writes Y4M, with the tags that dav1d uses.
pub struct Y4m {
    out: Box<dyn Write>,
    first: Option<(Format, u32, u32)>,
}

impl Y4m {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write>) -> Self {
        Self { out, first: None }
    }
}

/// The value of the header's C parameter.
fn tag(format: Format, chroma_sample_position: u8) -> String {
    let base = match format.chroma {
        Chroma::Monochrome => "mono",
        Chroma::Yuv422 => "422",
        Chroma::Yuv444 => "444",
        Chroma::Yuv420 if format.bit_depth == 8 => match chroma_sample_position {
            1 => "420mpeg2",
            2 => "420",
            _ => "420jpeg",
        },
        Chroma::Yuv420 => "420",
    };
    match (format.bit_depth, format.chroma) {
        (8, _) => base.to_owned(),
        (depth, Chroma::Monochrome) => format!("{base}{depth}"),
        (depth, _) => format!("{base}p{depth}"),
    }
}

impl Sink for Y4m {
    fn wants(&self) -> Wants {
        Wants::Parts
    }

    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        self.first = Some((info.format, info.width, info.height));
        let (pictures, seconds) = info.frame_rate;
        let (aspect_num, aspect_den) = sample_aspect_ratio(info);
        let tag = tag(info.format, info.chroma_sample_position);
        writeln!(
            self.out,
            "YUV4MPEG2 W{} H{} F{pictures}:{seconds} Ip A{aspect_num}:{aspect_den} C{tag}",
            info.width, info.height
        )
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        let Shown { picture, index, pts } = shown;
        let size = (picture.width, picture.height);
        self.start(&Begun { index: *index, pts: *pts, format: picture.format, size })?;
        self.part(&picture.data)
    }

    fn start(&mut self, picture: &Begun) -> io::Result<()> {
        let Begun { index, format, size: (width, height), .. } = *picture;
        if self.first != Some((format, width, height)) {
            let message = format!(
                "picture {index} is {width}x{height}: Y4M cannot change size or format in \
                 mid-stream (use yuv)",
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.out.write_all(b"FRAME\n")
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
