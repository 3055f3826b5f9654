//! What the pipeline arguments mean: validated and resolved, before the system is touched.

use std::time::Duration;

use super::args::{FilmGrain, LayerArgs, PipelineArgs};
use crate::decode;
use crate::limits::Limits;
use crate::plan::planner::PlannerOptions;
use crate::vk::{ExecutorOptions, GrainMode, InstanceOptions};

/// Options of the planner.
pub(super) fn planner(args: &LayerArgs) -> PlannerOptions {
    PlannerOptions {
        operating_point: args.operating_point,
        all_layers: args.all_layers,
        limits: Limits::default(),
    }
}

/// Options of the decode loop.
pub(super) fn decode(args: &PipelineArgs) -> decode::Options {
    decode::Options {
        planner: planner(&args.layers),
        skip: args.skip,
        limit: args.limit,
        film_grain: args.film_grain != FilmGrain::Off,
    }
}

/// Options of the instance.
pub(super) fn instance(args: &PipelineArgs) -> InstanceOptions {
    InstanceOptions { validate: args.validate, present: false }
}

/// Options of the Vulkan side.
pub(super) fn executor(args: &PipelineArgs) -> ExecutorOptions {
    let mut options = ExecutorOptions {
        film_grain: match args.film_grain {
            FilmGrain::On => GrainMode::Driver,
            FilmGrain::Cpu => GrainMode::Host,
            FilmGrain::Off => GrainMode::None,
        },
        timeout: Duration::from_secs_f64(args.device_timeout),
        force_level: args.force,
        planted: args.plant,
        overwritable: args.overwritable,
        ..ExecutorOptions::default()
    };
    args.shape.apply(&mut options);
    options
}
