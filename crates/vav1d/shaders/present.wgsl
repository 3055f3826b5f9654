// The scaled picture at its place in the target, an overlay above it, dithered to what the target
// holds.
//
// group 0, binding 0: uniform `Presentation` (src/vk/render/passes.rs has the same structure)
//          binding 1: the picture, two words a pixel, four of 16 bits
//          binding 2: the overlay, a word a pixel: R, G, B, A, multiplied by A, from the lowest byte
//
// build.rs puts dither.wgsl before this.

// Whether there is an overlay; both are compiled, since software drivers run every branch of a
// shader: build.rs replaces the value.
const OVERLAY: bool = false;

struct Presentation {
    // The picture's place in the target; it may reach outside.
    origin: vec2<i32>,
    size: vec2<i32>,
    overlay_origin: vec2<i32>,
    overlay_size: vec2<i32>,
    // What is shown of that place.
    clip_origin: vec2<i32>,
    clip_size: vec2<i32>,
    // Largest value of the target's components.
    levels: f32,
    // 1: the target takes PQ; the overlay's white is 203 cd/m2 then.
    hdr_output: u32,
    // Quarters of a turn, clockwise; `size` is of the turned picture.
    quarters: u32,
    // 1: left and right of the turned picture are exchanged.
    mirrored: u32,
}

@group(0) @binding(0) var<uniform> p: Presentation;
@group(0) @binding(1) var<storage, read> picture: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> overlay: array<u32>;

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    // One triangle that covers everything.
    let x = f32(index & 1u) * 4.0 - 1.0;
    let y = f32(index >> 1u) * 4.0 - 1.0;
    return vec4<f32>(x, y, 0.0, 1.0);
}

// PQ of 203 cd/m2, BT.2408's white of graphics.
const HDR_WHITE: f32 = 0.5807;

// Which pixel of the picture is at `shown` of the one that is shown.
fn index(shown: vec2<i32>) -> i32 {
    let at = vec2<i32>(select(shown.x, p.size.x - 1 - shown.x, p.mirrored == 1u), shown.y);
    switch p.quarters {
        case 1u: { return (p.size.x - 1 - at.x) * p.size.y + at.y; }
        case 2u: { return (p.size.y - 1 - at.y) * p.size.x + p.size.x - 1 - at.x; }
        case 3u: { return at.x * p.size.y + p.size.y - 1 - at.y; }
        default: { return at.y * p.size.x + at.x; }
    }
}

@fragment
fn pixel(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<i32>(position.xy);
    var color = vec3<f32>(0.0);
    let inside = at - p.origin;
    let clipped = at - p.clip_origin;
    let is_shown = all(clipped >= vec2<i32>(0)) && all(clipped < p.clip_size);
    if is_shown && all(inside >= vec2<i32>(0)) && all(inside < p.size) {
        let words = picture[index(inside)];
        color = vec3<f32>(unpack2x16unorm(words.x), unpack2x16unorm(words.y).x);
    }
    let over = at - p.overlay_origin;
    if OVERLAY && all(over >= vec2<i32>(0)) && all(over < p.overlay_size) {
        let over_color = unpack4x8unorm(overlay[over.y * p.overlay_size.x + over.x]);
        let white = select(1.0, HDR_WHITE, p.hdr_output == 1u);
        color = color * (1.0 - over_color.a) + over_color.rgb * white;
    }
    let dithered = floor(color * p.levels + threshold(vec2<u32>(at)));
    return vec4<f32>(clamp(dithered / p.levels, vec3<f32>(0.0), vec3<f32>(1.0)), 1.0);
}
