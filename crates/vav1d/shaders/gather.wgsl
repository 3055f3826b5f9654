// The samples of the image that was decoded to, plane after plane, as `pixels::Picture` has them: what
// film grain works on, and what is drawn where shaders have no views of planes.
//
// group 0, binding 0: uniform `Gather` (src/vk/render/passes.rs has the same structure)
//          binding 2: out: the samples in words
//          what gather_planes.wgsl or gather_whole.wgsl binds, one of which build.rs puts before this

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
    // The largest sample.
    top: u32,
    // Texels of the image.
    extent: vec2<u32>,
    // subsampling_x, subsampling_y.
    subsampling: vec2<u32>,
}

@group(0) @binding(0) var<uniform> g: Gather;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;

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
            word |= sample(at) << (i * g.bits);
        }
    }
    words[index] = word;
}
