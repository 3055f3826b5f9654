//! What RADV gave to the video engine.

use std::collections::BTreeMap;

use super::text::{joined, line, tile};
use crate::bytes::Bytes;
use crate::memory::Space;
use crate::vcn::{self, Message};

/// Numbers of a message's parts.
const PART_DECODE: u32 = 2;
const PART_DPB: u32 = 0x10;
const PART_AV1: u32 = 0x11;

/// What is known of one session.
#[derive(Debug, Default)]
struct Session {
    number: usize,
    /// Slot to the picture that was decoded into it.
    slots: BTreeMap<i64, usize>,
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Radv {
    pictures: usize,
    sessions: BTreeMap<u32, Session>,
}

impl Radv {
    /// One message's text.
    pub(super) fn message(&mut self, space: &Space, message: &Message, number: usize) -> String {
        let known = self.sessions.len();
        let session = self.sessions.entry(message.stream);
        let session = session.or_insert_with(|| Session { number: known, ..Session::default() });
        let kind = match message.kind {
            0 => "create",
            1 => "decode",
            2 => "destroy",
            _ => "other",
        };
        let mut text = format!("\nsubmission {} {kind}\n", number);
        line(&mut text, "raw.session", session.number);
        if let Some(part) = message.part(PART_DECODE).filter(|_| message.kind == 1) {
            for (name, values) in vcn::fields(vcn::DECODE, part) {
                let raw =
                    if name.ends_with("_size") || name.ends_with("_offset") { "raw." } else { "" };
                line(&mut text, format_args!("{raw}decode.{name}"), joined(&values));
            }
            line(&mut text, "raw.target", format_args!("{:#x}", message.target));
        }
        let dpb = message.part(PART_DPB).filter(|_| message.kind == 1);
        if let Some(part) = dpb.filter(|part| part.0.len() >= vcn::DPB_BYTES) {
            for (name, values) in vcn::fields(vcn::DPB, part) {
                let is_address = name.ends_with("_low") || name.ends_with("_high");
                let raw = if is_address { "raw." } else { "" };
                line(&mut text, format_args!("{raw}dpb.{name}"), joined(&values));
            }
        }
        for (index, entry) in message.references.iter().flatten().enumerate() {
            // In the order in which the program named them.
            for (name, values) in vcn::fields(vcn::REFERENCE, entry) {
                line(&mut text, format_args!("raw.references.{index}.{name}"), joined(&values));
            }
        }
        if let Some(references) = &message.references {
            line(&mut text, "references", session.surfaces(references));
        }
        if let Some(part) = message.part(PART_AV1).filter(|_| message.kind == 1) {
            session.av1(&mut text, space, message.bitstream, part, self.pictures);
            self.pictures += 1;
        }
        text
    }
}

impl Session {
    /// The AV1 part's text.
    fn av1(
        &mut self,
        text: &mut String,
        space: &Space,
        bitstream: u64,
        part: &Bytes,
        picture: usize,
    ) {
        let fields = vcn::fields(vcn::AV1, part);
        let of = |name: &str| fields.iter().find(|f| f.0 == name).map_or(&[] as &[i64], |f| &f.1);
        let one = |name: &str| of(name).first().copied().unwrap_or(0);
        let (columns, rows) =
            (one("tile_cols").clamp(0, 64) as usize, one("tile_rows").clamp(0, 64) as usize);
        let slot = one("curr_pic_idx");
        line(text, "picture", picture);
        for (name, values) in &fields {
            match *name {
                "frame_header_flags" => {
                    for (bit, flag) in vcn::FLAGS.iter().enumerate() {
                        line(text, format_args!("av1.{flag}"), (values[0] >> bit) & 1);
                    }
                }
                "curr_pic_idx" => line(text, "raw.av1.curr_pic_idx", values[0]),
                // RADV's list of slots is in the order in which the program named them.
                "ref_frame_map" => line(text, "raw.av1.ref_frame_map", joined(values)),
                "frame_refs" => {
                    line(text, format_args!("av1.{name}"), self.pictures_of(values));
                    line(text, format_args!("raw.av1.{name}"), joined(values));
                }
                "tile_col_start_sb" => {
                    line(text, "av1.tile_col_start_sb", joined(&values[..=columns]))
                }
                "tile_row_start_sb" => {
                    line(text, "av1.tile_row_start_sb", joined(&values[..=rows]))
                }
                "tile_info" => {
                    tiles(text, space, bitstream, &values[..(columns * rows * 2).min(values.len())])
                }
                _ => line(text, format_args!("av1.{name}"), joined(values)),
            }
        }
        self.slots.insert(slot, picture);
    }

    /// The references that are listed beside the message, by their pictures: pitch and height of luma
    /// and chroma.
    fn surfaces(&self, entries: &[Bytes]) -> String {
        let of = |entry: &Bytes| {
            let fields = vcn::fields(vcn::REFERENCE, entry);
            let one = |name: &str| {
                fields.iter().find(|field| field.0 == name).map_or(0, |field| field.1[0])
            };
            let (luma, chroma) = (one("luma_pitch"), one("chroma_pitch"));
            let rows = (one("luma_aligned_height"), one("chroma_aligned_height"));
            (self.slots.get(&one("index")).copied(), luma, rows.0, chroma, rows.1)
        };
        let mut all: Vec<_> = entries.iter().map(of).collect();
        all.sort_unstable();
        all.dedup();
        let text = |(picture, luma, rows, chroma, chroma_rows): &(Option<usize>, _, _, _, _)| {
            let picture = picture.map_or("none".to_owned(), |picture| format!("picture {picture}"));
            format!("{picture} {luma}x{rows} {chroma}x{chroma_rows}")
        };
        all.iter().map(text).collect::<Vec<_>>().join(", ")
    }

    /// Slots as the pictures in them.
    fn pictures_of(&self, slots: &[i64]) -> String {
        let name = |slot| {
            self.slots.get(slot).map_or("none".to_owned(), |picture| format!("picture {picture}"))
        };
        slots.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// Each tile's bytes: where they lie in the buffer, how many, and their hash.
fn tiles(text: &mut String, space: &Space, bitstream: u64, pairs: &[i64]) {
    for (index, pair) in pairs.chunks_exact(2).enumerate() {
        let (offset, size) = (pair[0] as u64, pair[1] as u64);
        line(text, format_args!("raw.tile.{index}.offset"), offset);
        tile(text, space, index, bitstream.checked_add(offset), size);
    }
}
