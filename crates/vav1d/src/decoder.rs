//! A decoder: packets in, frames out, in the caller's own time.

mod builder;
mod frame;
mod frames;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use builder::{Builder, Device, PassedOver};
pub use frame::Frame;
pub use frames::Frames;

use crate::color::Luminance;
use crate::container::{self, Source, TemporalUnit};
use crate::decoding::{Decoding, Event, Flow};
use crate::error::{Result, StreamError, StreamFault, Unsupported};
use crate::film_grain::FilmGrain;
use crate::grain::FrameTime;
use crate::grid::Assembler;
use crate::obu::{Framing, ObuType, obus};
use crate::plan::planner::PlannerOptions;
use crate::syntax::metadata::metadata_obu;
use crate::vk::{DecodedPicture, Executor, Output};

/// A frame without a time lasts as long, for film grain that depends on time.
const FRAME: Duration = Duration::from_millis(40);

/// What is sent at a time: the OBUs of a temporal unit, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The OBUs, delimited as [`Builder::framing`] says.
    pub data: Arc<[u8]>,
    /// When what it shows is shown, from any zero.
    pub time: Option<Duration>,
}

impl Packet {
    /// A packet of `data` without a time.
    pub fn new(data: impl Into<Arc<[u8]>>) -> Self {
        Self { data: data.into(), time: None }
    }

    /// The same, shown at `time`.
    pub fn at(self, time: Duration) -> Self {
        Self { time: Some(time), ..self }
    }
}

/// Decodes one stream after another on one device.
///
/// Packets are sent, frames are received: as many as are there, in output order. What is wrong with
/// the stream comes between the frames, where it is, as an error of [`Decoder::receive`]; after
/// [`Error::Stream`](crate::error::Error::Stream) decoding goes on at the next key frame, after others the decoder takes no more
/// until it is [reset](Decoder::reset).
#[derive(Debug)]
pub struct Decoder {
    executor: Executor,
    passed_over: Vec<PassedOver>,
    decoding: Decoding,
    options: PlannerOptions,
    framing: Framing,
    next_unit: u64,
    outbox: Outbox,
}

impl Decoder {
    /// How a decoder is made.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Devices that decode AV1 and were passed over for the one that decodes, each with why.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// Decodes a packet. What comes of it, and when, is for [`Decoder::receive`]: the device may
    /// still be busy with it.
    ///
    /// # Errors
    /// `Device` if the driver fails; `Unsupported` if decoding has ended for what was received.
    pub fn send(&mut self, packet: Packet) -> Result<()> {
        let unit = TemporalUnit {
            pts: packet.time.map(nanoseconds),
            ..TemporalUnit::new(self.next_unit, packet.data, self.framing)
        };
        self.next_unit += 1;
        self.advance(Ok(Some(unit)))
    }

    /// Packets are missing before the next one: a fault, behind which decoding goes on at the next
    /// key frame. What was sent before is not affected.
    ///
    /// # Errors
    /// As for [`Decoder::send`].
    pub fn lost(&mut self) -> Result<()> {
        self.advance(Err(StreamError::new(StreamFault::Container("packets are missing")).into()))
    }

    /// The next frame; `None` if there is none yet.
    ///
    /// # Errors
    /// What is wrong with the stream behind the last frame: each fault once.
    pub fn receive(&mut self) -> Result<Option<Frame>> {
        self.outbox.ready.pop_front().transpose()
    }

    /// The stream is at its end: all frames that are still to come are there afterwards, and the
    /// next packet begins another stream.
    ///
    /// # Errors
    /// `Device` if the driver fails.
    pub fn flush(&mut self) -> Result<()> {
        if self.decoding.is_ended() {
            return Ok(());
        }
        self.advance(Ok(None))?;
        self.outbox.ready.extend(self.decoding.nothing().map(Err));
        self.begin(None)
    }

    /// Goes elsewhere in the stream, or on after what has ended it: frames that were not received
    /// are dropped, and decoding begins at the next key frame that is sent.
    ///
    /// # Errors
    /// `Device` if the driver fails.
    pub fn reset(&mut self) -> Result<()> {
        self.outbox.ready.clear();
        self.begin(Some(self.decoding.frames()))
    }

    /// The frames of the file at `path`, of any container.
    ///
    /// # Errors
    /// It cannot be read, or is no stream that is known.
    pub fn file(&mut self, path: impl AsRef<Path>) -> Result<Frames<'_>> {
        let file = Box::new(File::open(path)?);
        let source = container::open_file(file, None, self.options.limits)?;
        self.frames(source)
    }

    /// The frames of `source`. What was sent before is flushed.
    ///
    /// # Errors
    /// `Device` if the driver fails.
    pub fn frames(&mut self, source: Box<dyn Source>) -> Result<Frames<'_>> {
        self.flush()?;
        self.begin(None)?;
        self.outbox.assembler = source.info().grid.map(Assembler::new);
        Ok(Frames::new(self, source))
    }

    /// Takes back the memory of a frame, for a later one.
    pub fn recycle(&mut self, frame: Frame) {
        self.executor.reuse(frame.picture);
    }

    /// What executes the steps.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    fn advance(&mut self, read: Result<Option<TemporalUnit>>) -> Result<()> {
        if self.decoding.is_ended() {
            let what = "packets behind what has ended decoding, without a reset";
            return Err(Unsupported::Stream(what.into()).into());
        }
        if let Ok(Some(unit)) = &read {
            self.outbox.note(unit);
        }
        let outbox = &mut self.outbox;
        self.decoding.advance(read, &mut self.executor, &mut |event, executor| {
            outbox.take(event, executor)?;
            Ok(Flow::Continue)
        })
    }

    fn begin(&mut self, frame: Option<u64>) -> Result<()> {
        self.decoding.restart(frame, self.options, &mut self.executor)?;
        if frame.is_none() {
            self.next_unit = 0;
            self.outbox.begin();
        }
        Ok(())
    }
}

/// What was decoded and not received.
#[derive(Debug, Default)]
struct Outbox {
    ready: VecDeque<Result<Frame>>,
    film_grain: FilmGrain,
    /// Of the next frame.
    index: u64,
    first_time: Option<Duration>,
    /// What metadata have said of the luminance, from these units on.
    luminance: VecDeque<(u64, Luminance)>,
    /// What puts pictures together that are parts of one.
    assembler: Option<Assembler>,
}

impl Outbox {
    /// Another stream begins.
    fn begin(&mut self) {
        self.index = 0;
        self.first_time = None;
        self.luminance.clear();
        self.assembler = None;
    }

    /// Takes note of what `unit` says beside its frames.
    fn note(&mut self, unit: &TemporalUnit) {
        let last = self.luminance.back().map(|(_, luminance)| *luminance).unwrap_or_default();
        let mut luminance = last;
        // Faults are the planner's to tell.
        for obu in obus(&unit.data, unit.framing).map_while(std::result::Result::ok) {
            if obu.obu_type == ObuType::Metadata {
                let metadata = metadata_obu(&mut obu.reader());
                metadata.into_iter().for_each(|metadata| luminance.note(&metadata));
            }
        }
        if luminance != last {
            self.luminance.push_back((unit.index, luminance));
        }
    }

    fn take(&mut self, event: Event, executor: &mut Executor) -> Result<()> {
        match event {
            Event::Picture(output) => self.picture(*output, executor)?,
            Event::Spoiled(output) => executor.reuse(output.picture),
            Event::Fault(fault) => self.ready.push_back(Err(fault)),
        }
        Ok(())
    }

    fn picture(&mut self, output: Output, executor: &mut Executor) -> Result<()> {
        let time = output.show.pts.map(|pts| Duration::from_nanos(pts.max(0).unsigned_abs()));
        let first = *self.first_time.get_or_insert(time.unwrap_or_default());
        let index = self.index;
        let since = match time {
            Some(time) => time.saturating_sub(first),
            None => FRAME.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX)),
        };
        let unit = output.show.unit;
        while self.luminance.get(1).is_some_and(|(from, _)| *from <= unit) {
            self.luminance.pop_front();
        }
        let noted = self.luminance.front().filter(|(from, _)| *from <= unit);
        let luminance = noted.map(|(_, luminance)| *luminance).unwrap_or_default();
        let (header, sequence) = (Arc::clone(&output.header), Arc::clone(&output.sequence));
        let picture = self.film_grain.apply(output, FrameTime::new(index, since), None)?;
        let Some(picture) = self.whole(picture, executor)? else { return Ok(()) };
        self.index += 1;
        self.ready.push_back(Ok(Frame { index, time, picture, header, sequence, luminance }));
        Ok(())
    }

    /// Puts `picture` together with the other parts of one, if it is a part; `None` as long as some
    /// are missing.
    fn whole(
        &mut self,
        picture: DecodedPicture,
        executor: &mut Executor,
    ) -> Result<Option<DecodedPicture>> {
        let Some(assembler) = &mut self.assembler else { return Ok(Some(picture)) };
        let part = picture.into_host()?;
        let whole = match assembler.add(&part) {
            Ok(whole) => whole,
            Err(what) => {
                let fault = StreamError::new(StreamFault::Rule(what));
                self.ready.push_back(Err(fault.section("ISO/IEC 23008-12, 6.6.2.3").into()));
                None
            }
        };
        executor.reuse(part);
        Ok(whole.map(DecodedPicture::from))
    }
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
