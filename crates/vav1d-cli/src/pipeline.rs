//! The decode pipeline as the commands use it: device, source and sink joined, faults told.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::args::{FilmGrain, PipelineArgs};
use super::continued::Continued;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::{Notices, Watched};
use super::select::{self, Fallback, Selected};
use super::{first, input, options, output};
use vav1d::container::{Crop, Source, SourceInfo};
use vav1d::decode::{self, Summary};
use vav1d::error::Error;
use vav1d::grain::Override;
use vav1d::sink::Sink;
use vav1d::vk::render::GrainSynthesizer;
use vav1d::vk::{Adapter, DecodeStatus, Executor, Instance, Journal, Message};
use vav1d_lab::compare::{self, TraceOptions, Wanted};

/// A source and a device that is ready to decode it.
pub(super) struct Pipeline {
    source: Box<dyn Source>,
    selected: Selected,
    executor: Executor,
    /// The film grain that pictures get.
    film_grain: decode::FilmGrain,
    /// What makes film grain, if the host does not.
    synthesizer: Option<(Arc<Instance>, Box<GrainSynthesizer>)>,
}

impl Pipeline {
    /// Opens the input, then the device that is judged, and no other in its place.
    pub(super) fn judged(args: &PipelineArgs, notices: &Notices) -> Result<Self> {
        Self::open(args, None, Fallback::Never, notices)
    }

    /// Opens the input, then the device; pictures get `grain` in place of the stream's own, if it
    /// is given.
    pub(super) fn with_grain(
        args: &PipelineArgs,
        grain: Option<Override>,
        notices: &Notices,
    ) -> Result<Self> {
        Self::open(args, grain, Fallback::Softvk, notices)
    }

    fn open(
        args: &PipelineArgs,
        grain: Option<Override>,
        fallback: Fallback,
        notices: &Notices,
    ) -> Result<Self> {
        let film_grain = options::film_grain(args, grain.map(Arc::new));
        Self::opened(args, film_grain, fallback, notices)
    }

    fn opened(
        args: &PipelineArgs,
        film_grain: decode::FilmGrain,
        fallback: Fallback,
        notices: &Notices,
    ) -> Result<Self> {
        let source = input::open(&args.input)?;
        let wanted = options::executor(args, &film_grain);
        let spec = (args.device == "auto").then(|| first::session(&args.input, &args.layers));
        let spec = spec.flatten();
        let takes =
            |adapter: &Adapter| spec.as_ref().map_or(Ok(()), |spec| adapter.takes(spec, &wanted));
        let instance = options::instance(args);
        let selected = select::select_for(&args.device, instance, fallback, notices, &takes)?;
        let mut executor =
            Executor::new(&selected.instance, &selected.adapter, wanted).map_err(Failure::of)?;
        if let Some(path) = &args.journal {
            let file = output::create(path, &[&args.input.file])?;
            executor.set_journal(Journal::new(file, selected.is_hardware()));
        }
        let synthesizer = match args.film_grain {
            FilmGrain::Gpu => Some(select::synthesizer(options::instance(args), notices)?),
            _ => None,
        };
        Ok(Self { source, selected, executor, film_grain, synthesizer })
    }

    /// Name of the device.
    pub(super) fn device(&self) -> &str {
        &self.selected.adapter.name
    }

    /// Gives every picture that is `wanted` to `each`, up to `--limit`, whatever is wrong with the
    /// stream. The planted faults that were never applied.
    pub(super) fn trace(
        mut self,
        args: &PipelineArgs,
        wanted: Wanted,
        each: compare::trace::Each<'_>,
    ) -> Result<Vec<String>> {
        let planner = options::planner(&args.layers);
        let (limit, teach) = (args.limit, args.overwritable);
        let options = TraceOptions { planner, wanted, limit, teach };
        let mut failed = false;
        let mut told = |traced: compare::trace::Traced| {
            failed |= matches!(traced.status, DecodeStatus::Error(_));
            each(traced)
        };
        compare::trace(&mut *self.source, &mut self.executor, options, &mut told)
            .map_err(Failure::of)?;
        let unfired = self.executor.unfired();
        drop(self.executor);
        let messages = Message::counting(self.selected.instance.take_messages(), failed);
        match messages.first() {
            Some(message) => Err(Failure::new(Exit::Fault, message.to_string())),
            None => Ok(unfired),
        }
    }

    /// Decodes into `sink` and tells the faults; with `--retry-device` once more if it is the device
    /// that gave up.
    pub(super) fn run(
        self,
        args: &PipelineArgs,
        sink: &mut dyn Sink,
        notices: &Notices,
    ) -> Result<Decoded> {
        if !args.retry_device {
            return self.run_once(args, 0, sink, notices);
        }
        let file = &args.input.file;
        if file.as_os_str() == "-" {
            let why = "--retry-device reads its input more than once: a file is needed";
            return Err(Failure::new(Exit::Usage, why));
        }
        let film_grain = self.film_grain.clone();
        // Of a device that gave up another one says nothing.
        let fallback = match self.selected.is_hardware() {
            true => Fallback::Never,
            false => Fallback::Softvk,
        };
        let mut sink = Continued::new(sink);
        let decoded = match self.run_once(args, 0, &mut sink, notices) {
            Err(failure) if failure.is_of_a_device_that_gave_up() => {
                let out = sink.pictures;
                notices.notice(&format!(
                    "{}: {}, after {out} pictures; once more on the device opened anew",
                    file.display(),
                    failure.text()
                ));
                let again = Self::opened(args, film_grain, fallback, notices)?;
                again.run_once(args, out, &mut sink, notices).map(|mut decoded| {
                    decoded.summary.pictures += out;
                    decoded
                })
            }
            first => first,
        };
        sink.end().map_err(Failure::output)?;
        decoded
    }

    /// Decodes into `sink` what comes after `out` pictures of what is wanted.
    fn run_once(
        mut self,
        args: &PipelineArgs,
        out: u64,
        sink: &mut dyn Sink,
        notices: &Notices,
    ) -> Result<Decoded> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let signal = signal_hook::consts::SIGINT;
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&interrupted)) {
            log::warn!("an interrupt will not be graceful: {error}");
        }
        let total = args.limit.or(self.source.info().unit_count).unwrap_or(0);
        let mut watched = Watched::new(sink, notices.progress(total, "frames"), interrupted);
        let (beside, synthesizer) = self.synthesizer.unzip();
        let mut options = options::decode(args, self.film_grain, synthesizer);
        options.skip += out;
        options.limit = options.limit.map(|limit| limit.saturating_sub(out));
        let decoded = decode::decode(&mut *self.source, &mut self.executor, &mut watched, options);
        let summary = decoded.map_err(|error| match error {
            // The source's own errors are in the summary: this one is the sink's.
            Error::Io(io) => Failure::output(io),
            other => Failure::of(other),
        })?;
        let mut exit = summary.faults.first().map_or(Exit::Done, Exit::of);
        tell(&summary, &self.source.info(), &args.input.file, notices);
        if summary.n_faults > summary.faults.len() as u64 {
            notices.error(&format!("{} faults in all", summary.n_faults));
        }
        if exit == Exit::Done && summary.frames == 0 && args.limit != Some(0) {
            notices.error(&format!("{}: no frame is in it", args.input.file.display()));
            exit = Exit::Stream;
        }
        let unfired = self.executor.unfired();
        if let Some(why) = never_applied(args, &unfired, (summary.frames, "frames")) {
            notices.error(&why);
            exit = if exit == Exit::Done { Exit::Usage } else { exit };
        }
        drop(self.executor);
        let mut messages = self.selected.instance.take_messages();
        messages.extend(beside.iter().flat_map(|instance| instance.take_messages()));
        let messages = Message::counting(messages, exit != Exit::Done);
        for message in &messages {
            notices.error(&message.to_string());
            exit = Exit::Fault;
        }
        Ok(Decoded { exit, summary, messages, unfired })
    }
}

/// What the container wants a player to do with pictures.
fn display(info: &SourceInfo) -> Option<String> {
    let mut how = Vec::new();
    if let Some(Crop { x, y, width, height }) = info.crop {
        how.push(format!("cropped to {width}x{height} at {x},{y}"));
    }
    if info.rotation != 0 {
        how.push(format!("turned by {} degrees clockwise", info.rotation));
    }
    if info.is_mirrored {
        how.push("mirrored".to_owned());
    }
    (!how.is_empty()).then(|| how.join(", "))
}

/// What came of a decode.
pub(super) struct Decoded {
    /// The exit code of the first fault.
    pub(super) exit: Exit,
    pub(super) summary: Summary,
    /// Those of the validation layer.
    pub(super) messages: Vec<Message>,
    /// Planted faults that were never applied.
    pub(super) unfired: Vec<String>,
}

/// Why a run with a planted fault shows nothing, if it does not.
pub(super) fn never_applied(
    args: &PipelineArgs,
    unfired: &[String],
    (count, what): (u64, &str),
) -> Option<String> {
    if args.spare_plants || unfired.is_empty() {
        return None;
    }
    let faults = unfired.join(", ");
    Some(format!("the planted fault {faults} was never applied: {count} {what} were decoded"))
}

/// What is wrong with a stream, or not as it seems.
fn tell(summary: &Summary, info: &SourceInfo, file: &Path, notices: &Notices) {
    let file = file.display();
    for fault in &summary.faults {
        notices.error(&format!("{file}: {fault}"));
    }
    for deviation in &summary.deviations {
        notices.notice(&format!("{file}: {deviation}; it is decoded all the same"));
    }
    if let Some(how) = display(info) {
        notices.notice(&format!("{file}: pictures are as coded: {how} by a player"));
    }
    if let Some((first, last)) = summary.doubtful.units {
        let count = summary.doubtful.pictures;
        notices.notice(&format!(
            "{file}: {count} pictures of units {first} to {last} follow lost frames and may be \
             wrong (--after-loss wait leaves them out)"
        ));
    }
}
