//! Seeds of frames that a table has no seed for: `random_seed` as aomenc and SVT-AV1 go on with it
//! from frame to frame.

/// What is added for each frame.
const STEP: u16 = 3381;
/// What comes in place of 0, which would make no noise.
const RESTART: u16 = 7391;

/// The factor that undoes [`STEP`], modulo 65536: each round of Newton's method doubles the bits
/// that are right, and an odd number is its own inverse in three bits.
const INVERSE: u16 = {
    let mut inverse = STEP;
    let mut right = 3;
    while right < u16::BITS {
        inverse = inverse.wrapping_mul(2u16.wrapping_sub(STEP.wrapping_mul(inverse)));
        right *= 2;
    }
    inverse
};

/// After how many frames `seed` would come to 0.
const fn until_zero(seed: u16) -> u64 {
    match seed.wrapping_neg().wrapping_mul(INVERSE) {
        0 => 1 << u16::BITS,
        n => n as u64,
    }
}

/// The seed of the frame that comes `n` frames after one with `seed`.
pub(super) fn seed_after(seed: u16, n: u64) -> u16 {
    let go_on = |seed: u16, n: u64| seed.wrapping_add(STEP.wrapping_mul(n as u16));
    match n.checked_sub(until_zero(seed)) {
        None => go_on(seed, n),
        Some(n) => go_on(RESTART, n % until_zero(RESTART)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_those_of_single_steps() {
        for start in [0, 1, 2, RESTART, 1063, 45231, 65535] {
            let mut seed: u16 = start;
            for n in 0..200_000 {
                assert_eq!(seed_after(start, n), seed, "{n} frames after {start}");
                seed = match seed.wrapping_add(STEP) {
                    0 => RESTART,
                    next => next,
                };
            }
        }
    }
}
