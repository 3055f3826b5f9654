// Where gather.wgsl finds samples: views of the planes, with their samples in the first component.
//
// group 0, bindings 3 to 5

@group(0) @binding(3) var plane_y: texture_2d<u32>;
@group(0) @binding(4) var plane_u: texture_2d<u32>;
@group(0) @binding(5) var plane_v: texture_2d<u32>;

// Sample `index` of all planes.
fn sample(index: u32) -> u32 {
    return stored(index) >> g.shift;
}

fn stored(index: u32) -> u32 {
    if index < g.planes.x {
        return textureLoad(plane_y, vec2<u32>(index % g.size.x, index / g.size.x), 0).x;
    }
    let width = max(g.chroma_size.x, 1u);
    if index < g.planes.y {
        let at = index - g.planes.x;
        return textureLoad(plane_u, vec2<u32>(at % width, at / width), 0).x;
    }
    let at = index - g.planes.y;
    return textureLoad(plane_v, vec2<u32>(at % width, at / width), 0).x;
}
