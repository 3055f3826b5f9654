//! Frames in other OBUs: tile groups, OBU_FRAME, redundant headers.

use super::{Change, word};
use crate::error::Result;
use crate::random::Random;
use crate::stream::{Frame, Group, Part, PartKind, Stream, Wrap};

pub(super) const CHANGES: &[Change] = &[
    Change::neutral(
        "tile-groups",
        &["random", "each", "one"],
        "tiles in other tile groups: each in its own, one for all, or at random",
        tile_groups,
    ),
    Change::neutral(
        "frame-obu",
        &["random", "off", "on"],
        "OBU_FRAME, or OBU_FRAME_HEADER and OBU_TILE_GROUP",
        frame_obu,
    ),
    Change::neutral(
        "tile-start-and-end",
        &["on", "off"],
        "tile_start_and_end_present_flag also where a group is the whole frame, or only where not",
        tile_start_and_end,
    ),
    Change::neutral(
        "redundant-headers",
        &["on", "off"],
        "OBU_REDUNDANT_FRAME_HEADER between the OBUs of a frame, or none",
        redundant_headers,
    ),
];

/// How many tiles each of a frame's groups has.
fn drawn(tiles: u32, how: Grouping, random: &mut Random) -> Vec<u32> {
    match how {
        Grouping::One => vec![tiles],
        Grouping::Each => vec![1; tiles as usize],
        Grouping::Random => {
            let mut groups = Vec::new();
            let mut left = tiles;
            while left > 0 {
                let size = 1 + random.below(left.into()) as u32;
                groups.push(size);
                left -= size;
            }
            groups
        }
    }
}

#[derive(Clone, Copy)]
enum Grouping {
    One,
    Each,
    Random,
}

fn tile_groups(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let words = [("one", Grouping::One), ("each", Grouping::Each), ("random", Grouping::Random)];
    let how = word("tile-groups", value, &words)?;
    for frame in stream.frames_mut() {
        let sizes = drawn(frame.tiles.len() as u32, how, random);
        regroup(frame, &sizes);
    }
    Ok(())
}

/// Gives `frame` tile groups of `sizes` tiles: OBU_FRAME if it was one and they are one. What was
/// between the old ones comes behind the first.
fn regroup(frame: &mut Frame, sizes: &[u32]) {
    let Some(first) = frame.parts.first().cloned() else { return };
    let wrap = Wrap::in_layer(first.wrap.layer);
    let (tiles, has_more) = (frame.tiles.len() as u32, sizes.len() > 1);
    let group_of = |size: &u32| Part {
        wrap,
        kind: PartKind::TileGroup(Group {
            tiles: *size,
            tile_start_and_end_present_flag: *size != tiles,
        }),
    };
    let mut groups = sizes.iter().map(group_of);
    let mut parts = Vec::new();
    if matches!(first.kind, PartKind::Frame(_)) && !has_more {
        let group = Group { tiles, tile_start_and_end_present_flag: false };
        parts.push(Part { wrap: first.wrap, kind: PartKind::Frame(group) });
    } else {
        let size_bytes = first.wrap.size_bytes.max(1);
        let wrap = Wrap { size_bytes, ..first.wrap };
        parts.push(Part { wrap, kind: PartKind::FrameHeader });
        parts.extend(groups.next());
    }
    let is_aside =
        |part: &&Part| matches!(part.kind, PartKind::Aside(..) | PartKind::RedundantFrameHeader);
    // Behind the last tile there is no frame that a header could repeat.
    let is_kept = |part: &&Part| has_more || matches!(part.kind, PartKind::Aside(..));
    parts.extend(frame.parts.iter().filter(is_aside).filter(is_kept).cloned());
    parts.extend(groups.filter(|_| has_more));
    frame.parts = parts;
}

fn frame_obu(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let words = [("on", Some(true)), ("off", Some(false)), ("random", None)];
    let how = word("frame-obu", value, &words)?;
    for frame in stream.frames_mut() {
        let joined = how.unwrap_or_else(|| random.one_in(2));
        let next = frame.parts.get(1).map(|part| part.kind.clone());
        let Some(first) = frame.parts.first_mut() else { continue };
        match (joined, first.kind.clone(), next) {
            (true, PartKind::FrameHeader, Some(PartKind::TileGroup(group)))
                if group.tiles as usize == frame.tiles.len() =>
            {
                // 6.10.1: OBU_FRAME has all tiles.
                let group = Group { tile_start_and_end_present_flag: false, ..group };
                first.kind = PartKind::Frame(group);
                first.wrap.trailing_zeros = 0;
                frame.parts.remove(1);
            }
            (false, PartKind::Frame(group), _) => {
                first.kind = PartKind::FrameHeader;
                // The last OBU of a unit may be without a size, another one not.
                let wrap = first.wrap;
                first.wrap.size_bytes = wrap.size_bytes.max(1);
                frame.parts.insert(1, Part { wrap, kind: PartKind::TileGroup(group) });
            }
            _ => {}
        }
    }
    Ok(())
}

fn tile_start_and_end(stream: &mut Stream, value: &str, _: &mut Random) -> Result<()> {
    let on = word("tile-start-and-end", value, &[("on", true), ("off", false)])?;
    for frame in stream.frames_mut() {
        let tiles = frame.tiles.len() as u32;
        for part in &mut frame.parts {
            if let PartKind::TileGroup(group) = &mut part.kind {
                let is_needed = group.tiles != tiles;
                group.tile_start_and_end_present_flag = is_needed || on && tiles > 1;
            }
        }
    }
    Ok(())
}

fn redundant_headers(stream: &mut Stream, value: &str, random: &mut Random) -> Result<()> {
    let on = word("redundant-headers", value, &[("on", true), ("off", false)])?;
    for frame in stream.frames_mut() {
        frame.parts.retain(|part| part.kind != PartKind::RedundantFrameHeader);
        let Some(wrap) = frame.parts.first().map(|part| Wrap::in_layer(part.wrap.layer)) else {
            continue;
        };
        let is_group = |part: &Part| matches!(part.kind, PartKind::TileGroup(_));
        // Before a tile group, and behind the header.
        let places: Vec<_> =
            (1..frame.parts.len()).filter(|i| is_group(&frame.parts[*i])).collect();
        for place in places.into_iter().rev().filter(|_| on) {
            if random.one_in(2) {
                frame.parts.insert(place, Part { wrap, kind: PartKind::RedundantFrameHeader });
            }
        }
    }
    Ok(())
}
