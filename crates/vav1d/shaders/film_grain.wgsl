// Film grain: the add noise synthesis process of the AV1 specification, 7.18.3.5, in integers:
// exactly what `grain::apply` makes on the host. What is made value after value (templates, scaling
// functions, random bytes) comes from there.
//
// group 0, binding 0: uniform `FilmGrain` (av1-picture, src/grain/shader.rs, has the same structure)
//          binding 1: the planes, as `pixels::Picture` has them, and from word `data` on
//                     ScalingLut of Y, Cb, Cr, four values a word;
//                     LumaGrain, CbGrain, CrGrain, two signed values a word;
//                     a random byte for each block of 32 x 32 luma samples, one a word
//          binding 2: out: the planes with film grain

struct FilmGrain {
    // Luma samples, then chroma samples.
    size: vec2<u32>,
    chroma_size: vec2<u32>,
    // subsampling_x, subsampling_y.
    subsampling: vec2<u32>,
    // First sample of planes U and V.
    planes: vec2<u32>,
    // Samples of all planes.
    samples: u32,
    bit_depth: u32,
    // A bit for each plane that has noise.
    noisy_planes: u32,
    scaling_shift: u32,
    overlap: u32,
    chroma_scaling_from_luma: u32,
    // Blocks in a row.
    blocks: u32,
    data: u32,
    // GrainMin and GrainMax.
    grain_range: vec2<i32>,
    // What samples are clipped to: the least, the greatest of luma and of chroma.
    min: i32,
    max_luma: i32,
    max_chroma: i32,
    // For U and V: the factor of luma, that of chroma, the offset. Aligned to 16 bytes.
    mix: array<vec4<i32>, 2>,
}

@group(0) @binding(0) var<uniform> g: FilmGrain;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> grained: array<u32>;

const LUT_WORDS: u32 = 192u;
// Two samples of 73 rows of 82 a word.
const TEMPLATE_WORDS: u32 = 2993u;

// Samples of a word.
fn per_word() -> u32 {
    return select(2u, 4u, g.bit_depth == 8u);
}

// Sample `index` of all planes.
fn sample(index: u32) -> i32 {
    if g.bit_depth == 8u {
        return i32((source[index >> 2u] >> ((index & 3u) * 8u)) & 0xffu);
    }
    return i32((source[index >> 1u] >> ((index & 1u) * 16u)) & 0xffffu);
}

// Round2() of 4.7.
fn round2(x: i32, n: u32) -> i32 {
    if n == 0u {
        return x;
    }
    return (x + (1 << (n - 1u))) >> n;
}

fn subsampling(plane: u32) -> vec2<u32> {
    return select(g.subsampling, vec2<u32>(0u), plane == 0u);
}

// The template's value at `at` of block `block`.
fn template_at(plane: u32, block: u32, at: vec2<u32>) -> i32 {
    let sub = subsampling(plane);
    let random = source[g.data + LUT_WORDS + 3u * TEMPLATE_WORDS + block];
    let offset = vec2<u32>(random >> 4u, random & 15u);
    let cell = at + select(9u + 2u * offset, 6u + offset, sub == vec2<u32>(1u));
    let index = cell.y * select(82u, 44u, sub.x == 1u) + cell.x;
    let word = source[g.data + LUT_WORDS + plane * TEMPLATE_WORDS + (index >> 1u)];
    return extractBits(bitcast<i32>(word), (index & 1u) * 16u, 16u);
}

// Blends value `i` of an overlap, which has two, or one where the plane is subsampled.
fn blend(old: i32, grain: i32, i: u32, sub: u32) -> i32 {
    var weights = vec2<i32>(23, 22);
    if sub == 0u {
        weights = select(vec2<i32>(17, 27), vec2<i32>(27, 17), i == 0u);
    }
    let sum = old * weights.x + grain * weights.y;
    return clamp(round2(sum, 5u), g.grain_range.x, g.grain_range.y);
}

// noiseStripe[stripe][plane][row][x]
fn noise_stripe(plane: u32, stripe: u32, row: u32, x: u32) -> i32 {
    let sub = subsampling(plane).x;
    let width = 32u >> sub;
    let column = x % width;
    let block = stripe * g.blocks + x / width;
    let grain = template_at(plane, block, vec2<u32>(column, row));
    if g.overlap == 0u || x < width || column >= (2u >> sub) {
        return grain;
    }
    let old = template_at(plane, block - 1u, vec2<u32>(column + width, row));
    return blend(old, grain, column, sub);
}

// noiseImage[plane][at.y][at.x]
fn noise_image(plane: u32, at: vec2<u32>) -> i32 {
    let sub = subsampling(plane).y;
    let height = 32u >> sub;
    let stripe = at.y / height;
    let row = at.y % height;
    let grain = noise_stripe(plane, stripe, row, at.x);
    if g.overlap == 0u || stripe == 0u || row >= (2u >> sub) {
        return grain;
    }
    let old = noise_stripe(plane, stripe - 1u, row + height, at.x);
    return blend(old, grain, row, sub);
}

fn scaling_lut(plane: u32, x: u32) -> i32 {
    let index = plane * 256u + x;
    return i32((source[g.data + (index >> 2u)] >> ((index & 3u) * 8u)) & 0xffu);
}

// scale_lut()
fn scale_lut(plane: u32, index: i32) -> i32 {
    let shift = g.bit_depth - 8u;
    let x = u32(index) >> shift;
    let start = scaling_lut(plane, x);
    if shift == 0u || x == 255u {
        return start;
    }
    let rest = index - i32(x << shift);
    return start + round2((scaling_lut(plane, x + 1u) - start) * rest, shift);
}

// What the noise of a chroma sample depends on.
fn merged(plane: u32, at: vec2<u32>, original: i32) -> i32 {
    let left = at.x << g.subsampling.x;
    let row = (at.y << g.subsampling.y) * g.size.x;
    var luma = sample(row + left);
    if g.subsampling.x == 1u {
        luma = round2(luma + sample(row + min(left + 1u, g.size.x - 1u)), 1u);
    }
    if g.chroma_scaling_from_luma != 0u {
        return luma;
    }
    let mix = g.mix[plane - 1u];
    let combined = luma * mix.x + original * mix.y;
    return clamp((combined >> 6u) + mix.z, 0, (1 << g.bit_depth) - 1);
}

// Sample `index` of all planes with its noise.
fn with_noise(index: u32) -> u32 {
    var plane = 0u;
    var first = 0u;
    var width = g.size.x;
    if index >= g.planes.x {
        plane = select(1u, 2u, index >= g.planes.y);
        first = select(g.planes.x, g.planes.y, plane == 2u);
        width = g.chroma_size.x;
    }
    let original = sample(index);
    if ((g.noisy_planes >> plane) & 1u) == 0u {
        return u32(original);
    }
    let at = vec2<u32>((index - first) % width, (index - first) / width);
    var depends_on = original;
    if plane != 0u {
        depends_on = merged(plane, at, original);
    }
    let noise = round2(scale_lut(plane, depends_on) * noise_image(plane, at), g.scaling_shift);
    return u32(clamp(original + noise, g.min, select(g.max_chroma, g.max_luma, plane == 0u)));
}

// One word.
@compute @workgroup_size(16, 8)
fn film_grain(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let word = (group.y * groups.x + group.x) * 128u + local;
    let first = word * per_word();
    let bits = 32u / per_word();
    var out = 0u;
    for (var i = 0u; i < per_word() && first + i < g.samples; i++) {
        out |= with_noise(first + i) << (i * bits);
    }
    if first < g.samples {
        grained[word] = out;
    }
}
