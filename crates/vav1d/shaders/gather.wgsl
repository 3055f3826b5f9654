// The planes of the image that was decoded to, one after the other, as `pixels::Picture` has them:
// what film grain works on.
//
// group 0, binding 0: uniform `Gather` (src/vk/render/passes.rs has the same structure)
//          binding 2: out: the samples in words
//          bindings 3 to 5: views of the planes, with their samples in the first component

struct Gather {
    // Luma samples, then chroma samples: width, height.
    size: vec2<u32>,
    chroma_size: vec2<u32>,
    // First sample of planes U and V; the number of all, where there is luma alone.
    planes: vec2<u32>,
    // Samples of all planes, and their words.
    samples: u32,
    words: u32,
    // Samples of a word, and the bits of one.
    in_word: u32,
    bits: u32,
    // By how many bits samples are shifted up in the image.
    shift: u32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> g: Gather;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;
@group(0) @binding(3) var plane_y: texture_2d<u32>;
@group(0) @binding(4) var plane_u: texture_2d<u32>;
@group(0) @binding(5) var plane_v: texture_2d<u32>;

fn sample(index: u32) -> u32 {
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

@compute @workgroup_size(128)
fn gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = (group.y * groups.x + group.x) * 128u + local;
    if index >= g.words {
        return;
    }
    var word = 0u;
    for (var i = 0u; i < g.in_word; i++) {
        let at = index * g.in_word + i;
        if at < g.samples {
            word |= (sample(at) >> g.shift) << (i * g.bits);
        }
    }
    words[index] = word;
}
