//! `vav1d play`: pictures in a window, or, with `--render-to`, in images.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::args::{FilmGrain, InputArgs, PipelineArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Fault, Lines, Record};
use super::output::{self, Notices};
use super::play_args::{Loop, Pictures, PlayArgs, Scaler, Start};
use super::select::{self, Fallback, Selected};
use super::{cores, input, options, playlist, render_to};
use vav1d::decode::Applier;
use vav1d::error::{DeviceError, Error};
use vav1d::vk::render::Kernel;
use vav1d::vk::{Driver, Executor, Instance, InstanceOptions, Message, Sampling, SharedDevice};
use vav1d_play::window::{self, Judgement, Look, Presenter, Program, Report, WindowOptions};
use vav1d_play::{self as play, Entry, OpenDevice, Repeat, Target};

/// A seek that takes longer shows where its decoding begins.
const PREVIEW: Duration = Duration::from_millis(30);

pub(super) fn run(args: &PlayArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let files = playlist::files(&args.files)?;
    keep_to_cores(args.cores, notices)?;
    let args = &PlayArgs { files, ..args.clone() };
    let decoding = pipeline(args);
    let selected =
        select::select(&args.device, options::instance(&decoding), Fallback::Softvk, notices)?;
    let mut presenter = presenter(args, &selected)?;
    let look = look(args, &decoding)?;
    let mut options = play_options(args, &decoding, &look);
    options.niceness = niceness(args, &selected, &presenter);
    presenter.shared = shared(args, &selected, &presenter, &options);
    let instances = [Arc::clone(&selected.instance), Arc::clone(&presenter.instance)];
    let device_name = selected.adapter.name.clone();
    let reference = match &args.compare {
        Some(wish) => {
            let options = options::instance(&decoding);
            Some(select::select(wish, options, Fallback::Never, notices)?)
        }
        None => None,
    };
    let program = Program {
        reference: reference.map(|selected| (entries(args), open_device(selected))),
        playlist: entries(args),
        device: match presenter.shared.clone() {
            Some(shared) => Box::new(move |options| Executor::on(&shared, options.clone())),
            None => open_device(selected),
        },
        device_name,
        options,
        open: {
            let args = args.clone();
            Box::new(move |dropped| {
                let files =
                    playlist::files(dropped).map_err(|failure| failure.error.to_string())?;
                Ok(entries(&PlayArgs { files, ..args.clone() }))
            })
        },
        tell: {
            let notices = *notices;
            Box::new(move |text: &str| notices.error(text))
        },
    };
    let played = match &args.render_to {
        Some(path) => render_to::run(path, args.size, look, args.osd, program, &presenter),
        None => window::play(program, presenter, window_options(args, look)).map_err(Failure::of),
    };
    // Of several files the messages while they play tell which.
    let name = args.files.first().filter(|_| args.files.len() == 1).map(|file| file.display());
    let report = played.map_err(|Failure { exit, error }| match &name {
        Some(name) => Failure { exit, error: error.context(name.to_string()) },
        None => Failure { exit, error },
    })?;
    let otherwise = if report.judgement.wrong > 0 { Exit::No } else { Exit::Done };
    let mut exit = report.faults.first().map_or(otherwise, Exit::of);
    // A window has told them as it found them.
    for fault in report.faults.iter().filter(|_| args.render_to.is_some()) {
        match &name {
            Some(name) => notices.error(&format!("{name}: {fault}")),
            None => notices.error(&fault.to_string()),
        }
    }
    let messages = instances.iter().flat_map(|instance| instance.take_messages()).collect();
    for message in Message::counting(messages, exit != Exit::Done) {
        notices.error(&message.to_string());
        exit = Exit::Fault;
    }
    say(args, &report, json, notices)?;
    match report.signal.and_then(|signal| i32::try_from(signal).ok()) {
        Some(signal) => {
            // Only returns if the default action does not end the process.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            Ok(Exit::Interrupted)
        }
        None => Ok(exit),
    }
}

/// Drivers have as many threads as there are cores, so that comes before any.
fn keep_to_cores(wanted: Option<usize>, notices: &Notices) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    let fail = |error| Failure::new(Exit::Unsupported, format!("--cores {wanted}: {error}"));
    let there = cores::keep_to(wanted).map_err(fail)?;
    if there < wanted {
        notices.notice(&format!("--cores {wanted}: there are {there}"));
    }
    Ok(())
}

/// What the arguments of decoding are to the other commands.
fn pipeline(args: &PlayArgs) -> PipelineArgs {
    let file = args.files.first().cloned().unwrap_or_default();
    PipelineArgs {
        input: input_args(args, file),
        layers: args.layers.clone(),
        device: args.device.clone(),
        film_grain: args.film_grain,
        limit: args.limit,
        skip: 0,
        force: args.force,
        validate: args.validate,
        plant: None,
        retry_device: false,
        overwritable: false,
        spare_plants: false,
        keep_failed: true,
        journal: None,
        device_timeout: args.device_timeout,
        shape: args.shape.clone(),
    }
}

/// The devices that may draw, the best first: the one that decodes, then by kind.
fn presenter(args: &PlayArgs, decoder: &Selected) -> Result<Presenter> {
    let options = InstanceOptions { validate: args.validate, present: args.render_to.is_none() };
    let instance = Instance::new(Driver::System, options).map_err(|error| match error {
        Error::Device(DeviceError::None(why)) => {
            Failure::new(Exit::Unsupported, format!("nothing draws: {why}"))
        }
        error => Failure::of(error),
    })?;
    let mut adapters = instance.adapters().map_err(Failure::of)?;
    adapters.retain(|adapter| adapter.draws());
    if let Some(wish) = &args.present_device {
        let wish = wish.to_lowercase();
        adapters.retain(|adapter| adapter.name.to_lowercase().contains(&wish));
        if adapters.is_empty() {
            let what = format!("--present-device {wish}: no such device draws");
            return Err(Failure::new(Exit::Usage, what));
        }
    }
    if adapters.is_empty() {
        let what = "nothing draws: no device of the Vulkan loader has Vulkan 1.3 and graphics";
        return Err(Failure::new(Exit::Unsupported, what));
    }
    let kinds = ["discrete", "integrated", "virtual", "other", "cpu"];
    adapters.sort_by_key(|adapter| {
        let decodes = !decoder.is_embedded() && adapter.uuid == decoder.adapter.uuid;
        (!decodes, kinds.iter().position(|kind| *kind == adapter.device_type_text()))
    });
    Ok(Presenter { instance, adapters, shared: None })
}

/// How far decoding gives way to drawing: pictures are decoded ahead, and drawn when it is time.
fn niceness(args: &PlayArgs, decoder: &Selected, presenter: &Presenter) -> u8 {
    let adapters = [Some(&decoder.adapter), presenter.adapters.first()];
    let share = adapters.into_iter().flatten().all(|adapter| adapter.device_type_text() == "cpu");
    if share && args.render_to.is_none() { 5 } else { 0 }
}

/// The device that decodes, if it is the one to draw, and pictures are to stay there.
fn shared(
    args: &PlayArgs,
    decoder: &Selected,
    presenter: &Presenter,
    options: &play::Options,
) -> Option<SharedDevice> {
    let adapter = presenter.adapters.first()?;
    if !options.executor.on_device || decoder.is_embedded() || adapter.uuid != decoder.adapter.uuid
    {
        return None;
    }
    let present = args.render_to.is_none();
    let shared = SharedDevice::open(&presenter.instance, adapter, &options.executor, present);
    match shared {
        Ok(shared) => Some(shared),
        Err(error) => {
            log::warn!("pictures go through the host: {error}");
            None
        }
    }
}

fn open_device(selected: Selected) -> OpenDevice {
    let Selected { instance, adapter } = selected;
    Box::new(move |options| Executor::new(&instance, &adapter, options.clone()))
}

fn input_args(args: &PlayArgs, file: PathBuf) -> InputArgs {
    InputArgs { file, container: args.container.clone() }
}

fn entries(args: &PlayArgs) -> Vec<Entry> {
    let entry = |file: &std::path::PathBuf| {
        let input = input_args(args, file.clone());
        let name = match file.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned(),
        };
        Entry { name, open: Box::new(move || input::source(&input)) }
    };
    args.files.iter().map(entry).collect()
}

/// How pictures are to look.
fn look(args: &PlayArgs, decoding: &PipelineArgs) -> Result<Look> {
    Ok(Look {
        film_grain: args.film_grain != FilmGrain::Off,
        on_cpu: args.film_grain == FilmGrain::Cpu,
        by: options::applier(args.film_grain),
        other: options::grain(&args.grain, decoding)?.map(Arc::new),
        kernel: kernel(args),
    })
}

fn play_options(args: &PlayArgs, decoding: &PipelineArgs, look: &Look) -> play::Options {
    let film_grain = options::film_grain(decoding, look.other.clone());
    let mut executor = options::executor(decoding, &film_grain);
    // Pictures are compared without.
    let by = if args.compare.is_some() { Applier::Caller } else { look.by };
    executor.film_grain = film_grain.mode(by);
    // What the host looks at anyway goes there at once.
    executor.on_device = args.pictures != Pictures::Host && args.compare.is_none() && !look.on_cpu;
    executor.sampling = (args.pictures == Pictures::Whole).then_some(Sampling::Whole);
    play::Options {
        planner: options::showing(&args.layers),
        executor,
        start: match args.start {
            Some(Start::At(time)) => Some(Target::Time(time)),
            _ => None,
        },
        before_end: match args.start {
            Some(Start::BeforeEnd(time)) => Some(time),
            _ => None,
        },
        preview: Some(PREVIEW),
        limit: args.limit,
        repeat: repeat(args),
        ..play::Options::default()
    }
}

fn repeat(args: &PlayArgs) -> Repeat {
    match args.repeat {
        Loop::Off => Repeat::Off,
        Loop::File => Repeat::Entry,
        Loop::All => Repeat::Playlist,
    }
}

fn kernel(args: &PlayArgs) -> Kernel {
    match args.scaler {
        Scaler::Nearest => Kernel::Nearest,
        Scaler::Bilinear => Kernel::Bilinear,
        Scaler::Bicubic => Kernel::Bicubic,
        Scaler::Lanczos => Kernel::Lanczos,
    }
}

fn window_options(args: &PlayArgs, look: Look) -> WindowOptions {
    WindowOptions {
        fullscreen: args.fullscreen,
        scale: args.scale,
        look,
        osd: args.osd,
        paused: args.paused,
        keep_open: args.keep_open,
        mailbox: !args.fifo,
        against: args.compare.clone(),
        screenshots: args.screenshots.clone(),
        repeat: repeat(args),
    }
}

/// How playing went: a line for people, a record for programs.
fn say(args: &PlayArgs, report: &Report, json: bool, notices: &Notices) -> Result<()> {
    let statistics = &report.statistics;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let seek = |part| report.seeks.within(part).map(|(first, all)| (ms(first), ms(all)));
    let (median, most) = (statistics.percentile(0.5), statistics.percentile(0.99));
    if json {
        let record = json!({
            "presented": statistics.presented,
            "dropped": statistics.dropped,
            "late": statistics.late,
            "stalls": statistics.stalls,
            "worst_ms": ms(statistics.worst),
            "median_ms": ms(median),
            "p99_ms": ms(most),
            "seeks": report.seeks.count(),
            "seek_first_ms": seek(0.5).map(|(first, _)| first),
            "seek_ms": seek(0.5).map(|(_, all)| all),
            "seek_p90_ms": seek(0.9).map(|(_, all)| all),
            "seek_worst_ms": seek(1.0).map(|(_, all)| all),
            "on_device": report.on_device,
            "cores": std::thread::available_parallelism().map_or(0, usize::from),
            "presenter": report.presenter,
            "compared": report.judgement.compared,
            "wrong": report.judgement.wrong,
            "first_wrong": report.judgement.first_wrong,
        });
        let mut lines = Lines(output::stdout());
        let file = args.files.first().map(|file| file.as_path());
        let written = lines.begin("play", file, None).and_then(|()| {
            let mut faults = report.faults.iter().map(|fault| Record::Fault(Fault::of(fault)));
            faults.try_for_each(|fault| lines.write(&fault))?;
            lines.write(&Record::Played(record))
        });
        return written.map_err(Failure::output);
    }
    if let Some(against) = &args.compare {
        let Judgement { compared, wrong, first_wrong } = report.judgement;
        let first = first_wrong.map(|index| format!("; the first is picture {index}"));
        let first = first.unwrap_or_default();
        notices.notice(&format!("against {against}: {wrong} of {compared} pictures wrong{first}"));
    }
    if let (count @ 1.., Some((first, all))) = (report.seeks.count(), seek(0.5)) {
        notices.notice(&format!(
            "{count} seeks: a picture after {first:.0} ms, the picture after {all:.0} ms (medians)"
        ));
    }
    notices.notice(&format!(
        "presented {}, dropped {}, late {}, stalls {}; off by {:.1} ms (median), {:.1} ms (99 %), \
         {:.1} ms (worst){}; {}",
        statistics.presented,
        statistics.dropped,
        statistics.late,
        statistics.stalls,
        ms(median),
        ms(most),
        ms(statistics.worst),
        if report.on_device > 0 {
            format!("; {} drawn from where they were decoded", report.on_device)
        } else {
            String::new()
        },
        report.presenter
    ));
    Ok(())
}
