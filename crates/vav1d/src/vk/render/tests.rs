//! Pictures that are drawn from where they are, against the same pictures from the host.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;
use std::time::Duration;

use ash::vk;

use super::*;
use crate::color::{Luminance, Output};
use crate::error::{DeviceError, Error};
use crate::grain::{GrainPass, GrainUniform};
use crate::pixels::{Chroma, Format, Picture};
use crate::syntax::testing::plain_sequence;
use crate::vk::barriers::{Layer, Use};
use crate::vk::chroma::chroma_location;
use crate::vk::device::Device;
use crate::vk::memory::Location;
use crate::vk::objects::{Buffer, Commands, Image};
use crate::vk::on_device::{OnDevice, PictureViews, Source};
use crate::vk::readback::{CopyPlan, PictureLayout};
use crate::vk::submit::{Lane, Touches};
use crate::vk::{
    Adapter, DecodedPicture, Driver, Instance, InstanceOptions, Layouts, PictureRef, Sampling,
};

/// Every format that drivers decode to: of 8, 10 and 12 bits, with all kinds of planes.
const FORMATS: [vk::Format; 21] = [
    vk::Format::R8_UNORM,
    vk::Format::R10X6_UNORM_PACK16,
    vk::Format::R12X4_UNORM_PACK16,
    vk::Format::G8_B8R8_2PLANE_420_UNORM,
    vk::Format::G8_B8R8_2PLANE_422_UNORM,
    vk::Format::G8_B8R8_2PLANE_444_UNORM,
    vk::Format::G8_B8_R8_3PLANE_420_UNORM,
    vk::Format::G8_B8_R8_3PLANE_422_UNORM,
    vk::Format::G8_B8_R8_3PLANE_444_UNORM,
    vk::Format::G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16,
    vk::Format::G10X6_B10X6R10X6_2PLANE_422_UNORM_3PACK16,
    vk::Format::G10X6_B10X6R10X6_2PLANE_444_UNORM_3PACK16,
    vk::Format::G10X6_B10X6_R10X6_3PLANE_420_UNORM_3PACK16,
    vk::Format::G10X6_B10X6_R10X6_3PLANE_422_UNORM_3PACK16,
    vk::Format::G10X6_B10X6_R10X6_3PLANE_444_UNORM_3PACK16,
    vk::Format::G12X4_B12X4R12X4_2PLANE_420_UNORM_3PACK16,
    vk::Format::G12X4_B12X4R12X4_2PLANE_422_UNORM_3PACK16,
    vk::Format::G12X4_B12X4R12X4_2PLANE_444_UNORM_3PACK16,
    vk::Format::G12X4_B12X4_R12X4_3PLANE_420_UNORM_3PACK16,
    vk::Format::G12X4_B12X4_R12X4_3PLANE_422_UNORM_3PACK16,
    vk::Format::G12X4_B12X4_R12X4_3PLANE_444_UNORM_3PACK16,
];
/// Luma samples: odd, and of no multiple of a work group.
const SIZE: (u32, u32) = (37, 23);

/// Every device that draws; where Mesa's software driver is installed, there must be one.
pub(crate) fn devices() -> Vec<(Arc<Instance>, Adapter)> {
    let instance = Instance::new(Driver::System, InstanceOptions::default());
    let adapters = instance.and_then(|i| Ok((i.adapters()?, i)));
    let Ok((adapters, instance)) = adapters else { return none() };
    let drawing = adapters.into_iter().filter(Adapter::draws);
    let found: Vec<_> = drawing.map(|adapter| (instance.clone(), adapter)).collect();
    if found.is_empty() { none() } else { found }
}

#[allow(clippy::print_stderr, reason = "who runs tests shall know what was not tested")]
fn none() -> Vec<(Arc<Instance>, Adapter)> {
    let folder = std::fs::read_dir("/usr/share/vulkan/icd.d");
    let mut names = folder.into_iter().flatten().flatten().map(|entry| entry.file_name());
    let lavapipe = names.any(|name| name.to_string_lossy().starts_with("lvp_icd"));
    let is_left_out = std::env::var_os("VK_DRIVER_FILES").is_some();
    assert!(!lavapipe || is_left_out, "Mesa's software driver is installed, but no device draws");
    eprintln!("no device draws: drawing is not tested");
    Vec::new()
}

/// The first device that draws, open.
fn device() -> Option<(Arc<Instance>, Adapter, Arc<Device>)> {
    let (instance, adapter) = devices().into_iter().next()?;
    let family = gpu::family(&adapter).expect("a family that draws");
    let device = gpu::open(&instance, &adapter, family, false).expect("a device");
    Some((instance, adapter, device))
}

/// An image of `format` as drivers make them for outputs that are sampled by `sampling`, if the device
/// has it.
fn image(
    adapter: &Adapter,
    device: &Arc<Device>,
    format: vk::Format,
    sampling: Sampling,
) -> Option<Arc<Image>> {
    let flags = match sampling {
        Sampling::Planes => vk::ImageCreateFlags::MUTABLE_FORMAT,
        Sampling::Whole => vk::ImageCreateFlags::empty(),
    };
    if sampling == Sampling::Whole {
        chroma_location(device.instance(), adapter.raw(), format, vk::ImageTiling::OPTIMAL)?;
    }
    let usage = vk::ImageUsageFlags::SAMPLED
        | vk::ImageUsageFlags::TRANSFER_SRC
        | vk::ImageUsageFlags::TRANSFER_DST;
    let extent = (SIZE.0.next_multiple_of(2), SIZE.1.next_multiple_of(2));
    let info = vk::ImageCreateInfo::default()
        .flags(flags)
        .image_type(vk::ImageType::TYPE_2D)
        .format(format)
        .extent(vk::Extent3D { width: extent.0, height: extent.1, depth: 1 })
        .mip_levels(1)
        .array_layers(1)
        .samples(vk::SampleCountFlags::TYPE_1)
        .tiling(vk::ImageTiling::OPTIMAL)
        .usage(usage);
    // SAFETY: the adapter is of the device's instance.
    let offered = unsafe {
        device.instance().raw().get_physical_device_image_format_properties(
            adapter.raw(),
            format,
            vk::ImageType::TYPE_2D,
            info.tiling,
            usage,
            info.flags,
        )
    };
    if offered.is_err() {
        return None;
    }
    // SAFETY: as the device offers it.
    Some(Arc::new(
        unsafe { Image::new(device, &info, Location::Device, "test") }.expect("an image"),
    ))
}

/// `picture` in `image` of `layout`, kept for shaders.
fn on_device(
    device: &Arc<Device>,
    image: &Arc<Image>,
    sampled: (PictureLayout, Sampling),
    picture: &Picture,
    hold: &Arc<()>,
) -> DecodedPicture {
    on_device_within(Duration::from_secs(20), device, image, sampled, (picture, hold)).0
}

/// The same, read within `timeout`; and the lane that it came by.
fn on_device_within(
    timeout: Duration,
    device: &Arc<Device>,
    image: &Arc<Image>,
    (layout, sampling): (PictureLayout, Sampling),
    (picture, hold): (&Picture, &Arc<()>),
) -> (DecodedPicture, Lane) {
    let extent = (SIZE.0.next_multiple_of(2), SIZE.1.next_multiple_of(2));
    let plan = CopyPlan::new(layout, picture.format, SIZE, extent, (1, 1, 1));
    let bytes = plan.bytes(picture);
    let mut buffer = Buffer::upload(device, bytes.len() as u64).expect("a buffer");
    // SAFETY: new.
    unsafe { buffer.write(&[&bytes]) }.expect("mapped");
    let queue = device.copy_queue();
    let mut lane = Lane::new(device, queue, steps::TIMEOUT, "test").expect("a lane");
    let mut commands = Commands::new(device, queue.family.index, "test").expect("commands");
    // SAFETY: new.
    let raw = unsafe { commands.begin() }.expect("recording");
    let layer = Layer { image: image.raw(), layer: 0, layouts: Layouts::Video };
    let barrier = |images: &[vk::ImageMemoryBarrier2<'_>]| {
        let dependency = vk::DependencyInfo::default().image_memory_barriers(images);
        // SAFETY: recording.
        unsafe { device.table().cmd_pipeline_barrier2(device.raw(), raw, &dependency) };
    };
    barrier(&[crate::vk::barriers::discard(layer, Use::Overwrite)]);
    let (regions, n) = plan.regions(0);
    let to = layer.layout(Use::Overwrite);
    // SAFETY: the image is in this layout; the regions are inside it and the buffer.
    unsafe {
        device.raw().cmd_copy_buffer_to_image(raw, buffer.raw(), image.raw(), to, &regions[..n]);
    }
    barrier(&[crate::vk::barriers::change(layer, Use::Overwrite, Use::Sampled)]);
    let raw = commands.end().expect("recorded");
    let ticket = lane.reserve();
    // SAFETY: all is kept until the wait is over.
    unsafe { lane.submit_with(raw, ticket, &[], None, Touches::Nothing) }.expect("submitted");
    lane.wait(ticket).expect("done");
    let views = Arc::new(PictureViews::new(image, 0, layout, sampling).expect("views"));
    let hold = hold.clone();
    let source = Source { layer, views, kept: Use::Sampled, extent, layout, hold };
    // Without patience it is never decoded.
    let ticket = if timeout.is_zero() { lane.reserve() } else { ticket };
    let decoded = (lane.timeline().clone(), ticket);
    (
        DecodedPicture::on_device(OnDevice::new(
            device,
            source,
            decoded,
            picture.format,
            SIZE,
            timeout,
        )),
        lane,
    )
}

/// A picture with all kinds of samples.
fn noise(format: Format) -> Picture {
    let mut picture = Picture::new(format, SIZE.0, SIZE.1);
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u32 & ((1 << format.bit_depth) - 1)
    };
    match format.sample_bytes() {
        1 => picture.data.iter_mut().for_each(|byte| *byte = next() as u8),
        _ => picture
            .data
            .chunks_exact_mut(2)
            .for_each(|sample| sample.copy_from_slice(&(next() as u16).to_le_bytes())),
    }
    picture
}

/// Film grain that nobody would want, of bytes as good as any.
fn grain(format: Format) -> GrainPass {
    let (width, height) = SIZE;
    let chroma = format.plane_size(1, width, height);
    let (luma, chroma_samples) = (width * height, chroma.0 * chroma.1);
    let (x, y) = format.chroma.subsampling();
    let is_luma_alone = format.chroma == Chroma::Monochrome;
    let samples = if is_luma_alone { luma } else { luma + 2 * chroma_samples };
    let top = (1 << format.bit_depth) - 1;
    let uniform = GrainUniform {
        size: [width, height],
        chroma_size: [chroma.0, chroma.1],
        subsampling: [x, y],
        planes: if is_luma_alone { [samples; 2] } else { [luma, luma + chroma_samples] },
        samples,
        bit_depth: format.bit_depth.into(),
        noisy_planes: if is_luma_alone { 1 } else { 7 },
        scaling_shift: 11,
        overlap: 1,
        chroma_scaling_from_luma: 0,
        blocks: width.div_ceil(32),
        data: samples.div_ceil(if format.bit_depth == 8 { 4 } else { 2 }),
        grain_range: [-(top / 2) - 1, top / 2],
        min: 0,
        max_luma: top,
        max_chroma: top,
        padding: [0; 3],
        mix: [[64, 64, 0, 0]; 2],
    };
    let words = 192 + 3 * 2993 + width.div_ceil(32) * height.div_ceil(32);
    let mut state = 11_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    GrainPass { uniform, data: (0..words).map(|_| next()).collect() }
}

#[test]
fn a_picture_looks_the_same_from_where_it_was_decoded() {
    looks_the_same(Sampling::Planes);
}

/// Where images may not have views of planes.
#[test]
fn a_picture_looks_the_same_through_a_conversion_that_changes_nothing() {
    looks_the_same(Sampling::Whole);
}

fn looks_the_same(sampling: Sampling) {
    let Some((_instance, adapter, device)) = device() else { return };
    let mut canvas = Canvas::of(&device, &adapter, (53, 31), Output::Sdr).expect("a canvas");
    let mut drawn = 0;
    for format in FORMATS {
        let layout = PictureLayout::of(format).expect("a layout");
        let Some(image) = image(&adapter, &device, format, sampling) else { continue };
        let kind = Format { chroma: layout.chroma, bit_depth: layout.bit_depth };
        let (host, hold) = (noise(kind), Arc::new(()));
        let decoded = on_device(&device, &image, (layout, sampling), &host, &hold);
        assert!(canvas.has(&decoded) && !canvas.has(&host), "{format:?}");
        assert!(decoded.host().is_none() && decoded.size() == SIZE);
        let color = plain_sequence().color_config;
        let pass = grain(kind);
        for grain in [None, Some(&pass)] {
            let mut draw = |picture: PictureRef<'_>| {
                let luminance = Luminance::default();
                let frame = Some(Content { picture, color: &color, luminance, grain });
                let view = View { size: (53, 31), ..View::default() };
                canvas.draw(&Drawing { frame, view, overlay: None }).expect("drawn").to_vec()
            };
            assert!(
                draw((&decoded).into()) == draw((&host).into()),
                "{format:?}, film grain {}",
                grain.is_some()
            );
        }
        assert_eq!(decoded.size_bytes(), host.data.len(), "{format:?}");
        let read = decoded.read().expect("read");
        assert!(*read == host, "{format:?}: other samples are read");
        // The drawings that use it are over, but the canvas keeps the last ones until it is told of
        // others.
        assert!(Arc::strong_count(&hold) > 1);
        drop(decoded);
        let view = View { size: (53, 31), ..View::default() };
        for _ in 0..2 {
            canvas.draw(&Drawing { frame: None, view, overlay: None }).expect("drawn");
        }
        assert_eq!(Arc::strong_count(&hold), 1, "{format:?}: the image is never given back");
        drawn += 1;
    }
    assert!(drawn >= 6, "{drawn} formats");
}

/// `picture` with samples below the middle of their range, but for one row in the middle.
fn dim(mut picture: Picture, row: u16) -> Picture {
    let format = picture.format;
    let luma = picture.plane_range(0);
    let middle = 1 << (format.bit_depth - 1);
    let wide = format.sample_bytes() == 2;
    let samples = picture.data.len() / format.sample_bytes();
    for at in 0..samples {
        let is_luma = at < luma.len() / format.sample_bytes();
        let is_row = is_luma && at as u32 / SIZE.0 == SIZE.1 / 2;
        let value = if is_row {
            row
        } else if is_luma {
            (at % usize::from(middle)) as u16
        } else {
            middle
        };
        match wide {
            true => picture.data[2 * at..2 * at + 2].copy_from_slice(&value.to_le_bytes()),
            false => picture.data[at] = value as u8,
        }
    }
    picture
}

/// Measured where it was decoded, a picture is as bright as on the host, and drawn by that.
#[test]
fn a_picture_is_as_bright_where_it_was_decoded() {
    let Some((_instance, adapter, device)) = device() else { return };
    let mut canvas = Canvas::of(&device, &adapter, (53, 31), Output::Sdr).expect("a canvas");
    let mut color = plain_sequence().color_config;
    (color.color_primaries, color.matrix_coefficients) = (9, 9);
    for (sampling, least) in [(Sampling::Planes, 6), (Sampling::Whole, 1)] {
        let mut measured = 0;
        for format in FORMATS {
            let layout = PictureLayout::of(format).expect("a layout");
            let Some(image) = image(&adapter, &device, format, sampling) else { continue };
            let kind = Format { chroma: layout.chroma, bit_depth: layout.bit_depth };
            color.mono_chrome = kind.chroma == Chroma::Monochrome;
            let top = (1 << kind.bit_depth) - 1;
            let noise = noise(kind);
            for host in [dim(noise.clone(), top / 4 * 3), dim(noise.clone(), top / 3), noise] {
                let hold = Arc::new(());
                let decoded = on_device(&device, &image, (layout, sampling), &host, &hold);
                color.transfer_characteristics = 16;
                let there = canvas.peak(&decoded, &color).expect("measured").expect("of PQ");
                let here = crate::color::peak(&host, &color).expect("of PQ");
                assert!((there - here).abs() <= here / 1000.0, "{format:?}: {there}, {here}");
                assert_eq!(canvas.peak(&host, &color).expect("a host's"), None);
                color.transfer_characteristics = 1;
                assert_eq!(canvas.peak(&decoded, &color).expect("SDR"), None);
            }
            measured += 1;
        }
        assert!(measured >= least, "{measured} formats, {sampling:?}");
    }
}

/// A picture that takes all of the target is copied there where a processor draws: the same pixels.
#[test]
fn copied_pixels_are_those_that_are_drawn() {
    let Some((_instance, adapter, device)) = device() else { return };
    let mut canvas = Canvas::of(&device, &adapter, SIZE, Output::Sdr).expect("a canvas");
    let is_cpu = adapter.device_type == vk::PhysicalDeviceType::CPU;
    let mut color = plain_sequence().color_config;
    let mut drawn = 0;
    for format in FORMATS {
        let layout = PictureLayout::of(format).expect("a layout");
        let sampling = Sampling::Planes;
        let Some(image) = image(&adapter, &device, format, sampling) else { continue };
        let kind = Format { chroma: layout.chroma, bit_depth: layout.bit_depth };
        let (host, hold) = (noise(kind), Arc::new(()));
        let decoded = on_device(&device, &image, (layout, sampling), &host, &hold);
        for transfer_characteristics in [1, 16] {
            color.transfer_characteristics = transfer_characteristics;
            for picture in [PictureRef::from(&host), PictureRef::from(&decoded)] {
                let luminance = Luminance::default();
                let frame = Some(Content { picture, color: &color, luminance, grain: None });
                let view = View { size: SIZE, ..View::default() };
                let clear = Overlay { origin: (0, 0), size: (1, 1), pixels: &[0; 4] };
                let all = Drawing { frame, view, overlay: None };
                let copied = canvas.draw(&all).expect("copied").to_vec();
                assert_eq!(canvas.keeps_picture(), !is_cpu);
                let below = Drawing { overlay: Some(clear), ..all };
                assert!(canvas.draw(&below).expect("drawn") == copied, "{format:?}");
                assert!(canvas.keeps_picture());
                // What is kept is there for the next.
                let again = Drawing { frame: None, view, overlay: None };
                assert!(canvas.draw(&again).expect("drawn again") == copied, "{format:?}");
            }
        }
        drawn += 1;
    }
    assert!(drawn >= 6, "{drawn} formats");
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_picture() {
    let Some((_instance, adapter, device)) = device() else { return };
    let format = vk::Format::R8_UNORM;
    let layout = PictureLayout::of(format).expect("a layout");
    let sampling = Sampling::Planes;
    let Some(image) = image(&adapter, &device, format, sampling) else { return };
    let kind = Format { chroma: layout.chroma, bit_depth: layout.bit_depth };
    let (host, hold) = (noise(kind), Arc::new(()));
    let (decoded, lane) =
        on_device_within(Duration::ZERO, &device, &image, (layout, sampling), (&host, &hold));
    let error = decoded.read().expect_err("it is never decoded");
    assert!(matches!(error, Error::Device(DeviceError::Timeout { .. })), "{error}");
    let error = decoded.clone().into_host().expect_err("nor later");
    assert!(matches!(error, Error::Device(_)), "{error}");
    // The driver is not left waiting.
    let info = vk::SemaphoreSignalInfo::default()
        .semaphore(lane.timeline().raw())
        .value(lane.last().value());
    // SAFETY: nothing else signals this value.
    unsafe { device.raw().signal_semaphore(&info) }.expect("signalled");
}
