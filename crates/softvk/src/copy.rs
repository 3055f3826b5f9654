//! Execution of copies, fills and clears. What is out of range is the application's error: it is
//! reported, and the rest goes on.

use std::ops::Range;

use ash::vk;

use crate::access::Bytes;
use crate::format::plane_of;
use crate::image::{Buffer, Image};

fn outside(what: &str) {
    log::error!("softvk: {what} reaches outside its resource, or has no memory");
}

/// vkCmdCopyBuffer.
pub(crate) fn buffer(src: &Buffer, dst: &Buffer, region: &vk::BufferCopy) {
    let fits =
        |offset: u64, b: &Buffer| offset.checked_add(region.size).is_some_and(|e| e <= b.size);
    if !fits(region.src_offset, src) || !fits(region.dst_offset, dst) {
        return outside("vkCmdCopyBuffer");
    }
    let mut bytes = vec![0; region.size as usize];
    let done = src.binding.read(region.src_offset, &mut bytes)
        && dst.binding.write(region.dst_offset, &bytes);
    if !done {
        outside("vkCmdCopyBuffer");
    }
}

/// vkCmdFillBuffer.
pub(crate) fn fill(dst: &Buffer, offset: u64, size: u64, data: u32) {
    let size = match size {
        vk::WHOLE_SIZE => dst.size.saturating_sub(offset) & !3,
        size => size,
    };
    if offset.checked_add(size).is_none_or(|end| end > dst.size) {
        return outside("vkCmdFillBuffer");
    }
    if !dst.binding.write(offset, &data.to_ne_bytes().repeat(size as usize / 4)) {
        outside("vkCmdFillBuffer");
    }
}

/// The layers of `image` from `first` on: `count` of them, or all.
fn layers(image: &Image, first: u32, count: u32) -> Option<Range<u32>> {
    match count {
        vk::REMAINING_ARRAY_LAYERS => (first <= image.layers).then_some(first..image.layers),
        count => Some(first..first.checked_add(count)?),
    }
}

/// The rows of a buffer-image region: (row in bytes, offset in the buffer, offset in the image).
fn rows(image: &Image, region: &vk::BufferImageCopy) -> Option<Vec<(usize, u64, u64)>> {
    let plane = plane_of(region.image_subresource.aspect_mask);
    let bytes = u64::from(image.planes.get(plane)?.format.bytes);
    let extent = region.image_extent;
    let (x, y) = (region.image_offset.x.max(0) as u32, region.image_offset.y.max(0) as u32);
    let row_length = match region.buffer_row_length {
        0 => extent.width,
        length => length,
    };
    let image_height = match region.buffer_image_height {
        0 => extent.height,
        height => height,
    };
    image.offset(plane, 0, x.checked_add(extent.width)?, y)?;
    let mut rows = Vec::new();
    let layers = match region.image_subresource.layer_count {
        vk::REMAINING_ARRAY_LAYERS => {
            image.layers.checked_sub(region.image_subresource.base_array_layer)?
        }
        count => count,
    };
    for layer in 0..layers {
        for row in 0..extent.height {
            let texels = (u64::from(layer) * u64::from(image_height) + u64::from(row))
                * u64::from(row_length);
            let in_buffer = region.buffer_offset.checked_add(texels * bytes)?;
            let at = region.image_subresource.base_array_layer + layer;
            let in_image = image.offset(plane, at, x, y + row)?;
            rows.push(((u64::from(extent.width) * bytes) as usize, in_buffer, in_image));
        }
    }
    Some(rows)
}

/// The bytes of a buffer that a copy from or to `image` accesses; none if it is out of range.
pub(crate) fn bytes(image: &Image, region: &vk::BufferImageCopy) -> Option<Bytes> {
    let plane = plane_of(region.image_subresource.aspect_mask);
    let texel = u64::from(image.planes.get(plane)?.format.bytes);
    let extent = region.image_extent;
    let or = |length: u32, own: u32| u64::from(if length == 0 { own } else { length });
    let pitch = or(region.buffer_row_length, extent.width);
    let rows = or(region.buffer_image_height, extent.height);
    let subresource = region.image_subresource;
    let count = match subresource.layer_count {
        vk::REMAINING_ARRAY_LAYERS => image.layers.checked_sub(subresource.base_array_layer)?,
        count => count,
    };
    let last_row = u64::from(count.checked_sub(1)?).checked_mul(rows)?;
    let last_row = last_row.checked_add(u64::from(extent.height.checked_sub(1)?))?;
    let texels = last_row.checked_mul(pitch)?.checked_add(extent.width.into())?;
    let end = region.buffer_offset.checked_add(texels.checked_mul(texel)?)?;
    let gaps = pitch > extent.width.into() || count > 1 && rows > extent.height.into();
    Some(Bytes { range: region.buffer_offset..end, gaps })
}

/// vkCmdCopyBufferToImage.
pub(crate) fn buffer_to_image(src: &Buffer, dst: &Image, region: &vk::BufferImageCopy) {
    settle(dst, region.image_subresource);
    let Some(rows) = rows(dst, region) else { return outside("vkCmdCopyBufferToImage") };
    for (len, from, to) in rows {
        let mut bytes = vec![0; len];
        let inside = from.checked_add(len as u64).is_some_and(|end| end <= src.size);
        if !(inside && src.binding.read(from, &mut bytes) && dst.binding.write(to, &bytes)) {
            return outside("vkCmdCopyBufferToImage");
        }
    }
}

/// Before the memory of layers of `image` is read or written.
fn settle(image: &Image, subresource: vk::ImageSubresourceLayers) {
    let (first, count) = (subresource.base_array_layer, subresource.layer_count);
    layers(image, first, count).into_iter().flatten().for_each(|layer| image.settle(layer));
}

/// The region of one layer whose picture is not in the image's memory yet: `each` gets every row, and
/// where it goes behind the start of the buffer. `None` if that is not all that is wanted.
fn pending_rows(
    src: &Image,
    region: &vk::BufferImageCopy,
    mut each: impl FnMut(u64, &[u8]) -> Option<()>,
) -> Option<()> {
    let subresource = region.image_subresource;
    let (extent, offset) = (region.image_extent, region.image_offset);
    let whole_rows = offset.x == 0 && offset.y >= 0 && subresource.layer_count == 1;
    let pending = src.pending(subresource.base_array_layer)?.clone().filter(|_| whole_rows)?;
    let plane = plane_of(subresource.aspect_mask);
    let bytes = u64::from(src.planes.get(plane)?.format.bytes);
    let pitch = match region.buffer_row_length {
        0 => extent.width,
        length => length,
    };
    let first = offset.y as u32;
    let rows = first..first.checked_add(extent.height)?;
    let mut at = region.buffer_offset;
    pending.read(src, plane, (extent.width, rows), |row| {
        each(at, row)?;
        at = at.checked_add(u64::from(pitch) * bytes)?;
        Some(())
    })
}

/// vkCmdCopyImageToBuffer.
pub(crate) fn image_to_buffer(src: &Image, dst: &Buffer, region: &vk::BufferImageCopy) {
    let write = |at: u64, row: &[u8]| dst.binding.write(at, row).then_some(());
    if pending_rows(src, region, write).is_some() {
        return;
    }
    settle(src, region.image_subresource);
    let Some(rows) = rows(src, region) else { return outside("vkCmdCopyImageToBuffer") };
    let mut bytes = Vec::new();
    for (len, to, from) in rows {
        bytes.resize(len, 0);
        let inside = to.checked_add(len as u64).is_some_and(|end| end <= dst.size);
        if !(inside && src.binding.read(from, &mut bytes) && dst.binding.write(to, &bytes)) {
            return outside("vkCmdCopyImageToBuffer");
        }
    }
}

/// Gives `each` the rows of a region of `src`, and where each goes in the memory of the host; `None`
/// if it reaches outside the image.
pub(crate) fn image_to_host(
    src: &Image,
    region: &vk::BufferImageCopy,
    mut each: impl FnMut(usize, &[u8]),
) -> Option<()> {
    // What reaches outside writes nothing.
    let rows = rows(src, region)?;
    let pending = |at: u64, row: &[u8]| {
        each(at as usize, row);
        Some(())
    };
    if pending_rows(src, region, pending).is_some() {
        return Some(());
    }
    settle(src, region.image_subresource);
    let mut bytes = Vec::new();
    for (len, to, from) in rows {
        bytes.resize(len, 0);
        src.binding.read(from, &mut bytes).then_some(())?;
        each(to as usize, &bytes);
    }
    Some(())
}

/// The other way: `each` fills a row from where it is in the memory of the host.
pub(crate) fn host_to_image(
    dst: &Image,
    region: &vk::BufferImageCopy,
    mut each: impl FnMut(usize, &mut [u8]),
) -> Option<()> {
    settle(dst, region.image_subresource);
    for (len, from, to) in rows(dst, region)? {
        let mut bytes = vec![0; len];
        each(from as usize, &mut bytes);
        dst.binding.write(to, &bytes).then_some(())?;
    }
    Some(())
}

/// vkCmdCopyImage.
pub(crate) fn image(src: &Image, dst: &Image, region: &vk::ImageCopy) {
    if image_rows(src, dst, region).is_none() {
        outside("vkCmdCopyImage");
    }
}

fn image_rows(src: &Image, dst: &Image, region: &vk::ImageCopy) -> Option<()> {
    settle(src, region.src_subresource);
    settle(dst, region.dst_subresource);
    let (from, to) = (
        plane_of(region.src_subresource.aspect_mask),
        plane_of(region.dst_subresource.aspect_mask),
    );
    let texel = src.planes.get(from)?.format.bytes;
    if dst.planes.get(to)?.format.bytes != texel {
        return None;
    }
    let extent = region.extent;
    let position = |o: vk::Offset3D| (o.x.max(0) as u32, o.y.max(0) as u32);
    let ((sx, sy), (dx, dy)) = (position(region.src_offset), position(region.dst_offset));
    let mut bytes = vec![0; extent.width as usize * texel as usize];
    for layer in 0..region.src_subresource.layer_count {
        let (sl, dl) = (
            region.src_subresource.base_array_layer + layer,
            region.dst_subresource.base_array_layer + layer,
        );
        src.offset(from, sl, sx.checked_add(extent.width)?, sy)?;
        dst.offset(to, dl, dx.checked_add(extent.width)?, dy)?;
        for row in 0..extent.height {
            let read = src.binding.read(src.offset(from, sl, sx, sy + row)?, &mut bytes);
            let written = dst.binding.write(dst.offset(to, dl, dx, dy + row)?, &bytes);
            (read && written).then_some(())?;
        }
    }
    Some(())
}

/// vkCmdClearColorImage, all of plane 0.
pub(crate) fn clear(dst: &Image, texel: &[u8]) {
    let row = texel.repeat(dst.extent.width as usize);
    for layer in 0..dst.layers {
        dst.settle(layer);
        for y in 0..dst.extent.height {
            if dst.offset(0, layer, 0, y).is_none_or(|at| !dst.binding.write(at, &row)) {
                return outside("vkCmdClearColorImage");
            }
        }
    }
}
