//! What the pipeline arguments mean: validated and resolved, before the system is touched.

use super::args::{Dpb, DpbImages, FilmGrain, LayerArgs, PipelineArgs};
use crate::decode;
use crate::limits::Limits;
use crate::plan::planner::PlannerOptions;
use crate::vk::{DpbPreference, ExecutorOptions, GrainMode, InstanceOptions};

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
    InstanceOptions { validate: args.validate }
}

/// Options of the Vulkan side.
pub(super) fn executor(args: &PipelineArgs) -> ExecutorOptions {
    ExecutorOptions {
        dpb: match args.dpb {
            Dpb::Auto => None,
            Dpb::Coincide => Some(DpbPreference::Coincide),
            Dpb::Distinct => Some(DpbPreference::Distinct),
        },
        layered: match args.dpb_images {
            DpbImages::Auto => None,
            DpbImages::Layered => Some(true),
            DpbImages::Separate => Some(false),
        },
        film_grain: match args.film_grain {
            FilmGrain::On => GrainMode::Driver,
            FilmGrain::Cpu => GrainMode::Host,
            FilmGrain::Off => GrainMode::None,
        },
        frames_in_flight: args.frames_in_flight,
        ..ExecutorOptions::default()
    }
}
