//! `vav1d md5`: a hash for every output frame, or one for all.

use std::io::{self, BufWriter, Write};
use std::ops::DerefMut;
use std::time::{Duration, Instant};

use super::args::{HashName, Md5Args};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Hashed, Lines, OutputFrame, Record};
use super::options;
use super::output::{self, Data, Notices};
use super::pipeline::{Decoded, Pipeline};
use vav1d::pixels::{Chroma, Format, Picture};
use vav1d::sink::{self, Batches, Beside, Hash, Hasher, Shown, Sink, StreamInfo};

/// Records are flushed this often.
const HEARTBEAT: Duration = Duration::from_millis(50);

impl From<HashName> for Hash {
    fn from(name: HashName) -> Self {
        match name {
            HashName::Md5 => Self::Md5,
            HashName::Sha256 => Self::Sha256,
            HashName::Xxh3 => Self::Xxh3,
            HashName::Crc32 => Self::Crc32,
        }
    }
}

pub(super) fn run(args: &Md5Args, json: bool, notices: &Notices) -> Result<Exit> {
    if json {
        return run_json(args, notices);
    }
    let grain = options::grain(&args.grain, &args.pipeline)?;
    let pipeline = Pipeline::with_grain(&args.pipeline, grain, notices)?;
    let out = Box::new(output::stdout());
    let hash = args.hash.into();
    let mut sink = match args.total {
        true => sink::total(out, hash),
        false => sink::frames(out, hash),
    };
    if args.grey_planes {
        sink = Box::new(GreyPlanes(sink));
    }
    pipeline.run(&args.pipeline, &mut *sink, notices).map(|decoded| decoded.exit)
}

fn run_json(args: &Md5Args, notices: &Notices) -> Result<Exit> {
    let mut lines = Lines(output::stdout());
    let file = &args.pipeline.input.file;
    let opened = options::grain(&args.grain, &args.pipeline)
        .and_then(|grain| Pipeline::with_grain(&args.pipeline, grain, notices));
    let device = opened.as_ref().ok().map(|pipeline| pipeline.device().to_owned());
    lines.begin("md5", Some(file), device.as_deref()).map_err(Failure::output)?;
    let hash = args.hash.into();
    let total = args.total.then(|| Hasher::new(hash));
    let mut sink = Beside::new(JsonSink { lines, hash, total, flushed: Instant::now() });
    let ran = opened.and_then(|pipeline| match args.grey_planes {
        true => pipeline.run(&args.pipeline, &mut GreyPlanes(&mut sink), notices),
        false => pipeline.run(&args.pipeline, &mut sink, notices),
    });
    let JsonSink { mut lines, total, .. } = sink.into_inner().map_err(Failure::output)?;
    match ran {
        Ok(Decoded { exit, summary, messages, unfired }) => {
            let total = total.map(|total| Hashed::new(hash, total.finish()));
            lines
                .messages(&messages)
                .and_then(|()| lines.unfired(&unfired))
                .and_then(|()| lines.end(&summary, total))
                .map_err(Failure::output)?;
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
        self.take(shown.clone()).map(|_| ())
    }

    fn take(&mut self, shown: Shown) -> io::Result<Option<Picture>> {
        let picture = &shown.picture;
        if picture.format.chroma != Chroma::Monochrome {
            return self.0.take(shown);
        }
        let format = Format { chroma: Chroma::Yuv420, ..picture.format };
        let mut all = picture.data.to_vec();
        let grey = 1_u16 << (format.bit_depth - 1);
        let bytes = &grey.to_le_bytes()[..format.sample_bytes()];
        all.resize(format.picture_bytes(picture.width, picture.height), 0);
        let chroma = all[picture.data.len()..].chunks_exact_mut(bytes.len());
        chroma.for_each(|sample| sample.copy_from_slice(bytes));
        self.0.take(Shown { picture: Picture { format, data: all.into(), ..*picture }, ..shown })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.finish()
    }
}

/// A record for each picture.
struct JsonSink {
    lines: Lines<BufWriter<Data>>,
    hash: Hash,
    total: Option<Hasher>,
    /// When the lines were last flushed.
    flushed: Instant,
}

impl Batches for JsonSink {
    const LARGEST: usize = Hash::LANES;
    const SMALLEST: usize = Hash::LANES / 4;

    /// Who reads along shall know how far it is.
    fn patience(&self) -> Duration {
        HEARTBEAT
    }

    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn pictures(&mut self, batch: &[Shown]) -> io::Result<()> {
        let bytes: Vec<_> = batch.iter().map(|shown| &*shown.picture.data).collect();
        let hashes = match &mut self.total {
            Some(total) => {
                bytes.iter().for_each(|bytes| total.update(bytes));
                Vec::new()
            }
            None => self.hash.many(&bytes),
        };
        let mut hashes = hashes.into_iter().map(|text| Hashed::new(self.hash, text));
        for Shown { picture, index, pts } in batch {
            self.lines.write(&Record::Frame(OutputFrame {
                index: *index,
                pts: *pts,
                width: picture.width,
                height: picture.height,
                size: picture.data.len(),
                hash: hashes.next(),
            }))?;
        }
        // No hash is lost.
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
