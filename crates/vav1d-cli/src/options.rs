//! What the pipeline arguments mean: validated and resolved, before the system is touched.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::args::{FilmGrain, GrainArgs, LayerArgs, PipelineArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use vav1d::decode::{self, Applier};
use vav1d::grain::{Override, table::Table};
use vav1d::limits::Limits;
use vav1d::plan::planner::{AfterLoss, PlannerOptions};
use vav1d::vk::render::GrainSynthesizer;
use vav1d::vk::{ExecutorOptions, InstanceOptions};

/// Options of the planner where pictures are for people: it goes on after a loss, unless told
/// otherwise.
pub(super) fn showing(args: &LayerArgs) -> PlannerOptions {
    let after_loss = args.after_loss.or(Some(super::shared_args::AfterLoss::GoOn));
    planner(&LayerArgs { after_loss, ..args.clone() })
}

/// Options of the planner where pictures are evidence: it waits after a loss, unless told otherwise.
pub(super) fn planner(args: &LayerArgs) -> PlannerOptions {
    PlannerOptions {
        operating_point: args.operating_point,
        all_layers: args.all_layers,
        strict: args.strict,
        after_loss: match args.after_loss {
            Some(super::shared_args::AfterLoss::GoOn) => AfterLoss::GoOn,
            _ => AfterLoss::Wait,
        },
        limits: Limits::default(),
    }
}

/// Options of the decode loop.
pub(super) fn decode(
    args: &PipelineArgs,
    film_grain: decode::FilmGrain,
    synthesizer: Option<Box<GrainSynthesizer>>,
) -> decode::Options {
    decode::Options {
        synthesizer,
        planner: showing(&args.layers),
        skip: args.skip,
        limit: args.limit,
        keep_failed: args.keep_failed,
        film_grain,
    }
}

/// The film grain that pictures get: `other` in place of the stream's own.
pub(super) fn film_grain(args: &PipelineArgs, other: Option<Arc<Override>>) -> decode::FilmGrain {
    match other {
        Some(other) => decode::FilmGrain::Override(other),
        None if args.film_grain == FilmGrain::Off => decode::FilmGrain::Off,
        None => decode::FilmGrain::Stream,
    }
}

/// Who applies the stream's own.
pub(super) fn applier(wish: FilmGrain) -> Applier {
    match wish {
        FilmGrain::On | FilmGrain::Off => Applier::Driver,
        FilmGrain::Driver => Applier::DriverAlways,
        FilmGrain::Cpu | FilmGrain::Gpu => Applier::Caller,
    }
}

/// The film grain in place of the stream's own, if the arguments name one.
pub(super) fn grain(args: &GrainArgs, pipeline: &PipelineArgs) -> Result<Option<Override>> {
    let other = args.grain_table.is_some() || args.photon_noise.is_some();
    if other && pipeline.film_grain == FilmGrain::Off {
        let what = "--film-grain off and another film grain cannot both be";
        return Err(Failure::new(Exit::Usage, what));
    }
    let Some(path) = &args.grain_table else {
        return Ok(args.photon_noise.map(Override::PhotonNoise));
    };
    let text = fs::read_to_string(path)
        .map_err(|e| Failure::new(Exit::NoInput, format!("{}: {e}", path.display())))?;
    let table = Table::parse(&text)
        .map_err(|e| Failure::new(Exit::Stream, format!("{}: {e}", path.display())))?;
    Ok(Some(Override::Table(table)))
}

/// Options of the instance.
pub(super) fn instance(args: &PipelineArgs) -> InstanceOptions {
    InstanceOptions { validate: args.validate, present: false }
}

/// Options of the Vulkan side.
pub(super) fn executor(args: &PipelineArgs, film_grain: &decode::FilmGrain) -> ExecutorOptions {
    let mut options = ExecutorOptions::default();
    options.film_grain = film_grain.mode(applier(args.film_grain));
    options.timeout = Duration::from_secs_f64(args.device_timeout);
    options.force_level = args.force;
    options.planted = args.plant;
    options.overwritable = args.overwritable;
    args.shape.apply(&mut options);
    options
}
