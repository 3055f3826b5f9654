// Where a converted pixel goes that is one of the target: what present.wgsl makes of it, to be copied.
//
// group 0, binding 2: out: a word a pixel, from the lowest byte R, G, B, 255, or B, G, R, 255

@group(0) @binding(2) var<storage, read_write> pixels: array<u32>;

fn store(index: u32, at: vec2<u32>, words: vec2<u32>) {
    let color = vec3<f32>(unpack2x16unorm(words.x), unpack2x16unorm(words.y).x);
    let dithered = floor(color * 255.0 + threshold(at));
    let bytes = vec3<u32>(clamp(dithered, vec3<f32>(0.0), vec3<f32>(255.0)));
    let ends = select(bytes.xz, bytes.zx, c.swapped == 1u);
    pixels[index] = ends.x | (bytes.y << 8u) | (ends.y << 16u) | 0xff000000u;
}

