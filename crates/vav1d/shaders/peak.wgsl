// How bright a picture of PQ is: the largest of R', G', B' of some of its samples, chroma as it is
// stored. av1-picture, src/color/peak.rs, does the same with pictures of the host.
//
// group 0, what conversion.wgsl, and load_buffer.wgsl or load_image.wgsl bind, which build.rs puts
//          before this
//          binding 2: out: the bits of the largest, 0 before

@group(0) @binding(2) var<storage, read_write> largest: atomic<u32>;

@compute @workgroup_size(16, 8)
fn peak(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = id.xy * c.step;
    if at.x >= c.size.x || at.y >= c.size.y {
        return;
    }
    var codes = vec4<f32>(four(0u, at.x, at.y).x, 0.0, 0.0, 1.0);
    if c.chroma_size.x > 0u {
        let of_chroma = at >> c.subsampling;
        codes.y = four(1u, of_chroma.x, of_chroma.y).x;
        codes.z = four(2u, of_chroma.x, of_chroma.y).x;
    }
    let signal = rows(c.matrix, codes);
    let brightest = clamp(max(max(signal.x, signal.y), signal.z), 0.0, 1.0);
    // Bits of numbers that are not negative are in the order of the numbers.
    atomicMax(&largest, bitcast<u32>(brightest));
}
