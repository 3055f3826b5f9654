//! The recording: what was submitted to the video engine, as text.
//!
//! ```text
//! # vav1d drm-sim recording 1
//! chip = navi33
//!
//! submission 0 decode
//! raw.session = 0
//! picture = 0
//! av1.show_frame = 1
//! av1.base_qindex = 120
//! tile.0 = 1234 bytes, fnv1a64 0f1e2d3c4b5a6978
//! ```
//!
//! A line is a name, ` = `, and values separated by blanks. `submission N` counts the video
//! engine's messages; other engines' work is not recorded. What depends on where an allocator put
//! something is written twice: normalised under its name, so that two programs that do the same
//! give the same text, and as it was under `raw.`. Normalised are
//!
//! - reference slots, written as `picture N`: the picture last decoded into that slot, counted
//!   over the recording (`none` for a slot that none was decoded into);
//! - bitstream bytes, as length and hash of each tile.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::amdgpu;
use crate::bytes::Bytes;
use crate::chip::Chip;
use crate::memory::Memory;
use crate::submission::Submission;
use crate::vcn::{self, Message};

/// Numbers of a message's parts.
const PART_DECODE: u32 = 2;
const PART_AV1: u32 = 0x11;

/// What is known of one session.
#[derive(Debug, Default)]
struct Session {
    number: usize,
    /// Slot to the picture that was decoded into it.
    slots: BTreeMap<i64, usize>,
}

/// Writes the recording.
#[derive(Debug)]
pub(crate) struct Recorder {
    path: Option<PathBuf>,
    chip: &'static str,
    file: Option<File>,
    submissions: usize,
    pictures: usize,
    sessions: BTreeMap<u32, Session>,
}

/// One `name = value` line.
fn line(text: &mut String, name: impl Display, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name} = {value}");
}

/// Values with a blank between them.
fn joined(values: &[i64]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// FNV-1a of 64 bits: tells contents apart, with no claim to more.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

impl Recorder {
    /// A recorder that writes to the file named by `VAV1D_DRM_SIM_RECORD`, or nowhere.
    pub(crate) fn new(chip: &Chip) -> Self {
        let path = std::env::var_os("VAV1D_DRM_SIM_RECORD").map(PathBuf::from);
        Self {
            path,
            chip: chip.name,
            file: None,
            submissions: 0,
            pictures: 0,
            sessions: BTreeMap::new(),
        }
    }

    /// Appends text to the recording, which begins with the first text: a process that submits no
    /// video makes no file. A second process that does finds the file there, and adds its number
    /// to the name.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if self.file.is_none() {
            let mut file = File::create_new(path).or_else(|e| match e.kind() {
                io::ErrorKind::AlreadyExists => {
                    let mut other = path.clone().into_os_string();
                    other.push(format!(".{}", std::process::id()));
                    File::create(other)
                }
                _ => Err(e),
            })?;
            writeln!(file, "# vav1d drm-sim recording 1\nchip = {}", self.chip)?;
            self.file = Some(file);
        }
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))
    }

    /// Records a submission that has completed.
    pub(crate) fn submission(&mut self, memory: &Memory, submission: &Submission) {
        for commands in &submission.commands {
            let read =
                || memory.read(commands.address, commands.size).map(Bytes).unwrap_or_default();
            let messages = match commands.engine {
                amdgpu::VCN_ENC => vcn::unified(memory, &read()),
                amdgpu::VCN_DEC => vcn::registers(memory, &read()),
                _ => continue,
            };
            for message in messages {
                let text = self.message(memory, &message);
                if let Err(reason) = self.write(&text) {
                    crate::node::log(&format!("the recording ends here: {reason}"));
                    self.path = None;
                }
            }
        }
    }

    /// One message's text.
    fn message(&mut self, memory: &Memory, message: &Message) -> String {
        let known = self.sessions.len();
        let session = self.sessions.entry(message.stream);
        let session = session.or_insert_with(|| Session { number: known, ..Session::default() });
        let kind = match message.kind {
            0 => "create",
            1 => "decode",
            2 => "destroy",
            _ => "other",
        };
        let mut text = format!("\nsubmission {} {kind}\n", self.submissions);
        self.submissions += 1;
        line(&mut text, "raw.session", session.number);
        if let Some(part) = message.part(PART_DECODE).filter(|_| message.kind == 1) {
            for (name, values) in vcn::fields(vcn::DECODE, part) {
                let raw =
                    if name.ends_with("_size") || name.ends_with("_offset") { "raw." } else { "" };
                line(&mut text, format_args!("{raw}decode.{name}"), joined(&values));
            }
            line(&mut text, "raw.target", format_args!("{:#x}", message.target));
        }
        if let Some(part) = message.part(PART_AV1).filter(|_| message.kind == 1) {
            session.av1(&mut text, memory, message.bitstream, part, self.pictures);
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
        memory: &Memory,
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
                "tile_info" => tiles(
                    text,
                    memory,
                    bitstream,
                    &values[..(columns * rows * 2).min(values.len())],
                ),
                _ => line(text, format_args!("av1.{name}"), joined(values)),
            }
        }
        self.slots.insert(slot, picture);
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
fn tiles(text: &mut String, memory: &Memory, bitstream: u64, pairs: &[i64]) {
    for (index, tile) in pairs.as_chunks::<2>().0.iter().enumerate() {
        let (offset, size) = (tile[0] as u64, tile[1] as u64);
        line(text, format_args!("raw.tile.{index}.offset"), offset);
        match bitstream.checked_add(offset).and_then(|at| memory.read(at, size)) {
            Some(bytes) => {
                line(
                    text,
                    format_args!("tile.{index}"),
                    format_args!("{size} bytes, fnv1a64 {:016x}", hash(&bytes)),
                );
            }
            None => line(
                text,
                format_args!("tile.{index}"),
                format_args!("{size} bytes, outside of memory"),
            ),
        }
    }
}
