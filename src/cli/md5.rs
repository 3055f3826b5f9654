//! `vav1d md5`: an MD5 for every output frame, or one for all.

use std::io::{self, Write};

use super::args::Md5Args;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Frame, Lines, Record};
use super::output::{self, Notices};
use super::pipeline::Pipeline;
use crate::sink::{self, Framemd5, Shown, Sink, StreamInfo, TotalMd5};

pub(super) fn run(args: &Md5Args, json: bool, notices: &Notices) -> Result<Exit> {
    let pipeline = Pipeline::open(&args.pipeline, notices)?;
    if json {
        return run_json(args, pipeline, notices);
    }
    let out = Box::new(io::BufWriter::new(io::stdout()));
    let mut sink: Box<dyn Sink> = match args.total {
        true => Box::new(TotalMd5::new(out)),
        false => Box::new(Framemd5::new(out)),
    };
    pipeline.run(&args.pipeline, &mut *sink, notices).map(|(exit, _)| exit)
}

fn run_json(args: &Md5Args, pipeline: Pipeline, notices: &Notices) -> Result<Exit> {
    let mut lines = Lines(output::stdout());
    let file = &args.pipeline.input.file;
    lines.begin("md5", Some(file), Some(pipeline.device())).map_err(Failure::output)?;
    let mut sink = JsonSink { lines, total: args.total.then(sink::Md5::default) };
    let (exit, summary) = pipeline.run(&args.pipeline, &mut sink, notices)?;
    let JsonSink { mut lines, total } = sink;
    lines.end(&summary, total.map(sink::Md5::finish)).map_err(Failure::output)?;
    Ok(exit)
}

/// A record for each picture.
struct JsonSink<W: Write> {
    lines: Lines<W>,
    total: Option<sink::Md5>,
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
            md5: sink::md5_hex(&picture.data),
        }))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.lines.0.flush()
    }
}
