//! What the two kernel drivers for Intel chips have in common.

use std::collections::BTreeMap;

use crate::submission::Engine;

/// Classes of engines, the same numbers in both drivers.
pub(crate) const RENDER: u16 = 0;
pub(crate) const COPY: u16 = 1;
pub(crate) const VIDEO: u16 = 2;
pub(crate) const VIDEO_ENHANCE: u16 = 3;
pub(crate) const COMPUTE: u16 = 4;

/// The engines of every chip here, as (class, instance).
pub(crate) const ENGINES: [(u16, u16); 6] =
    [(RENDER, 0), (COPY, 0), (VIDEO, 0), (VIDEO, 1), (VIDEO_ENHANCE, 0), (COMPUTE, 0)];

/// Ticks of the command streamers' clock in a second.
pub(crate) const TIMESTAMP_FREQUENCY: u32 = 19_200_000;

/// System memory and video memory, in bytes.
pub(crate) const SYSTEM: u64 = 16 << 30;
pub(crate) const LOCAL: u64 = 8 << 30;

/// Bits of an address that the GPU looks at; drivers extend the sign above them.
pub(crate) const ADDRESS: u64 = (1 << 48) - 1;

/// Contexts (i915) or execution queues (xe) with the classes of their engines.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    last: u32,
    all: BTreeMap<u32, Context>,
}

#[derive(Debug)]
struct Context {
    engines: Vec<u16>,
    /// The address space that they work in.
    space: u32,
}

impl Contexts {
    /// Makes one and gives its number.
    pub(crate) fn create(&mut self, engines: Vec<u16>, space: u32) -> u32 {
        self.last += 1;
        self.all.insert(self.last, Context { engines, space });
        self.last
    }

    /// Gives another list of engines to one that is there; whether it is.
    pub(crate) fn set_engines(&mut self, context: u32, engines: Vec<u16>) -> bool {
        self.all.get_mut(&context).map(|known| known.engines = engines).is_some()
    }

    /// Gives another address space to one that is there; whether it is.
    pub(crate) fn set_space(&mut self, context: u32, space: u32) -> bool {
        self.all.get_mut(&context).map(|known| known.space = space).is_some()
    }

    /// Removes one; whether it was there.
    pub(crate) fn destroy(&mut self, context: u32) -> bool {
        self.all.remove(&context).is_some()
    }

    /// Which engine works for entry `index` of a context, and in which address space; `None` if
    /// there is no such.
    pub(crate) fn engine(&self, context: u32, index: usize) -> Option<(Engine, u32)> {
        let Context { engines, space } = self.all.get(&context)?;
        let engine = match *engines.get(index)? {
            VIDEO => Engine::Avp,
            COPY => Engine::Blitter,
            _ => Engine::Other,
        };
        Some((engine, *space))
    }
}

/// The command streamers' clock at a time in nanoseconds.
pub(crate) fn ticks(nanoseconds: i64) -> u64 {
    (i128::from(nanoseconds) * i128::from(TIMESTAMP_FREQUENCY) / 1_000_000_000) as u64
}
