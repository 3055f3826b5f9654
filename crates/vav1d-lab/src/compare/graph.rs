//! The frames of a stream and what refers to what, from its headers alone.

use std::collections::HashMap;
use std::sync::Arc;

use vav1d::container::Source;
use vav1d::error::Error;
use vav1d::pixels::Format;
use vav1d::plan::features::features;
use vav1d::plan::planner::PlannerOptions;
use vav1d::plan::{FramePlan, Step, SurfaceId};
use vav1d::syntax::REFS_PER_FRAME;
use vav1d::syntax::frame::FrameHeader;
use vav1d::syntax::sequence::SequenceHeader;
use vav1d::units::Units;

/// A frame, by its number in decoding order.
#[derive(Clone, Debug)]
pub struct Node {
    /// Frame in decoding order, from 0.
    pub frame: u64,
    /// Temporal unit, from 0.
    pub unit: u64,
    /// Its header.
    pub header: Arc<FrameHeader>,
    /// The sequence that it belongs to.
    pub sequence: Arc<SequenceHeader>,
    /// The frame behind LAST_FRAME + i; `None` for intra frames.
    pub references: [Option<u64>; REFS_PER_FRAME],
    /// Names of the features that its header uses.
    pub features: Vec<&'static str>,
}

impl Node {
    /// Samples of its picture.
    pub fn format(&self) -> Format {
        self.sequence.color_config.format()
    }

    /// UpscaledWidth and FrameHeight.
    pub fn size(&self) -> (u32, u32) {
        (self.header.frame_size.upscaled_width, self.header.frame_size.frame_height)
    }
}

/// A picture that is output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The frame, in decoding order.
    pub frame: u64,
    /// By show_existing_frame.
    pub existing: bool,
}

/// All frames of a stream.
#[derive(Debug, Default)]
pub struct Graph {
    /// By number.
    pub nodes: Vec<Node>,
    /// By output index.
    pub outputs: Vec<Shown>,
    /// What was wrong with the stream; frames behind a fault may be missing.
    pub faults: Vec<Error>,
}

impl Graph {
    /// Reads `source` to its end, or to its output picture `limit`.
    pub fn of(source: &mut dyn Source, options: PlannerOptions, limit: Option<u64>) -> Self {
        let mut graph = Self::default();
        let mut units = Units::new(source, options);
        let mut build = Build::default();
        let mut steps = Vec::new();
        while !graph.is_full(limit) {
            let Some(planned) = units.next(&mut steps) else { break };
            build.take(&mut graph, &mut steps, limit);
            graph.faults.extend(planned.fault);
        }
        let unfinished = units.finish(&mut steps);
        graph.faults.extend(unfinished.filter(|_| !graph.is_full(limit)));
        build.take(&mut graph, &mut steps, limit);
        graph
    }

    /// The frame of this number.
    pub fn node(&self, frame: u64) -> Option<&Node> {
        self.nodes.get(usize::try_from(frame).ok()?)
    }

    /// Output indices of the frame of this number.
    pub fn outputs_of(&self, frame: u64) -> impl Iterator<Item = usize> {
        let shown = self.outputs.iter().enumerate();
        shown.filter(move |(_, shown)| shown.frame == frame).map(|(index, _)| index)
    }

    /// Whether film grain makes an output something else than the decoded picture.
    pub fn has_grain(&self) -> bool {
        let frames = self.outputs.iter().filter_map(|shown| self.node(shown.frame));
        frames.into_iter().any(|node| node.header.film_grain_params.apply_grain)
    }

    fn is_full(&self, limit: Option<u64>) -> bool {
        limit.is_some_and(|limit| self.outputs.len() as u64 >= limit)
    }
}

/// What is known while steps are read.
#[derive(Default)]
struct Build {
    sequence: Option<Arc<SequenceHeader>>,
    frames: HashMap<SurfaceId, u64>,
}

impl Build {
    fn take(&mut self, graph: &mut Graph, steps: &mut Vec<Step>, limit: Option<u64>) {
        for step in steps.drain(..) {
            if graph.is_full(limit) {
                continue;
            }
            match step {
                Step::Configure(spec) => self.sequence = Some(spec.sequence),
                Step::Decode(plan) => self.decode(graph, &plan),
                Step::Show(show) => {
                    let shown = self.frames.get(&show.surface);
                    graph.outputs.extend(
                        shown.map(|&frame| Shown { frame, existing: show.show_existing_frame }),
                    );
                }
                Step::Release(surface) => {
                    self.frames.remove(&surface);
                }
            }
        }
    }

    fn decode(&mut self, graph: &mut Graph, plan: &FramePlan) {
        let Some(sequence) = self.sequence.clone() else { return };
        self.frames.insert(plan.surface, plan.frame);
        graph.nodes.push(Node {
            frame: plan.frame,
            unit: plan.unit,
            header: plan.header.clone(),
            sequence,
            references: plan.references.map(|surface| self.frames.get(&surface?).copied()),
            features: features(plan).collect(),
        });
    }
}
