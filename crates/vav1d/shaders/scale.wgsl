// One direction of a separable scaling. The kernel grows with the step where the picture gets
// smaller, so that nothing aliases.
//
// group 0, binding 0: uniform `Scaling` (src/vk/render/passes.rs has the same structure)
//          binding 1: pixels, two words each, four of 16 bits
//          binding 2: out: the same

// How pixels are weighted; each is compiled, since software drivers run every branch of a shader:
// build.rs replaces the value.
// 0: nearest; 1: bilinear; 2: Catmull-Rom; 3: Lanczos, three lobes.
const KERNEL: u32 = 2u;

struct Scaling {
    source: vec2<u32>,
    target_size: vec2<u32>,
    // 0: along x; 1: along y.
    axis: u32,
    // Source pixels for one target pixel.
    step: f32,
}

@group(0) @binding(0) var<uniform> s: Scaling;
@group(0) @binding(1) var<storage, read> source: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> scaled: array<vec2<u32>>;

const PI: f32 = 3.14159265358979;

// Weights of a pixel for four others, by its distances from them.
fn weights(distances: vec4<f32>) -> vec4<f32> {
    let x = abs(distances);
    let zero = vec4<f32>(0.0);
    if KERNEL == 1u {
        return max(1.0 - x, zero);
    }
    if KERNEL == 2u {
        let near = (1.5 * x - 2.5) * x * x + 1.0;
        let far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
        return select(select(zero, far, x < vec4<f32>(2.0)), near, x < vec4<f32>(1.0));
    }
    let lobes = 3.0 * sin(PI * x) * sin(PI * x / 3.0) / (PI * PI * x * x);
    let inside = select(zero, lobes, x < vec4<f32>(3.0));
    return select(inside, vec4<f32>(1.0), x < vec4<f32>(1e-5));
}

fn support() -> f32 {
    switch KERNEL {
        case 1u: { return 1.0; }
        case 2u: { return 2.0; }
        default: { return 3.0; }
    }
}

fn load(at: vec2<u32>) -> vec3<f32> {
    let words = source[at.y * s.source.x + at.x];
    return vec3<f32>(unpack2x16unorm(words.x), unpack2x16unorm(words.y).x);
}

fn store(at: vec2<u32>, pixel: vec3<f32>) {
    if at.x < s.target_size.x && at.y < s.target_size.y {
        let out = clamp(pixel, vec3<f32>(0.0), vec3<f32>(1.0));
        scaled[at.y * s.target_size.x + at.x] =
            vec2<u32>(pack2x16unorm(out.xy), pack2x16unorm(vec2<f32>(out.z, 1.0)));
    }
}

// Four pixels along the axis at a time: they share most of what they are made of, and loads are
// what takes software drivers long.
@compute @workgroup_size(16, 8)
fn scale(@builtin(global_invocation_id) id: vec3<u32>) {
    let vertical = s.axis == 1u;
    let along = select(vec2<u32>(1u, 0u), vec2<u32>(0u, 1u), vertical);
    let at = id.xy * (vec2<u32>(1u) + 3u * along);
    if at.x >= s.target_size.x || at.y >= s.target_size.y {
        return;
    }
    let last = i32(select(s.source.x, s.source.y, vertical)) - 1;
    let begin = f32(select(at.x, at.y, vertical));
    let centers = (vec4<f32>(begin) + vec4<f32>(0.5, 1.5, 2.5, 3.5)) * s.step - 0.5;
    let stretch = max(s.step, 1.0);
    let shrink = 1.0 / stretch;
    let nearest = floor(centers + 0.5);
    var first = i32(nearest.x);
    var end = i32(nearest.w);
    if KERNEL != 0u {
        let radius = support() * stretch;
        first = i32(ceil(centers.x - radius));
        end = i32(floor(centers.w + radius));
    }
    var red = vec4<f32>(0.0);
    var green = vec4<f32>(0.0);
    var blue = vec4<f32>(0.0);
    var total = vec4<f32>(0.0);
    for (var i = first; i <= end; i++) {
        let place = u32(clamp(i, 0, last));
        var w = select(vec4<f32>(0.0), vec4<f32>(1.0), vec4<f32>(f32(i)) == nearest);
        if KERNEL != 0u {
            w = weights((vec4<f32>(f32(i)) - centers) * shrink);
        }
        let pixel = load(select(vec2<u32>(place, at.y), vec2<u32>(at.x, place), vertical));
        red += w * pixel.x;
        green += w * pixel.y;
        blue += w * pixel.z;
        total += w;
    }
    red /= total;
    green /= total;
    blue /= total;
    store(at, vec3<f32>(red.x, green.x, blue.x));
    store(at + along, vec3<f32>(red.y, green.y, blue.y));
    store(at + 2u * along, vec3<f32>(red.z, green.z, blue.z));
    store(at + 3u * along, vec3<f32>(red.w, green.w, blue.w));
}
