//! The record of a device: what it says of itself, with the names of the Vulkan specification.

use serde_json::{Value, json};

use super::select::uuid_text;
use vav1d::vk::names::result;
use vav1d::vk::{Adapter, Caps, ProfileReport, QueueFamily, VideoFormat};

/// The record of the device with this index.
pub(super) fn device(index: usize, adapter: &Adapter) -> Value {
    let profiles: Vec<_> = match adapter.decodes_av1() {
        true => adapter.video_report().iter().map(profile).collect(),
        false => Vec::new(),
    };
    let families: Vec<_> = adapter.queue_families.iter().map(family).collect();
    let (heaps, types) = adapter.memory();
    let [major, minor, subminor, patch] = adapter.conformance;
    let features: serde_json::Map<_, _> = adapter
        .video_features()
        .into_iter()
        .map(|feature| (feature.name.to_owned(), json!(feature.is_there)))
        .collect();
    json!({
        "index": index, "name": adapter.name, "type": adapter.device_type_name(),
        "uuid": uuid_text(adapter), "driver_id": adapter.driver_id_name(),
        "driver_name": adapter.driver_name, "driver_info": adapter.driver_info,
        "driver_version": adapter.driver_version, "api_version": adapter.api_version_text(),
        "conformance_version": format!("{major}.{minor}.{subminor}.{patch}"),
        "vendor_id": adapter.vendor_id, "device_id": adapter.device_id,
        "av1_decode": adapter.decodes_av1(), "hidden_by": adapter.hidden_video(),
        "queue_families": families,
        "memory_heaps": heaps.iter().map(|heap| json!({
            "size": heap.bytes, "flags": heap.flags,
        })).collect::<Vec<_>>(),
        "memory_types": types.iter().map(|kind| json!({
            "heap": kind.heap, "flags": kind.flags,
        })).collect::<Vec<_>>(),
        "features": features, "extensions": adapter.extensions, "profiles": profiles,
    })
}

fn family(family: &QueueFamily) -> Value {
    json!({
        "index": family.index, "flags": family.flag_names(), "queues": family.queues,
        "codecs": family.codec_names(), "av1_decode": family.decodes_av1(),
        "status_queries": family.status_queries,
        "transfer_granularity": family.transfer_granularity,
    })
}

fn profile(report: &ProfileReport) -> Value {
    let profile = &report.profile;
    let formats = |formats: &Result<Vec<VideoFormat>, _>| match formats {
        Ok(list) => list.iter().map(format).collect(),
        Err(_) => Value::Null,
    };
    json!({
        "std_profile": profile.std_profile_name(),
        "chroma_subsampling": profile.chroma_subsampling_name(),
        "bit_depth": profile.bit_depth_name(),
        "film_grain_support": profile.film_grain,
        "result": match &report.result {
            Ok(_) => "VK_SUCCESS".to_owned(),
            Err(error) => result(*error),
        },
        "capabilities": report.result.as_ref().ok().map(capabilities),
        "dst": formats(&report.dst), "dpb": formats(&report.dpb),
        "dst_dpb": formats(&report.dst_dpb),
    })
}

fn format(format: &VideoFormat) -> Value {
    json!({
        "format": format.format_name(), "tiling": format.tiling_name(),
        "usage": format.usage_names(), "create_flags": format.create_flag_names(),
    })
}

pub(super) fn capabilities(caps: &Caps) -> Value {
    json!({
        "flags": caps.flag_names(),
        "min_coded_extent": caps.min_coded_extent, "max_coded_extent": caps.max_coded_extent,
        "max_level": caps.max_level_name(), "max_dpb_slots": caps.max_dpb_slots,
        "max_active_reference_pictures": caps.max_active_reference_pictures,
        "offset_alignment": caps.offset_alignment, "size_alignment": caps.size_alignment,
        "granularity": caps.granularity,
        "std_header": { "name": caps.std_header_name, "version": caps.std_header_version },
    })
}
