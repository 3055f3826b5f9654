// What the samples of a picture mean: what convert.wgsl and peak.wgsl are told.
//
// group 0, binding 0: uniform `Conversion` (av1-picture, src/color/mod.rs, has the same structure)

// A sample has two bytes. What is compiled apart: build.rs replaces the value.
const WIDE: bool = false;

struct Conversion {
    // Luma samples, then chroma samples.
    size: vec2<u32>,
    chroma_size: vec2<u32>,
    // subsampling_x, subsampling_y.
    subsampling: vec2<u32>,
    // Where luma line 0 lies, in lines of a subsampled chroma plane.
    siting: f32,
    // 1: pixels that are copied have B first.
    swapped: u32,
    // First sample of planes U and V.
    planes: vec2<u32>,
    // See TRANSFER_.
    transfer: u32,
    // 1: PQ comes out, BT.2020 primaries; 0: what an SDR display takes.
    hdr_output: u32,
    // Luminance of the brightest source sample and of the output's white, cd/m2.
    source_peak: f32,
    target_peak: f32,
    // By how many bits samples are shifted up in an image.
    shift: u32,
    // Of how many samples of a row, and rows, peak.wgsl looks at one.
    step: u32,
    // From code values of Y, U, V, and 1, to R', G', B' (or L', M', S').
    matrix: array<vec4<f32>, 3>,
    // From linear R, G, B of the source (or L, M, S) to linear R, G, B of the output.
    gamut: array<vec4<f32>, 3>,
}

@group(0) @binding(0) var<uniform> c: Conversion;

fn rows(m: array<vec4<f32>, 3>, v: vec4<f32>) -> vec3<f32> {
    return vec3<f32>(dot(m[0], v), dot(m[1], v), dot(m[2], v));
}

