// Where a converted pixel goes: to passes that scale it, and place it in the target.
//
// group 0, binding 2: out: two words a pixel, four of 16 bits: R', G', B' in 0..1, and 1

@group(0) @binding(2) var<storage, read_write> rgb: array<vec2<u32>>;

fn store(index: u32, at: vec2<u32>, words: vec2<u32>) {
    rgb[index] = words;
}

