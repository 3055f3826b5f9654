// A picture's planes to R'G'B' at its own size: range and matrix, chroma siting, transfer, tone
// mapping, gamut.
//
// group 0, what conversion.wgsl, load_buffer.wgsl or load_image.wgsl, and store_rgb.wgsl or
//          store_pixels.wgsl bind, which build.rs puts before this

// What is compiled apart, since software drivers run every branch of a shader: build.rs replaces
// these values.
// 0: no chroma; 1: as large as luma; 2: subsampled.
const CHROMA: u32 = 2u;
// R'G'B' is what the display takes.
const PLAIN: bool = false;

// BT.1886: a power of 2.4.
const TRANSFER_POWER: u32 = 1u;
const TRANSFER_LINEAR: u32 = 2u;
// SMPTE ST 2084.
const TRANSFER_PQ: u32 = 3u;
// ARIB STD-B67.
const TRANSFER_HLG: u32 = 4u;

// Samples of chroma plane 1 or 2 for four luma samples from `x` on.
fn chroma_row(plane: u32, x: u32, y: u32) -> vec4<f32> {
    if CHROMA == 1u || c.subsampling.x == 0u {
        return four(plane, x, y);
    }
    // Samples lie on every second luma sample; those between are their means. The last has no
    // neighbour.
    let first = x >> 1u;
    let s = four(plane, first, y);
    let last = c.chroma_size.x - 1u;
    let second = select(s.y, s.x, first + 1u > last);
    let third = select(s.z, second, first + 2u > last);
    return vec4<f32>(s.x, 0.5 * (s.x + second), second, 0.5 * (second + third));
}

// Chroma of four luma samples from `at` on, whose first is even.
fn chroma(plane: u32, at: vec2<u32>) -> vec4<f32> {
    if CHROMA == 1u || c.subsampling.y == 0u {
        return chroma_row(plane, at.x, at.y);
    }
    let last = c.chroma_size.y - 1u;
    let place = clamp(0.5 * f32(at.y) + c.siting, 0.0, f32(last));
    let low = u32(floor(place));
    let above = chroma_row(plane, at.x, low);
    let below = chroma_row(plane, at.x, min(low + 1u, last));
    return mix(above, below, place - floor(place));
}

const M1: f32 = 0.1593017578125;
const M2: f32 = 78.84375;
const C1: f32 = 0.8359375;
const C2: f32 = 18.8515625;
const C3: f32 = 18.6875;

// ST 2084: signal to cd/m2.
fn pq_to_linear(signal: vec3<f32>) -> vec3<f32> {
    let p = pow(clamp(signal, vec3<f32>(0.0), vec3<f32>(1.0)), vec3<f32>(1.0 / M2));
    return 10000.0 * pow(max(p - C1, vec3<f32>(0.0)) / (C2 - C3 * p), vec3<f32>(1.0 / M1));
}

fn linear_to_pq(luminance: vec3<f32>) -> vec3<f32> {
    let y = pow(clamp(luminance / 10000.0, vec3<f32>(0.0), vec3<f32>(1.0)), vec3<f32>(M1));
    return pow((C1 + C2 * y) / (1.0 + C3 * y), vec3<f32>(M2));
}

fn hlg_inverse(signal: f32) -> f32 {
    if signal <= 0.5 {
        return signal * signal / 3.0;
    }
    return (exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12.0;
}

// BT.2100: HLG signal to cd/m2 of a display of 1000 cd/m2, system gamma 1.2.
fn hlg_to_linear(signal: vec3<f32>) -> vec3<f32> {
    let s = clamp(signal, vec3<f32>(0.0), vec3<f32>(1.0));
    let scene = vec3<f32>(hlg_inverse(s.x), hlg_inverse(s.y), hlg_inverse(s.z));
    let luminance = dot(scene, vec3<f32>(0.2627, 0.6780, 0.0593));
    return 1000.0 * pow(max(luminance, 1e-6), 0.2) * scene;
}

// BT.2390 5.4: the EETF, on the largest component, so that hues stay.
fn tone_map(rgb: vec3<f32>) -> vec3<f32> {
    let brightest = max(max(rgb.x, rgb.y), rgb.z);
    if brightest <= 0.0 || c.source_peak <= c.target_peak {
        return rgb;
    }
    let pq = linear_to_pq(vec3<f32>(brightest, c.source_peak, c.target_peak));
    let e1 = min(pq.x / pq.y, 1.0);
    let max_lum = pq.z / pq.y;
    let ks = 1.5 * max_lum - 0.5;
    var e2 = e1;
    if e1 > ks {
        let t = (e1 - ks) / (1.0 - ks);
        let t2 = t * t;
        let t3 = t2 * t;
        e2 = (2.0 * t3 - 3.0 * t2 + 1.0) * ks
            + (t3 - 2.0 * t2 + t) * (1.0 - ks)
            + (3.0 * t2 - 2.0 * t3) * max_lum;
    }
    let mapped = pq_to_linear(vec3<f32>(e2 * pq.y)).x;
    return rgb * (mapped / brightest);
}

fn output(linear: vec3<f32>) -> vec3<f32> {
    if c.hdr_output == 1u {
        return linear_to_pq(max(rows(c.gamut, vec4<f32>(linear, 0.0)), vec3<f32>(0.0)));
    }
    let mapped = rows(c.gamut, vec4<f32>(tone_map(linear) / c.target_peak, 0.0));
    return pow(clamp(mapped, vec3<f32>(0.0), vec3<f32>(1.0)), vec3<f32>(1.0 / 2.4));
}

// cd/m2.
fn linear(signal: vec3<f32>) -> vec3<f32> {
    switch c.transfer {
        case TRANSFER_PQ: { return pq_to_linear(signal); }
        case TRANSFER_HLG: { return hlg_to_linear(signal); }
        case TRANSFER_LINEAR: { return max(signal, vec3<f32>(0.0)) * c.target_peak; }
        default: {
            let s = clamp(signal, vec3<f32>(0.0), vec3<f32>(1.0));
            return pow(s, vec3<f32>(2.4)) * c.target_peak;
        }
    }
}

// The pixel of `codes`, Y, U, V, and 1.
fn pixel(index: u32, at: vec2<u32>, codes: vec4<f32>) {
    let signal = rows(c.matrix, codes);
    var out = signal;
    if !PLAIN {
        out = output(linear(signal));
    }
    out = clamp(out, vec3<f32>(0.0), vec3<f32>(1.0));
    let words = vec2<u32>(pack2x16unorm(out.xy), pack2x16unorm(vec2<f32>(out.z, 1.0)));
    store(index, at, words);
}

@compute @workgroup_size(16, 8)
fn convert(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = vec2<u32>(id.x * 4u, id.y);
    if at.x >= c.size.x || at.y >= c.size.y {
        return;
    }
    let index = at.y * c.size.x + at.x;
    let y = four(0u, at.x, at.y);
    var u = vec4<f32>(0.0);
    var v = vec4<f32>(0.0);
    if CHROMA != 0u {
        u = chroma(1u, at);
        v = chroma(2u, at);
    }
    // Not by a number: software drivers would keep the vectors in memory for that.
    let count = c.size.x - at.x;
    pixel(index, at, vec4<f32>(y.x, u.x, v.x, 1.0));
    if count > 1u {
        pixel(index + 1u, at + vec2<u32>(1u, 0u), vec4<f32>(y.y, u.y, v.y, 1.0));
    }
    if count > 2u {
        pixel(index + 2u, at + vec2<u32>(2u, 0u), vec4<f32>(y.z, u.z, v.z, 1.0));
    }
    if count > 3u {
        pixel(index + 3u, at + vec2<u32>(3u, 0u), vec4<f32>(y.w, u.w, v.w, 1.0));
    }
}
