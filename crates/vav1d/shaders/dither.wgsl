// Ordered dither: for present.wgsl and store_pixels.wgsl.

// A threshold in 0..1 for each place of an 8x8 pattern, evenly spread.
fn threshold(at: vec2<u32>) -> f32 {
    let x = at.x ^ at.y;
    let y = at.y;
    let v = ((x & 1u) << 5u) | ((y & 1u) << 4u) | ((x & 2u) << 2u) | ((y & 2u) << 1u)
        | ((x & 4u) >> 1u) | ((y & 4u) >> 2u);
    return (f32(v) + 0.5) / 64.0;
}

