// One direction of a separable scaling. The kernel grows with the step where the picture gets
// smaller, so that nothing aliases.
//
// group 0, binding 0: uniform `Scaling` (src/vk/render/passes.rs has the same structure)
//          binding 1: pixels, two words each, four of 16 bits
//          binding 2: out: the same

struct Scaling {
    source: vec2<u32>,
    target_size: vec2<u32>,
    // 0: along x; 1: along y.
    axis: u32,
    // 0: nearest; 1: bilinear; 2: Catmull-Rom; 3: Lanczos, three lobes.
    kernel: u32,
    // Source pixels for one target pixel.
    step: f32,
    padding: u32,
}

@group(0) @binding(0) var<uniform> s: Scaling;
@group(0) @binding(1) var<storage, read> source: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> scaled: array<vec2<u32>>;

const PI: f32 = 3.14159265358979;

fn weight(distance: f32) -> f32 {
    let x = abs(distance);
    if s.kernel == 1u {
        return max(1.0 - x, 0.0);
    }
    if s.kernel == 2u {
        if x < 1.0 {
            return (1.5 * x - 2.5) * x * x + 1.0;
        }
        if x < 2.0 {
            return ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
        }
        return 0.0;
    }
    if x < 1e-5 {
        return 1.0;
    }
    if x < 3.0 {
        return 3.0 * sin(PI * x) * sin(PI * x / 3.0) / (PI * PI * x * x);
    }
    return 0.0;
}

fn support() -> f32 {
    switch s.kernel {
        case 1u: { return 1.0; }
        case 2u: { return 2.0; }
        default: { return 3.0; }
    }
}

fn load(at: vec2<u32>) -> vec3<f32> {
    let words = source[at.y * s.source.x + at.x];
    return vec3<f32>(unpack2x16unorm(words.x), unpack2x16unorm(words.y).x);
}

@compute @workgroup_size(16, 8)
fn scale(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= s.target_size.x || id.y >= s.target_size.y {
        return;
    }
    let along = select(id.x, id.y, s.axis == 1u);
    let last = i32(select(s.source.x, s.source.y, s.axis == 1u)) - 1;
    let center = (f32(along) + 0.5) * s.step - 0.5;
    var first = i32(floor(center + 0.5));
    var end = first;
    let stretch = max(s.step, 1.0);
    if s.kernel != 0u {
        let radius = support() * stretch;
        first = i32(ceil(center - radius));
        end = i32(floor(center + radius));
    }
    var sum = vec3<f32>(0.0);
    var total = 0.0;
    for (var i = first; i <= end; i++) {
        let at = u32(clamp(i, 0, last));
        var w = 1.0;
        if s.kernel != 0u {
            w = weight((f32(i) - center) / stretch);
        }
        let pixel = select(vec2<u32>(at, id.y), vec2<u32>(id.x, at), s.axis == 1u);
        sum += w * load(pixel);
        total += w;
    }
    let out = clamp(sum / total, vec3<f32>(0.0), vec3<f32>(1.0));
    scaled[id.y * s.target_size.x + id.x] =
        vec2<u32>(pack2x16unorm(out.xy), pack2x16unorm(vec2<f32>(out.z, 1.0)));
}
