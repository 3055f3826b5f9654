// Where the samples are: in the planes of the image that was decoded to, of which each view has its
// plane's samples in the first component.
//
// group 0, bindings 3 to 5

@group(0) @binding(3) var plane_y: texture_2d<u32>;
@group(0) @binding(4) var plane_u: texture_2d<u32>;
@group(0) @binding(5) var plane_v: texture_2d<u32>;

fn sample(plane: u32, at: vec2<u32>) -> u32 {
    switch plane {
        case 0u: { return textureLoad(plane_y, at, 0).x; }
        case 1u: { return textureLoad(plane_u, at, 0).x; }
        default: { return textureLoad(plane_v, at, 0).x; }
    }
}

// Four samples of a row of plane 0 (Y), 1 (U) or 2 (V), from `x` on. Those behind the row are never
// used.
fn four(plane: u32, x: u32, y: u32) -> vec4<f32> {
    let last = select(c.chroma_size.x, c.size.x, plane == 0u) - 1u;
    let columns = min(vec4<u32>(x) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(last));
    let bits = vec4<u32>(
        sample(plane, vec2<u32>(columns.x, y)),
        sample(plane, vec2<u32>(columns.y, y)),
        sample(plane, vec2<u32>(columns.z, y)),
        sample(plane, vec2<u32>(columns.w, y)),
    );
    // They are in the high bits.
    return vec4<f32>(bits >> vec4<u32>(c.shift));
}
