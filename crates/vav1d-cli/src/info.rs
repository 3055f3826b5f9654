//! `vav1d info`: what streams are, from their headers.

use std::io::{self, Write};

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::info_args::InfoArgs;
use super::info_read::{self, Frame, Info};
use super::json::{Fault, Lines, Record};
use super::output::{self, Notices};
use super::{info_record, table::Table};
use vav1d::color::names;
use vav1d::container::{Crop, Grid, OtherTrack, SourceInfo};
use vav1d::syntax::metadata::HdrMdcv;
use vav1d::syntax::sequence::{OperatingPoint, SequenceHeader};
use vav1d::vk::Profile;
use vav1d_lab::words::counted;

pub(super) fn run(args: &InfoArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let mut out = Lines(output::stdout());
    let mut exit = Exit::Done;
    let only = match &args.files[..] {
        [only] => Some(only.as_path()),
        _ => None,
    };
    if json {
        out.begin("info", only, None).map_err(Failure::output)?;
    }
    for (index, file) in args.files.iter().enumerate() {
        let info = match info_read::read(&args.input(file), args.frames) {
            Ok(info) => info,
            Err(failure) if only.is_some() => return Err(failure),
            // The others are told all the same.
            Err(failure) => {
                notices.error(&failure.text());
                if json {
                    out.failure(&failure).map_err(Failure::output)?;
                }
                exit = if exit == Exit::Done { failure.exit } else { exit };
                continue;
            }
        };
        let name = file.display().to_string();
        let written = match json {
            true => write_json(&mut out, &name, &info),
            false => write_text(&mut out.0, &name, &info, index > 0),
        };
        written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
        let of = |text: String| if only.is_some() { text } else { format!("{name}: {text}") };
        for error in &info.faults {
            notices.error(&of(error.to_string()));
        }
        if info.n_faults > info.faults.len() as u64 {
            notices.error(&of(format!("{} faults in all", info.n_faults)));
        }
        if let (Exit::Done, Some(first)) = (exit, info.faults.first()) {
            exit = Exit::of(first);
        }
    }
    Ok(exit)
}

fn write_json<W: Write>(out: &mut Lines<W>, name: &str, info: &Info) -> io::Result<()> {
    out.write(&Record::Stream(info_record::stream(name, info)))?;
    for sequence in &info.sequences {
        out.write(&Record::Sequence(info_record::sequence(sequence)))?;
    }
    for frame in &info.list {
        out.write(&Record::CodedFrame(info_record::frame(frame)))?;
    }
    for fault in &info.faults {
        out.write(&Record::Fault(Fault::of(fault)))?;
    }
    Ok(())
}

fn write_text(out: &mut impl Write, name: &str, info: &Info, again: bool) -> io::Result<()> {
    if again {
        writeln!(out)?;
    }
    writeln!(out, "file: {name}")?;
    let Some(source) = &info.source else { return Ok(()) };
    write!(out, "container: {}", source.container)?;
    if let Some((num, den)) = source.time_base {
        write!(out, ", time base {num}/{den} s")?;
    }
    writeln!(out, ", {}", counted(info.units, "temporal unit"))?;
    let times = times(info);
    if !times.is_empty() {
        writeln!(out, "duration: {times}")?;
    }
    let display = display(source);
    if !display.is_empty() {
        writeln!(out, "display: {}", display.join(", "))?;
    }
    if !info.others.is_empty() {
        let others: Vec<_> = info.others.iter().map(OtherTrack::to_string).collect();
        writeln!(out, "other tracks, not decoded: {}", others.join(", "))?;
    }
    for (i, sequence) in info.sequences.iter().enumerate() {
        writeln!(out, "sequence {i}: {}", sequence_text(sequence))?;
    }
    for line in metadata(info) {
        writeln!(out, "{line}")?;
    }
    let types: Vec<_> = info.frames.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    writeln!(out, "frames: {}", types.join(", "))?;
    let sizes = |sizes: &std::collections::BTreeSet<(u32, u32)>| {
        sizes.iter().map(|(w, h)| format!("{w}x{h}")).collect::<Vec<_>>().join(", ")
    };
    writeln!(out, "frame sizes: {}", sizes(&info.sizes))?;
    if info.render_sizes != info.sizes {
        writeln!(out, "render sizes: {}", sizes(&info.render_sizes))?;
    }
    let grid = |((columns, rows), n): (&(usize, usize), &u64)| {
        format!("{columns}x{rows} in {}", counted(*n, "frame"))
    };
    let tiles: Vec<_> = info.tiles.iter().map(grid).collect();
    writeln!(out, "tiles, columns by rows: {}", tiles.join(", "))?;
    writeln!(out, "shown: {}, {} by show_existing_frame", info.shown, info.shown_existing)?;
    for line in needs(info) {
        writeln!(out, "needs: {line}")?;
    }
    writeln!(out, "features: {}", info.feature_names().join(" "))?;
    if !info.list.is_empty() {
        frames(out, &info.list)?;
    }
    Ok(())
}

/// How long, how fast, and how many bits.
fn times(info: &Info) -> String {
    let mut parts = Vec::new();
    if let Some(seconds) = info.duration() {
        parts.push(format!("{seconds:.3} s"));
    }
    if let Some((pictures, seconds)) = info.frame_rate() {
        let rate = f64::from(pictures) / f64::from(seconds);
        let exact = if seconds == 1 { String::new() } else { format!(" ({pictures}/{seconds})") };
        let rate = format!("{rate:.3}");
        let rate = rate.trim_end_matches('0').trim_end_matches('.');
        parts.push(format!("{rate} pictures a second{exact}"));
    }
    if let Some(rate) = info.bit_rate() {
        parts.push(format!("{} kbit/s", rate.div_ceil(1000)));
    }
    parts.join(", ")
}

/// Metadata OBUs, a line for each sort.
fn metadata(info: &Info) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(mdcv) = &info.mastering_display {
        lines.push(format!("mastering display: {}", mastering(mdcv)));
    }
    if let Some((max_cll, max_fall)) = info.content_light_level {
        lines.push(format!("content light level: max_cll {max_cll}, max_fall {max_fall} cd/m2"));
    }
    for (country, n) in &info.itut_t35 {
        let messages = counted(*n, "message");
        lines.push(format!("ITU-T T.35: {messages} of country code {country:#04x}"));
    }
    if info.timecodes > 0 {
        lines.push(format!("timecodes: {}", info.timecodes));
    }
    lines
}

/// Chromaticities and luminances as they are meant, 6.7.4.
fn mastering(mdcv: &HdrMdcv) -> String {
    let point = |(x, y): (u16, u16)| {
        let of = |v: u16| f64::from(v) / 65536.0;
        format!("({:.4}, {:.4})", of(x), of(y))
    };
    let [r, g, b] = mdcv.primary_chromaticity.map(point);
    let white = point(mdcv.white_point_chromaticity);
    let (max, min) =
        (f64::from(mdcv.luminance_max) / 256.0, f64::from(mdcv.luminance_min) / 16384.0);
    format!("R {r}, G {g}, B {b}, white {white}, from {min:.4} to {max:.0} cd/m2")
}

/// What a driver has to have, a line for each profile of a sequence.
fn needs(info: &Info) -> Vec<String> {
    let needs = &info.needs;
    let size = |(width, height): (u32, u32)| format!("{width}x{height}");
    let extent = match needs.min_extent {
        Some(min) if min != needs.max_extent => {
            format!("{} to {}", size(min), size(needs.max_extent))
        }
        _ => size(needs.max_extent),
    };
    let mut lines: Vec<String> = Vec::new();
    for sequence in &info.sequences {
        let profile = Profile::of(sequence, sequence.film_grain_params_present);
        let first = sequence.operating_points.first();
        let level = first.map_or(String::new(), |point| format!(", maxLevel {}", level(point)));
        let line = format!(
            "AV1 {profile}{level}, {}, {}, coded extent {extent}",
            counted(needs.dpb_slots as u64, "DPB slot"),
            counted(needs.active_references as u64, "active reference"),
        );
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// A row for each frame.
fn frames(out: &mut impl Write, list: &[Frame]) -> io::Result<()> {
    let mut table = Table::default();
    table.row([
        "no.",
        "unit",
        "out",
        "type",
        "size",
        "tiles",
        "hint",
        "slots",
        "references",
        "q",
        "bytes",
    ]);
    for frame in list {
        let outputs: Vec<_> = frame.outputs.iter().map(u64::to_string).collect();
        let references: Vec<_> = frame
            .references
            .iter()
            .map(|reference| reference.map_or("-".to_owned(), |frame| frame.to_string()))
            .collect();
        let (width, height) = frame.size;
        table.row([
            &frame.frame.to_string(),
            &frame.unit.to_string(),
            &if outputs.is_empty() { "-".to_owned() } else { outputs.join(",") },
            frame.frame_type.trim_end_matches("_FRAME"),
            &format!("{width}x{height}"),
            &format!("{}x{}", frame.tiles.0, frame.tiles.1),
            &frame.order_hint.to_string(),
            &format!("{:#04x}", frame.refresh_frame_flags),
            &references.join(","),
            &frame.base_q_idx.to_string(),
            &frame.bytes.to_string(),
        ]);
    }
    writeln!(
        out,
        "frames in decoding order (slots: refresh_frame_flags; references: LAST to ALTREF):"
    )?;
    table.write(out, "")
}

/// What the container says of how pictures are to be shown.
fn display(info: &SourceInfo) -> Vec<String> {
    let mut display = Vec::new();
    if let Some(grid) = info.grid {
        let Grid { rows, columns, width, height } = grid;
        display.push(format!("{rows} rows of {columns} pictures make one of {width}x{height}"));
    }
    if let Some((width, height)) = info.pixel_aspect {
        display.push(format!("samples {width}:{height}"));
    }
    if let Some(Crop { x, y, width, height }) = info.crop {
        display.push(format!("cropped to {width}x{height} at {x},{y}"));
    }
    if info.rotation != 0 {
        display.push(format!("turned by {} degrees clockwise", info.rotation));
    }
    if info.is_mirrored {
        display.push("mirrored left to right".into());
    }
    if info.has_alpha {
        display.push("with an alpha plane, which is not decoded".into());
    }
    display
}

fn sequence_text(sequence: &SequenceHeader) -> String {
    let color = &sequence.color_config;
    let (width, height) = sequence.max_frame_size();
    let points = sequence.operating_points.iter().map(|point| {
        let layers = point.operating_point_idc;
        let of = if layers == 0 { "all".to_owned() } else { layer_text(layers) };
        format!("{of} at level {}", level_and_tier(point))
    });
    let points = points.collect::<Vec<_>>();
    let mut text = format!(
        "{} profile, {} {} bit, {width}x{height}, {} ({}/{}/{}), operating point{} {}",
        info_record::profile_word(sequence.seq_profile),
        color.format().chroma,
        color.bit_depth(),
        names::words(color),
        color.color_primaries,
        color.transfer_characteristics,
        color.matrix_coefficients,
        if points.len() == 1 { "" } else { "s" },
        points.join("; "),
    );
    if sequence.still_picture {
        text.push_str(", still picture");
    }
    if sequence.film_grain_params_present {
        text.push_str(", film grain");
    }
    text
}

/// operating_point_idc in words: temporal layers in bits 0 to 7, spatial ones in bits 8 to 11.
fn layer_text(operating_point_idc: u16) -> String {
    let list = |bits: u16, from: u32| {
        let layers = (0..12_u32).filter(|bit| bits >> bit & 1 != 0 && *bit >= from);
        layers.map(|bit| (bit - from).to_string()).collect::<Vec<_>>().join("+")
    };
    let (temporal, spatial) =
        (list(operating_point_idc & 0xff, 0), list(operating_point_idc & 0xf00, 8));
    format!("temporal layers {temporal} of spatial {spatial}")
}

/// The name of a level, A.3.
fn level(point: &OperatingPoint) -> String {
    match point.seq_level_idx {
        31 => "max".into(),
        24.. => format!("reserved ({})", point.seq_level_idx),
        idx => format!("{}.{}", 2 + (idx >> 2), idx & 3),
    }
}

fn level_and_tier(point: &OperatingPoint) -> String {
    let tier = if point.seq_tier { "High" } else { "Main" };
    format!("{} ({tier} tier)", level(point))
}
