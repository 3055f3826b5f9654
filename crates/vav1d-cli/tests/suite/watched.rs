//! Captures as an application without a fault would leave them, made without a layer.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use av1_engine::job::{Chroma, FrameJob, Profile};
use av1_engine::stream::{Pieces, Writer};
use av1_std::header;
use av1_std::owned::{ReferenceInfo, SequenceHeader};
use vav1d::container::{self, Format, Source, Wish};
use vav1d::limits::Limits;
use vav1d::pixels;
use vav1d::plan::planner::PlannerOptions;
use vav1d::plan::{FramePlan, Step, SurfaceId};
use vav1d::units::Units;
use vav1d_lab::watch::capture::{Capture, Event, Frame, Resource, Slot};
use vav1d_lab::watch::tile_hash_of;

use crate::manifest::sample;

#[path = "../../../watch-layer/src/job.rs"]
mod job;

/// VK_IMAGE_LAYOUT_VIDEO_DECODE_DPB_KHR.
const DPB: i32 = 1_000_024_002;

/// A frame with the bytes of its tiles.
#[derive(Clone)]
pub struct Submitted {
    pub frame: Frame,
    tiles: Vec<Vec<u8>>,
}

/// A session.
#[derive(Clone)]
pub struct Session {
    profile: Profile,
    pub frames: Vec<Submitted>,
    pub sequences: Vec<SequenceHeader>,
}

/// The stream beside a capture as a source.
pub fn source(bytes: Vec<u8>) -> Box<dyn Source> {
    let wish = Wish { format: Some(Format::Section5), track: None };
    container::open(Box::new(Cursor::new(bytes)), wish, Limits::default()).expect("a stream")
}

/// A sample as a source.
pub fn stream(name: &str) -> Box<dyn Source> {
    let file = std::fs::File::open(sample(name).path()).expect("a sample");
    container::open(Box::new(file), Wish::default(), Limits::default()).expect("a stream")
}

fn profile(s: &vav1d::syntax::sequence::SequenceHeader) -> Profile {
    let format = s.color_config.format();
    Profile {
        std_profile: s.seq_profile.into(),
        chroma: match format.chroma {
            pixels::Chroma::Monochrome => Chroma::Monochrome,
            pixels::Chroma::Yuv420 => Chroma::Yuv420,
            pixels::Chroma::Yuv422 => Chroma::Yuv422,
            pixels::Chroma::Yuv444 => Chroma::Yuv444,
        },
        bit_depth: format.bit_depth,
        film_grain_support: s.film_grain_params_present,
    }
}

/// The slots of a session.
#[derive(Default)]
struct Slots(BTreeMap<i32, (SurfaceId, ReferenceInfo, (u32, u32), u64)>);

impl Slots {
    fn of(&self, surface: SurfaceId) -> Option<i32> {
        self.0.iter().find(|(_, held)| held.0 == surface).map(|(index, _)| *index)
    }

    fn frame(&mut self, plan: &FramePlan, number: u64, sequence: u64) -> Submitted {
        let size = &plan.header.frame_size;
        let extent = (size.upscaled_width, size.frame_height);
        let resource = |extent, image| Resource {
            extent,
            image: Some((image, 0)),
            layout: Some(DPB),
            ..Resource::default()
        };
        let names = plan.references.map(|surface| surface.and_then(|id| self.of(id)).unwrap_or(-1));
        let mut references: Vec<Slot> = Vec::new();
        for index in names.into_iter().filter(|index| *index >= 0) {
            let (_, info, extent, frame) = &self.0[&index];
            if !references.iter().any(|slot| slot.index == index) {
                let resource = Some(resource(*extent, *frame));
                references.push(Slot { index, resource, std: Some(info.clone()) });
            }
        }
        let index = (0..9).find(|index| !self.0.contains_key(index)).expect("a slot");
        let info = header::reference(&plan.header);
        self.0.insert(index, (plan.surface, info.clone(), extent, number));
        let bytes = plan.bitstream.bytes();
        let spans = plan.bitstream.tile_offsets.iter().zip(&plan.bitstream.tile_sizes);
        let tile = |(at, size): (&u32, &u32)| bytes[*at as usize..][..*size as usize].to_vec();
        let frame = Frame {
            number,
            sequence: Some(sequence),
            tile_hash: tile_hash_of(plan),
            dst: resource(extent, number),
            setup: Some(Slot { index, resource: Some(resource(extent, number)), std: Some(info) }),
            references,
            names,
            tile_offsets: plan.bitstream.tile_offsets.clone(),
            tile_sizes: plan.bitstream.tile_sizes.clone(),
            info: Some(header::picture(&plan.header, true)),
            ..Frame::default()
        };
        Submitted { frame, tiles: spans.map(tile).collect() }
    }
}

/// What an application hands over of a sample.
pub fn session(name: &str) -> Session {
    let mut source = stream(name);
    let mut units = Units::new(&mut *source, PlannerOptions::default());
    let (mut steps, mut slots) = (Vec::new(), Slots::default());
    while let Some(planned) = units.next(&mut steps) {
        assert!(planned.fault.is_none(), "{name}");
    }
    assert!(units.finish(&mut steps).is_none());
    let mut session: Option<Session> = None;
    for step in steps {
        match step {
            Step::Configure(spec) => {
                let profile = profile(&spec.sequence);
                let new = || Session { profile, frames: Vec::new(), sequences: Vec::new() };
                let session = session.get_or_insert_with(new);
                session.sequences.push(header::sequence(&spec.sequence));
            }
            Step::Decode(plan) => {
                let session = session.as_mut().expect("a sequence header first");
                let sequence = session.sequences.len() as u64 - 1;
                let number = session.frames.len() as u64;
                session.frames.push(slots.frame(&plan, number, sequence));
            }
            Step::Release(surface) => {
                if let Some(index) = slots.of(surface) {
                    slots.0.remove(&index);
                }
            }
            Step::Show(_) => {}
        }
    }
    session.expect("a session")
}

impl Session {
    /// What the layer makes of it: the capture, and its stream.
    pub fn capture(&self) -> (Capture, Vec<u8>) {
        let mut writer = Writer::new(self.profile, 9);
        let mut stream = Vec::new();
        let mut events = vec![Event::Reset];
        for Submitted { frame, tiles } in &self.frames {
            let mut frame = frame.clone();
            let info = frame.info.as_ref().expect("picture information");
            let sequence = &self.sequences[frame.sequence.expect("a sequence") as usize];
            let job = FrameJob {
                sequence: Arc::clone(&job::sequence(sequence)),
                picture: job::picture(info),
                coded_extent: frame.dst.extent,
                setup_slot: frame.setup.as_ref().map(|setup| setup.index as u32),
                reference_name_slot_indices: frame.names,
                tile_offsets: frame.tile_offsets.clone(),
                tile_sizes: frame.tile_sizes.clone(),
            };
            let tiles: Vec<&[u8]> = tiles.iter().map(Vec::as_slice).collect();
            let mut pieces = Pieces::default();
            let (_, outcome) = writer.write(&job, &tiles, &mut pieces);
            stream.extend(pieces.joined());
            frame.fault = outcome.err().map(|fault| fault.to_string());
            events.push(Event::Frame(Box::new(frame)));
        }
        let about = serde_json::json!({
            "profile": { "film_grain_support": self.profile.film_grain_support },
            "create_info": { "max_dpb_slots": 9 },
        });
        let sequences = (0..).zip(self.sequences.iter().cloned()).collect();
        let capture = Capture {
            about,
            sequences,
            images: BTreeMap::new(),
            events,
            pictures: BTreeMap::new(),
            statuses: BTreeMap::new(),
            ended: true,
            stream: Default::default(),
        };
        (capture, stream)
    }
}
