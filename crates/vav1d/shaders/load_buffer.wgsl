// Where the samples are: the planes one after the other, as `pixels::Picture` has them.
//
// group 0, binding 1

@group(0) @binding(1) var<storage, read> samples: array<u32>;

// The word at `index`, or the last one: what is behind the picture is never used.
fn word(index: u32) -> u32 {
    return samples[min(index, arrayLength(&samples) - 1u)];
}

// Four samples of a row of plane 0 (Y), 1 (U) or 2 (V), from `x` on, wherever words begin: few
// loads are what software drivers like. Those behind the row are never used.
fn four(plane: u32, x: u32, y: u32) -> vec4<f32> {
    let start = select(select(c.planes.x, c.planes.y, plane == 2u), 0u, plane == 0u);
    let width = select(c.chroma_size.x, c.size.x, plane == 0u);
    let index = start + y * width + x;
    if WIDE {
        let first = index >> 1u;
        let a = word(first);
        let b = word(first + 1u);
        let d = word(first + 2u);
        let odd = (index & 1u) == 1u;
        let low = select(a, (a >> 16u) | (b << 16u), odd);
        let high = select(b, (b >> 16u) | (d << 16u), odd);
        return vec4<f32>(vec4<u32>(low, low >> 16u, high, high >> 16u) & vec4<u32>(0xffffu));
    }
    let shift = (index & 3u) * 8u;
    let a = word(index >> 2u);
    let b = word((index >> 2u) + 1u);
    // A shift by 32 would be none at all.
    let bytes = select(a, (a >> shift) | (b << ((32u - shift) & 31u)), shift > 0u);
    return vec4<f32>((vec4<u32>(bytes) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu));
}
