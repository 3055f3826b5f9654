// Where gather.wgsl finds samples: the whole picture through a Y'CBCR conversion that changes nothing
// (RGB_IDENTITY: V, Y and U in R, G and B) and filters nothing.
//
// group 0, bindings 3 and 4: build.rs makes one of them, an image with its sampler, since WGSL has no
//          such thing and Vulkan wants one for conversions

@group(0) @binding(3) var picture: texture_2d<f32>;
@group(0) @binding(4) var nearest: sampler;

fn texel(at: vec2<f32>) -> vec3<f32> {
    return textureSampleLevel(picture, nearest, at / vec2<f32>(g.extent), 0.0).xyz;
}

// The middle of chroma sample `at`, in luma texels: the nearest chroma sample is this one wherever the
// conversion takes chroma to lie.
fn middle(at: vec2<u32>) -> vec2<f32> {
    return (vec2<f32>(at) + 0.5) * vec2<f32>(vec2<u32>(1u) << g.subsampling);
}

// The sample of a normalised value. Samples of 10 and 12 bits are in the high bits of 16, and there are
// devices that take the others, which are zero, for a part of the value: it is then smaller by less than
// one step.
fn stored(value: f32) -> u32 {
    return u32(max(ceil(value * f32(g.top) - 0.008), 0.0));
}

// Sample `index` of all planes.
fn sample(index: u32) -> u32 {
    if index < g.planes.x {
        return stored(texel(vec2<f32>(vec2<u32>(index % g.size.x, index / g.size.x)) + 0.5).y);
    }
    let width = max(g.chroma_size.x, 1u);
    if index < g.planes.y {
        let at = index - g.planes.x;
        return stored(texel(middle(vec2<u32>(at % width, at / width))).z);
    }
    let at = index - g.planes.y;
    return stored(texel(middle(vec2<u32>(at % width, at / width))).x);
}
