//! `vav1d md5`: an MD5 for every output frame, or one for all.

use std::io::{self, Write};
use std::ops::DerefMut;
use std::time::{Duration, Instant};

use super::args::Md5Args;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Frame, Lines, Record};
use super::options;
use super::output::{self, Notices};
use super::pipeline::Pipeline;
use crate::pixels::{Chroma, Format, Picture};
use crate::sink::{self, Framemd5, Shown, Sink, StreamInfo, TotalMd5};

/// Records without hashes are flushed this often.
const HEARTBEAT: Duration = Duration::from_millis(50);

pub(super) fn run(args: &Md5Args, json: bool, notices: &Notices) -> Result<Exit> {
    if json {
        return run_json(args, notices);
    }
    let grain = options::grain(&args.grain, &args.pipeline)?;
    let pipeline = Pipeline::with_grain(&args.pipeline, grain, notices)?;
    let out = Box::new(io::BufWriter::new(io::stdout()));
    let mut sink: Box<dyn Sink> = match args.total {
        true => Box::new(TotalMd5::new(out)),
        false => Box::new(Framemd5::new(out)),
    };
    if args.grey_planes {
        sink = Box::new(GreyPlanes(sink));
    }
    pipeline.run(&args.pipeline, &mut *sink, notices).map(|(exit, ..)| exit)
}

fn run_json(args: &Md5Args, notices: &Notices) -> Result<Exit> {
    let mut lines = Lines(output::stdout());
    let file = &args.pipeline.input.file;
    let opened = options::grain(&args.grain, &args.pipeline)
        .and_then(|grain| Pipeline::with_grain(&args.pipeline, grain, notices));
    let device = opened.as_ref().ok().map(|pipeline| pipeline.device().to_owned());
    lines.begin("md5", Some(file), device.as_deref()).map_err(Failure::output)?;
    let mut sink =
        JsonSink { lines, total: args.total.then(sink::Md5::default), flushed: Instant::now() };
    let ran = opened.and_then(|pipeline| match args.grey_planes {
        true => pipeline.run(&args.pipeline, &mut GreyPlanes(&mut sink), notices),
        false => pipeline.run(&args.pipeline, &mut sink, notices),
    });
    let JsonSink { mut lines, total, .. } = sink;
    match ran {
        Ok((exit, summary, messages)) => {
            lines.messages(&messages).map_err(Failure::output)?;
            lines.end(&summary, total.map(sink::Md5::finish)).map_err(Failure::output)?;
            Ok(exit)
        }
        Err(failure) => {
            lines.failure(&failure).map_err(Failure::output)?;
            Err(failure)
        }
    }
}

/// Gives pictures without chroma two planes of mid grey, as 4:2:0 would have.
struct GreyPlanes<S>(S);

impl<S: DerefMut<Target: Sink>> Sink for GreyPlanes<S> {
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        self.0.begin(info)
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        let picture = &shown.picture;
        if picture.format.chroma != Chroma::Monochrome {
            return self.0.picture(shown);
        }
        let format = Format { chroma: Chroma::Yuv420, ..picture.format };
        let mut all = picture.data.clone();
        let grey = 1_u16 << (format.bit_depth - 1);
        let bytes = &grey.to_le_bytes()[..format.sample_bytes()];
        all.resize(format.picture_bytes(picture.width, picture.height), 0);
        let chroma = all[picture.data.len()..].chunks_exact_mut(bytes.len());
        chroma.for_each(|sample| sample.copy_from_slice(bytes));
        self.0.picture(&Shown { picture: Picture { format, data: all, ..*picture }, ..*shown })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.finish()
    }
}

/// A record for each picture.
struct JsonSink<W: Write> {
    lines: Lines<W>,
    total: Option<sink::Md5>,
    /// When the lines were last flushed.
    flushed: Instant,
}

impl<W: Write> Sink for JsonSink<W> {
    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        let picture = &shown.picture;
        if let Some(total) = &mut self.total {
            total.update(&picture.data);
        }
        self.lines.write(&Record::Frame(Frame {
            index: shown.index,
            pts: shown.pts,
            width: picture.width,
            height: picture.height,
            size: picture.data.len(),
            md5: self.total.is_none().then(|| sink::md5_hex(&picture.data)),
        }))?;
        // Who reads along shall know how far it is, and lose no hash.
        if self.total.is_none() || self.flushed.elapsed() > HEARTBEAT {
            self.lines.0.flush()?;
            self.flushed = Instant::now();
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.lines.0.flush()
    }
}
