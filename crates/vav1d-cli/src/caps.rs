//! `vav1d caps`: devices, and what they decode. Software comes last.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::args::CapsArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::select::{self, Devices, Fallback, Selected, uuid_text};
use vav1d::vk::{
    Adapter, Caps, Executor, ExecutorOptions, InstanceOptions, ProfileReport, QueueFamily,
    VideoFormat,
};

pub(super) fn run(args: &CapsArgs, json: bool, notices: &Notices) -> Result<Exit> {
    if args.judged {
        return judged(args, notices);
    }
    let soft = args.device.strip_prefix("soft:");
    let devices = Devices::all(InstanceOptions::default(), soft)?;
    if let Some(why) = &devices.no_system {
        notices.notice(&format!("no device from the Vulkan loader: {why}"));
    }
    let shown: Vec<_> =
        devices.list.iter().enumerate().filter(|(i, d)| wanted(&args.device, *i, d)).collect();
    if shown.is_empty() {
        return Err(Failure::new(
            Exit::Unsupported,
            format!("--device {}: no device", args.device),
        ));
    }
    let mut out = Lines(output::stdout());
    if args.facts {
        let facts = shown.iter().flat_map(|(_, d)| d.adapter.facts());
        let mut facts = facts.map(|(name, value)| writeln!(out.0, "{name}: {value}"));
        let written = facts.by_ref().collect::<io::Result<()>>();
        drop(facts);
        written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
        return Ok(Exit::Done);
    }
    let written = match json {
        true => out.begin("caps", None, None).and_then(|()| {
            shown.iter().try_for_each(|(i, d)| out.write(&Record::Device(device(*i, &d.adapter))))
        }),
        false => shown.iter().try_for_each(|(i, d)| write_device(&mut out.0, *i, &d.adapter)),
    };
    written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
    Ok(Exit::Done)
}

/// The record of the device that is judged.
fn judged(args: &CapsArgs, notices: &Notices) -> Result<Exit> {
    let options = InstanceOptions { validate: args.validate, present: false };
    let selected = select::select(&args.device, options, Fallback::Never, notices)?;
    let adapter = &selected.adapter;
    if args.opened {
        let opened = Executor::new(&selected.instance, adapter, ExecutorOptions::default());
        drop(opened.map_err(Failure::of)?);
    }
    let device = json!({
        "name": adapter.name, "uuid": uuid_text(adapter), "driver_name": adapter.driver_name,
        "driver_info": adapter.driver_info, "api_version": adapter.api_version_text(),
        "embedded": selected.is_embedded(), "hardware": selected.is_hardware(),
    });
    let mut out = Lines(output::stdout());
    let written = out
        .begin("caps", None, Some(&adapter.name))
        .and_then(|()| out.write(&Record::Device(device)));
    written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
    Ok(Exit::Done)
}

fn wanted(wish: &str, index: usize, device: &Selected) -> bool {
    match wish {
        "all" => true,
        "system" | "auto" => device.adapter.decodes_av1() && !device.is_embedded(),
        "soft" => device.is_embedded(),
        _ if wish.starts_with("soft:") => device.is_embedded(),
        _ => wish.parse() == Ok(index) || device.is_called(wish),
    }
}

fn write_device(out: &mut impl Write, index: usize, adapter: &Adapter) -> io::Result<()> {
    writeln!(out, "{index}: {} ({})", adapter.name, adapter.device_type_text())?;
    writeln!(out, "   driver: {} {}", adapter.driver_name, adapter.driver_info)?;
    writeln!(out, "   vulkan: {}", adapter.api_version_text())?;
    writeln!(out, "   uuid: {}", uuid_text(adapter))?;
    for family in &adapter.queue_families {
        writeln!(out, "   queue family {}", family_text(family))?;
    }
    if !adapter.decodes_av1() {
        return match adapter.hidden_video() {
            Some(switch) => writeln!(out, "   AV1 decode: no; where the chip has it: {switch}"),
            None => writeln!(out, "   AV1 decode: no"),
        };
    }
    let (yes, no): (Vec<_>, Vec<_>) =
        adapter.video_report().into_iter().partition(|report| report.result.is_ok());
    let bodies: Vec<_> = yes.iter().map(profile_body).collect();
    for (i, (report, body)) in yes.iter().zip(&bodies).enumerate() {
        // Neighbours that can the same are listed together.
        let last = bodies.get(i + 1) != Some(body);
        writeln!(out, "   {}{}", profile_text(report), if last { ":" } else { "," })?;
        if last {
            write!(out, "{body}")?;
        }
    }
    for report in &no {
        if let Err(result) = &report.result {
            writeln!(out, "   {}: no, {result:?}", profile_text(report))?;
        }
    }
    Ok(())
}

fn family_text(family: &QueueFamily) -> String {
    let mut text = format!("{}: {:?}, {} queues", family.index, family.flags, family.queues);
    if family.decodes_av1() {
        text.push_str(", AV1 decode");
    }
    if family.status_queries {
        text.push_str(", status queries");
    }
    text
}

fn profile_text(report: &ProfileReport) -> String {
    let profile = &report.profile;
    let name = match profile.seq_profile {
        0 => "Main",
        1 => "High",
        _ => "Professional",
    };
    let grain = if profile.film_grain { "with film grain" } else { "without film grain" };
    format!("AV1 {name} {} {} bit {grain}", profile.chroma, profile.bit_depth)
}

/// What a profile can, as text.
fn profile_body(report: &ProfileReport) -> String {
    let Ok(caps) = &report.result else { return String::new() };
    let mut text = format!(
        "      coded extent {} to {}, level {}, {} DPB slots, {} active references\n",
        size(caps.min_coded_extent),
        size(caps.max_coded_extent),
        level(caps.max_level),
        caps.max_dpb_slots,
        caps.max_active_reference_pictures,
    );
    text.push_str(&format!(
        "      {}, bitstream alignment {}/{}, granularity {}\n",
        flags(caps).join(", "),
        caps.offset_alignment,
        caps.size_alignment,
        size(caps.granularity),
    ));
    for (usage, formats) in
        [("DST", &report.dst), ("DPB", &report.dpb), ("DST|DPB", &report.dst_dpb)]
    {
        let line = match formats {
            Ok(formats) => formats.iter().map(format_text).collect::<Vec<_>>().join(", "),
            Err(result) => format!("no, {result:?}"),
        };
        text.push_str(&format!("      {usage}: {line}\n"));
    }
    text
}

/// A format, with its tiling if that is not OPTIMAL.
fn format_text(format: &VideoFormat) -> String {
    match format!("{:?}", format.tiling).as_str() {
        "OPTIMAL" => format!("{:?}", format.format),
        tiling => format!("{:?} {tiling}", format.format),
    }
}

fn size((width, height): (u32, u32)) -> String {
    format!("{width}x{height}")
}

fn level(level: u32) -> String {
    format!("{}.{}", 2 + (level >> 2), level & 3)
}

fn flags(caps: &Caps) -> Vec<&'static str> {
    [
        (caps.coincide, "coincide"),
        (caps.distinct, "distinct"),
        (caps.separate_reference_images, "separate reference images"),
        (!caps.separate_reference_images, "layered reference images only"),
        (caps.protected_content, "protected content"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect()
}

fn device(index: usize, adapter: &Adapter) -> Value {
    let profiles: Vec<_> = match adapter.decodes_av1() {
        true => adapter.video_report().iter().map(profile).collect(),
        false => Vec::new(),
    };
    let families: Vec<_> = adapter
        .queue_families
        .iter()
        .map(|f| {
            json!({
                "index": f.index, "flags": format!("{:?}", f.flags), "queues": f.queues,
                "av1_decode": f.decodes_av1(), "status_queries": f.status_queries,
            })
        })
        .collect();
    json!({
        "index": index, "name": adapter.name, "type": adapter.device_type_text(),
        "uuid": uuid_text(adapter), "driver_name": adapter.driver_name,
        "driver_info": adapter.driver_info, "api_version": adapter.api_version_text(),
        "vendor_id": adapter.vendor_id, "device_id": adapter.device_id,
        "av1_decode": adapter.decodes_av1(), "queue_families": families,
        "extensions": adapter.extensions, "profiles": profiles,
    })
}

fn profile(report: &ProfileReport) -> Value {
    let formats = |formats: &std::result::Result<Vec<VideoFormat>, _>| match formats {
        Ok(list) => list
            .iter()
            .map(|f| {
                json!({
                    "format": format!("{:?}", f.format), "tiling": format!("{:?}", f.tiling),
                    "usage": format!("{:?}", f.usage),
                })
            })
            .collect(),
        Err(result) => json!(format!("{result:?}")),
    };
    let caps = match &report.result {
        Ok(caps) => json!({
            "min_coded_extent": caps.min_coded_extent, "max_coded_extent": caps.max_coded_extent,
            "max_level": caps.max_level, "max_dpb_slots": caps.max_dpb_slots,
            "max_active_reference_pictures": caps.max_active_reference_pictures,
            "offset_alignment": caps.offset_alignment, "size_alignment": caps.size_alignment,
            "granularity": caps.granularity, "flags": flags(caps),
        }),
        Err(result) => json!(format!("{result:?}")),
    };
    json!({
        "profile": profile_text(report), "capabilities": caps,
        "dst": formats(&report.dst), "dpb": formats(&report.dpb),
        "dst_dpb": formats(&report.dst_dpb),
    })
}
