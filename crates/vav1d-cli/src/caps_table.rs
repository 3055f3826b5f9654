//! The text of `vav1d caps`: a device as tables.

use std::io::{self, Write};

use super::select::uuid_text;
use super::table::Table;
use vav1d::vk::names::result;
use vav1d::vk::{Adapter, Caps, Profile, ProfileReport, VideoFormat};

/// Extensions that say something of video, beside those with `video` in their names.
const ALSO: [&str; 4] = [
    "VK_KHR_unified_image_layouts",
    "VK_KHR_synchronization2",
    "VK_KHR_timeline_semaphore",
    "VK_EXT_ycbcr_2plane_444_formats",
];

/// The device with this index.
pub(super) fn device(out: &mut impl Write, index: usize, adapter: &Adapter) -> io::Result<()> {
    let [major, minor, subminor, patch] = adapter.conformance;
    writeln!(out, "{index}: {} ({})", adapter.name, adapter.device_type_text())?;
    writeln!(out, "   driver: {} {}", adapter.driver_name, adapter.driver_info)?;
    writeln!(
        out,
        "   vulkan: {}, conformanceVersion {major}.{minor}.{subminor}.{patch}, driverID {}, \
         driverVersion {:#010x}, vendorID {:#06x}, deviceID {:#06x}",
        adapter.api_version_text(),
        adapter.driver_id_name(),
        adapter.driver_version,
        adapter.vendor_id,
        adapter.device_id
    )?;
    writeln!(out, "   uuid: {}", uuid_text(adapter))?;
    families(out, adapter)?;
    memory(out, adapter)?;
    extensions(out, adapter)?;
    if !adapter.decodes_av1() {
        return match adapter.hidden_video() {
            Some(switch) => writeln!(out, "   AV1 decode: no; where the chip has it: {switch}"),
            None => writeln!(out, "   AV1 decode: no"),
        };
    }
    profiles(out, &adapter.video_report())
}

fn families(out: &mut impl Write, adapter: &Adapter) -> io::Result<()> {
    writeln!(out, "   queue families:")?;
    let mut table = Table::default();
    table.row(["index", "queues", "AV1 decode", "status queries", "flags"]);
    let said = |yes: bool| if yes { "yes" } else { "no" };
    for family in &adapter.queue_families {
        let status = if family.decodes_av1() { said(family.status_queries) } else { "-" };
        table.row([
            &family.index.to_string(),
            &family.queues.to_string(),
            said(family.decodes_av1()),
            status,
            &family.flag_names().join(" "),
        ]);
    }
    table.write(out, "      ")
}

fn memory(out: &mut impl Write, adapter: &Adapter) -> io::Result<()> {
    writeln!(out, "   memory types:")?;
    let (heaps, types) = adapter.memory();
    let mut table = Table::default();
    table.row(["type", "heap", "flags"]);
    for (index, kind) in types.iter().enumerate() {
        let heap = heaps.get(kind.heap as usize);
        let size = heap.map_or(String::new(), |heap| format!(" ({} MiB)", heap.bytes >> 20));
        table.row([&index.to_string(), &format!("{}{size}", kind.heap), &kind.flags.join(" ")]);
    }
    table.write(out, "      ")
}

/// Extensions that video decoding uses, and their features.
fn extensions(out: &mut impl Write, adapter: &Adapter) -> io::Result<()> {
    writeln!(out, "   extensions for video, of {}:", adapter.extensions.len())?;
    let features = adapter.video_features();
    let mut table = Table::default();
    let is_video = |name: &&String| name.contains("video") || ALSO.contains(&name.as_str());
    for name in adapter.extensions.iter().filter(is_video) {
        let feature = features.iter().find(|feature| feature.extension == name);
        let feature = feature.map_or(String::new(), |feature| {
            format!("{}: {}", feature.name, if feature.is_there { "yes" } else { "no" })
        });
        table.row([name, &feature]);
    }
    for feature in features.iter().filter(|f| !adapter.extensions.iter().any(|e| e == f.extension))
    {
        table.row([feature.extension, "not there"]);
    }
    table.write(out, "      ")
}

fn profiles(out: &mut impl Write, reports: &[ProfileReport]) -> io::Result<()> {
    writeln!(out, "   AV1 decode:")?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    // What is said once, below the table.
    let (mut kinds, mut refused): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for report in reports {
        match &report.result {
            Ok(caps) => {
                let kind = details(report, caps);
                let at = kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
                    kinds.push(kind);
                    kinds.len() - 1
                });
                let mut row = row(&report.profile, caps, at + 1);
                // With and without film grain mostly are the same.
                let same = |last: &&mut Vec<String>| last[0] == row[0] && last[2..] == row[2..];
                match rows.last_mut().filter(same) {
                    Some(last) => last[1] = format!("{}, {}", last[1], row[1]),
                    None => rows.push(std::mem::take(&mut row)),
                }
            }
            Err(error) => refused.push((report.profile.to_string(), result(*error))),
        }
    }
    rows.insert(0, PROFILE_HEADS.map(str::to_owned).into());
    Table(rows).write(out, "      ")?;
    for (index, kind) in kinds.iter().enumerate() {
        writeln!(out, "   formats {}:\n{kind}", index + 1)?;
    }
    if !refused.is_empty() {
        writeln!(out, "   not decoded:")?;
    }
    for refused in refused.chunk_by(|a, b| a.1 == b.1) {
        writeln!(out, "      {}", refused.first().map_or("", |(_, why)| why))?;
        let mut names: Vec<_> = refused.iter().map(|(profile, _)| profile.as_str()).collect();
        // One that is refused without film grain is so with it.
        names.retain(|name| {
            let without = name.strip_suffix(" with film grain");
            !without.is_some_and(|plain| refused.iter().any(|(other, _)| other == plain))
        });
        for few in names.chunks(3) {
            writeln!(out, "         {}", few.join(", "))?;
        }
    }
    Ok(())
}

const PROFILE_HEADS: [&str; 9] = [
    "profile",
    "grain",
    "maxLevel",
    "min..maxCodedExtent",
    "maxDpbSlots",
    "maxActiveRefs",
    "alignments",
    "granularity",
    "formats",
];

fn row(profile: &Profile, caps: &Caps, formats: usize) -> Vec<String> {
    let size = |(width, height): (u32, u32)| format!("{width}x{height}");
    let without = Profile { film_grain: false, ..*profile };
    let level = caps.max_level_name();
    vec![
        without.to_string(),
        if profile.film_grain { "yes" } else { "no" }.to_owned(),
        level.strip_prefix("STD_VIDEO_AV1_LEVEL_").unwrap_or(&level).replace('_', "."),
        format!("{}..{}", size(caps.min_coded_extent), size(caps.max_coded_extent)),
        caps.max_dpb_slots.to_string(),
        caps.max_active_reference_pictures.to_string(),
        format!("{}/{}", caps.offset_alignment, caps.size_alignment),
        size(caps.granularity),
        formats.to_string(),
    ]
}

/// Flags and formats of a profile, a line each.
fn details(report: &ProfileReport, caps: &Caps) -> String {
    let mut lines: Vec<String> =
        caps.flag_names().iter().map(|name| format!("      {name}")).collect();
    let format = |format: &VideoFormat| match format.tiling_name().as_str() {
        "VK_IMAGE_TILING_OPTIMAL" => format.format_name(),
        tiling => format!("{} {tiling}", format.format_name()),
    };
    for (usage, formats) in [
        ("VIDEO_DECODE_DST", &report.dst),
        ("VIDEO_DECODE_DPB", &report.dpb),
        ("both", &report.dst_dpb),
    ] {
        let line = match formats {
            Ok(formats) => formats.iter().map(format).collect::<Vec<_>>().join(", "),
            Err(error) => result(*error),
        };
        lines.push(format!("      {usage}: {line}"));
    }
    lines.join("\n")
}
