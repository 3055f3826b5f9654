//! Where the texels of AMD's tiled images lie. An image is made of blocks of 256 B to 256 KiB, row by
//! row; within a block bit `i` of a texel's place is the exclusive or of some bits of its x, y and
//! slice, by the equations of AMD's public address library (addrlib, of which Mesa has a copy).
//! `examples/places.rs` compares them with that library through a driver.

/// The chips whose blocks are alike: generation of graphics, and pipes and packers by
/// GB_ADDR_CONFIG, which decide how the larger blocks are mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// gfx10.3 with 16 pipes and 16 packers.
    Gfx10Pipes16,
    /// gfx11 with 4 pipes and 4 packers.
    Gfx11Pipes4,
    /// gfx11 with 8 pipes and 8 packers.
    Gfx11Pipes8,
    /// gfx12: its equations do not ask for pipes.
    Gfx12,
}

impl Family {
    /// That of a graphics generation with this GB_ADDR_CONFIG; `None` for one without a table here.
    pub(crate) fn of(graphics: u32, gb_addr_config: u32) -> Option<Self> {
        // NUM_PIPES and NUM_PKRS, each as a power of two.
        let (pipes, packers) = (gb_addr_config & 7, gb_addr_config >> 8 & 7);
        match (graphics, pipes, packers) {
            (10, 4, 4) => Some(Self::Gfx10Pipes16),
            (11, 2, 2) => Some(Self::Gfx11Pipes4),
            (11, 3, 3) => Some(Self::Gfx11Pipes8),
            (12, ..) => Some(Self::Gfx12),
            _ => None,
        }
    }
}

/// Equations for texels of 1, 2, 4 and 8 bytes: what each bit of the place is made of, from the
/// lowest bit that is not within a texel.
type Equations = [&'static str; 4];

/// The lowest 8 bits, of gfx10's "standard" modes.
const STANDARD: Equations =
    ["x0 x1 x2 x3 y0 y1 y2 y3", "x0 x1 x2 y0 y1 y2 x3", "x0 x1 y0 y1 y2 x2", "x0 y0 y1 x1 x2"];
/// Of its "display" modes.
const DISPLAY: Equations =
    ["x0 x1 x2 y1 y0 y2 x3 y3", "x0 x1 x2 y0 y1 y2 x3", "x0 x1 y0 y1 x2 y2", "x0 y0 x1 x2 y1"];
/// Of its "render" modes.
const RENDER: Equations =
    ["x0 x1 x2 x3 y0 y1 y2 y3", "x0 x1 x2 y0 y1 y2 x3", "x0 x1 y0 y1 x2 y2", "x0 y0 x1 x2 y1"];
/// Of all modes since gfx11.
const SINCE_GFX11: Equations =
    ["x0 x1 y0 x2 y1 y2 x3 y3", "x0 y0 x1 y1 x2 y2 x3", "x0 y0 x1 y1 x2 y2", "x0 y0 x1 x2 y1"];
/// The bits from 8 on where nothing is mixed, as many as the block has.
const PLAIN: Equations = [
    "y4 x4 y5 x5 y6 x6 y7 x7 y8 x8",
    "y3 x4 y4 x5 y5 x6 y6 x7 y7 x8",
    "y3 x3 y4 x4 y5 x5 y6 x6 y7 x7",
    "y2 x3 y3 x4 y4 x5 y5 x6 y6 x7",
];
/// The bits from 8 on of mixed blocks ("X" modes): of 4 KiB, then of 64 KiB.
const MIXED_GFX10_PIPES_16: [Equations; 2] = [
    [
        "x7^y4^z3 x4^y7^z2 x6^y5^z1 x5^y6^z0",
        "x7^y3^z3 x4^y6^z2 x6^y4^z1 x5^y5^z0",
        "x6^y3^z3 x3^y6^z2 x5^y4^z1 x4^y5^z0",
        "x6^y2^z3 x3^y5^z2 x5^y3^z1 x4^y4^z0",
    ],
    [
        "x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 x6 x7 x8^y7 x6^y6^z0",
        "x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 y3 x6 x7^y7 x6^y6^z0",
        "x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 x3 y3 x6^y7 x6^y6^z0",
        "x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 y2 x3 x7^y3 x6^y6^z0",
    ],
];
const MIXED_GFX11_PIPES_4: [Equations; 2] = [
    [
        "x5^y4^z1 x4^y5^z0 y5 x5",
        "x5^y3^z1 x4^y4^z0 y4 x5",
        "x4^y3^z1 x3^y4^z0 y4 x4",
        "x4^y2^z1 x3^y3^z0 y3 x4",
    ],
    [
        "x6^y4^y6 x4^y4^z1 x5 x6 x9^y6 x7^y8 x8^y7 x5^y5^z0",
        "x6^y4^y6 x4^y4^z1 y3 x5 x6^y8 x8^y6 x7^y7 x5^y5^z0",
        "x6^y4^y6 x4^y4^z1 x3 y3 x5^y8 x6^y7 x7^y6 x5^y5^z0",
        "x6^y4^y6 x4^y4^z1 y2 x3 x7^y3 x5^y7 x6^y6 x5^y5^z0",
    ],
];
const MIXED_GFX11_PIPES_8: [Equations; 2] = [
    [
        "x6^y4^z2 x4^y6^z1 x5^y5^z0 x5",
        "x6^y3^z2 x4^y5^z1 x5^y4^z0 x5",
        "x5^y3^z2 x3^y5^z1 x4^y4^z0 x4",
        "x5^y2^z2 x3^y4^z1 x4^y3^z0 x4",
    ],
    [
        "x7^y4^y7 x4^y4^z1 x6^y5^z0 x6 y6 x7^y8 x8^y7 x5^y6",
        "x7^y4^y7 x4^y4^z1 x6^y5^z0 y3 x6 x7^y7 x8^y6 x5^y6",
        "x7^y4^y7 x4^y4^z1 x6^y5^z0 x3 y3 x6^y7 x7^y6 x5^y6",
        "x7^y4^y7 x4^y4^z2 x6^y5^z1 y2 x3 x7^y3 x6^y6 x5^y6^z0",
    ],
];

/// One mode of a family of chips, for texels of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swizzle {
    /// Which bits of the place each bit of a coordinate flips.
    x: [u32; 10],
    y: [u32; 10],
    z: [u32; 4],
    /// Bits of the place that are flipped everywhere: the slice's, and those of the address.
    flipped: u32,
    /// The row of blocks that is the first at hand.
    first: u64,
    /// Bytes of a texel, and of a block, as powers of two.
    texel: u32,
    block: u32,
}

impl Swizzle {
    /// That of a mode's number as the chip's packets and messages have it, for texels of `texel`
    /// bytes; `None` for linear images, and for modes and texels without an equation here.
    pub(crate) fn new(family: Family, mode: u32, texel: u64) -> Option<Self> {
        use Family::{Gfx10Pipes16, Gfx11Pipes4, Gfx11Pipes8, Gfx12};
        let mixed = match family {
            Gfx10Pipes16 => &MIXED_GFX10_PIPES_16,
            Gfx11Pipes4 => &MIXED_GFX11_PIPES_4,
            Gfx11Pipes8 | Gfx12 => &MIXED_GFX11_PIPES_8,
        };
        let (low, high, block) = match (family, mode) {
            // 256B_2D, 4KB_2D, 64KB_2D, 256KB_2D.
            (Gfx12, 1) => (SINCE_GFX11, PLAIN, 8),
            (Gfx12, 2) => (SINCE_GFX11, PLAIN, 12),
            (Gfx12, 3) => (SINCE_GFX11, PLAIN, 16),
            (Gfx12, 4) => (SINCE_GFX11, PLAIN, 18),
            (Gfx12, _) => return None,
            // 256B_S, 4KB_S, 64KB_S.
            (Gfx10Pipes16, 1) => (STANDARD, PLAIN, 8),
            (Gfx10Pipes16, 5) => (STANDARD, PLAIN, 12),
            (Gfx10Pipes16, 9) => (STANDARD, PLAIN, 16),
            // 256B_D, 4KB_D, 64KB_D, 4KB_D_X, 64KB_R_X.
            (_, 2) => (display(family), PLAIN, 8),
            (_, 6) => (display(family), PLAIN, 12),
            (_, 10) => (display(family), PLAIN, 16),
            (_, 22) => (display(family), mixed[0], 12),
            (Gfx10Pipes16, 27) => (RENDER, mixed[1], 16),
            (_, 27) => (SINCE_GFX11, mixed[1], 16),
            _ => return None,
        };
        let texel = texel.checked_ilog2().filter(|&log2| 1 << log2 == texel)?;
        let (low, high) = (low.get(texel as usize)?, high.get(texel as usize)?);
        Self { x: [0; 10], y: [0; 10], z: [0; 4], flipped: 0, first: 0, texel, block }
            .with(low, high)
    }

    /// With the bits that the two halves of an equation give.
    fn with(mut self, low: &str, high: &str) -> Option<Self> {
        for (bit, terms) in (self.texel..self.block).zip(low.split(' ').chain(high.split(' '))) {
            for term in terms.split('^') {
                let (axis, number) = term.split_at_checked(1)?;
                let number: usize = number.parse().ok()?;
                let column = match axis {
                    "x" => self.x.get_mut(number)?,
                    "y" => self.y.get_mut(number)?,
                    _ => self.z.get_mut(number)?,
                };
                *column |= 1 << bit;
            }
        }
        Some(self)
    }

    /// Where an image at `address` begins, and its texels' places: the lower bits of an address mix
    /// pipes and banks.
    pub(crate) fn at(mut self, address: u64) -> (u64, Self) {
        let within = address & ((1 << self.block) - 1);
        self.flipped ^= within as u32;
        (address - within, self)
    }

    /// The places of slice `z` of an array of images, from the slice's first byte.
    pub(crate) fn slice(mut self, z: u64) -> Self {
        self.flipped ^= bits(&self.z, z);
        self
    }

    /// The places in the bytes from the block on in which row `y` is, with its first byte.
    pub(crate) fn since_row(mut self, pitch: u64, y: u64) -> (u64, Self) {
        let down = self.shape().1;
        self.first = y >> down;
        (self.first * (pitch << down), self)
    }

    /// Bytes of a texel.
    pub(crate) fn texel(&self) -> u64 {
        1 << self.texel
    }

    /// Texels of a block's row, and rows of a block, as powers of two.
    fn shape(&self) -> (u32, u32) {
        let texels = self.block - self.texel;
        // Family are square, or twice as wide as high.
        (texels.div_ceil(2), texels / 2)
    }

    /// Bytes from row to row, before tiling, of an image `width` texels wide.
    pub(crate) fn pitch(&self, width: u64) -> u64 {
        width.next_multiple_of(1 << self.shape().0) << self.texel
    }

    /// Bytes of `rows` rows of `pitch` bytes, with the rows that complete a block; `None` beyond
    /// numbers, and for a pitch that cuts blocks.
    pub(crate) fn size(&self, pitch: u64, rows: u64) -> Option<u64> {
        let (across, down) = self.shape();
        if pitch % (1 << (across + self.texel)) != 0 {
            return None;
        }
        pitch.checked_mul(rows.checked_next_multiple_of(1 << down)?)
    }

    /// Puts the texels of row `y` to their places, from byte `x` of the row on.
    pub(crate) fn put(&self, bytes: &mut [u8], pitch: u64, place: (u64, u64), row: &[u8]) {
        match self.run() {
            2 => self.put_runs::<4>(bytes, pitch, place, row),
            3 => self.put_runs::<8>(bytes, pitch, place, row),
            _ => self.put_runs::<16>(bytes, pitch, place, row),
        }
    }

    /// Takes the texels of row `y` out of their places, from byte `x` of the row on.
    pub(crate) fn get(&self, bytes: &[u8], pitch: u64, place: (u64, u64), row: &mut [u8]) {
        match self.run() {
            2 => self.get_runs::<4>(bytes, pitch, place, row),
            3 => self.get_runs::<8>(bytes, pitch, place, row),
            _ => self.get_runs::<16>(bytes, pitch, place, row),
        }
    }

    /// Bytes of a row that stay together, as a power of two: 4, 8 or 16 of them.
    fn run(&self) -> u32 {
        let alone = (self.texel..4).zip(self.x);
        self.texel + alone.take_while(|&(bit, column)| column == 1 << bit).count() as u32
    }

    fn put_runs<const N: usize>(
        &self,
        bytes: &mut [u8],
        pitch: u64,
        (x, y): (u64, u64),
        row: &[u8],
    ) {
        let skipped = (x % N as u64) as usize;
        let mut places = self.places(pitch, (x - skipped as u64, y), N.ilog2());
        let (head, row) = row.split_at(((N - skipped) % N).min(row.len()));
        let (runs, tail) = row.as_chunks::<N>();
        let mut put = |at: usize, part: &[u8]| {
            if let Some(to) = bytes.get_mut(at..at + part.len()) {
                to.copy_from_slice(part);
            }
        };
        if !head.is_empty() {
            places.next().into_iter().for_each(|at| put(at + skipped, head));
        }
        // Of the two the runs are asked first: no place is lost at their end.
        runs.iter().zip(&mut places).for_each(|(run, at)| put(at, run));
        places.next().into_iter().for_each(|at| put(at, tail));
    }

    fn get_runs<const N: usize>(
        &self,
        bytes: &[u8],
        pitch: u64,
        (x, y): (u64, u64),
        row: &mut [u8],
    ) {
        let skipped = (x % N as u64) as usize;
        let mut places = self.places(pitch, (x - skipped as u64, y), N.ilog2());
        let (head, row) = row.split_at_mut(((N - skipped) % N).min(row.len()));
        let (runs, tail) = row.as_chunks_mut::<N>();
        let get = |at: usize, part: &mut [u8]| {
            if let Some(from) = bytes.get(at..at + part.len()) {
                part.copy_from_slice(from);
            }
        };
        if !head.is_empty() {
            places.next().into_iter().for_each(|at| get(at + skipped, head));
        }
        runs.iter_mut().zip(&mut places).for_each(|(run, at)| get(at, run));
        places.next().into_iter().for_each(|at| get(at, tail));
    }

    /// The places of the runs of row `y` from byte `x` of the row on, without an end; a run has
    /// `1 << run` bytes, which stay together.
    fn places(&self, pitch: u64, (x, y): (u64, u64), run: u32) -> impl Iterator<Item = usize> {
        let (across, down) = self.shape();
        let (texels, block) = (run - self.texel, self.block);
        let row = (y >> down).saturating_sub(self.first) * (pitch << down);
        // From a run to the next the bits of its number flip as far as the lowest that becomes 1.
        let mut steps = [0; 32];
        let mut step = 0;
        for (to, column) in
            steps.iter_mut().zip(self.x.iter().skip(texels as usize).chain([&0; 32]))
        {
            step ^= column;
            *to = step;
        }
        let mut within = self.flipped ^ bits(&self.y, y) ^ bits(&self.x, x >> self.texel);
        (x >> run..).map(move |number| {
            let place = row + (((number << texels) >> across) << block) + u64::from(within);
            within ^= steps[((number + 1).trailing_zeros() & 31) as usize];
            place as usize
        })
    }
}

/// The lowest 8 bits of a family's "display" modes.
fn display(family: Family) -> Equations {
    match family {
        Family::Gfx10Pipes16 => DISPLAY,
        Family::Gfx11Pipes4 | Family::Gfx11Pipes8 | Family::Gfx12 => SINCE_GFX11,
    }
}

/// The bits that a coordinate flips.
fn bits(columns: &[u32], coordinate: u64) -> u32 {
    let set = columns.iter().enumerate().filter(|(bit, _)| coordinate >> bit & 1 == 1);
    set.fold(0, |all, (_, column)| all ^ column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILIES: [Family; 4] =
        [Family::Gfx10Pipes16, Family::Gfx11Pipes4, Family::Gfx11Pipes8, Family::Gfx12];

    fn swizzle(family: Family, mode: u32, texel: u64) -> Swizzle {
        Swizzle::new(family, mode, texel).expect("a mode")
    }

    /// Where texel (x, y) of an image with that pitch lies.
    fn place(swizzle: &Swizzle, pitch: u64, x: u64, y: u64) -> u64 {
        let place = swizzle.places(pitch, (x << swizzle.texel, y), swizzle.texel).next();
        place.expect("without an end") as u64
    }

    /// Every mode of every family, and every size of a texel.
    fn all() -> impl Iterator<Item = Swizzle> {
        let modes = FAMILIES.into_iter().flat_map(|family| (0..32).map(move |mode| (family, mode)));
        let texels = modes.flat_map(|(family, mode)| [1, 2, 4, 8].map(|t| (family, mode, t)));
        texels.filter_map(|(family, mode, texel)| Swizzle::new(family, mode, texel))
    }

    #[test]
    fn chips_have_the_family_of_their_registers() {
        let of = |graphics, config| Family::of(graphics, config);
        assert_eq!(of(10, 0x444), Some(Family::Gfx10Pipes16));
        assert_eq!(of(11, 0x242), Some(Family::Gfx11Pipes4));
        assert_eq!(of(11, 0x343), Some(Family::Gfx11Pipes8));
        assert_eq!(of(12, 0x345), Some(Family::Gfx12));
        assert_eq!((of(10, 0x343), of(11, 0x444), of(9, 0x444)), (None, None, None));
    }

    #[test]
    fn modes_without_an_equation_have_none() {
        let modes = |family| (0..32).filter(move |&mode| Swizzle::new(family, mode, 1).is_some());
        let of = |family| modes(family).collect::<Vec<_>>();
        assert_eq!(of(Family::Gfx10Pipes16), [1, 2, 5, 6, 9, 10, 22, 27]);
        assert_eq!(of(Family::Gfx11Pipes4), [2, 6, 10, 22, 27]);
        assert_eq!(of(Family::Gfx11Pipes8), [2, 6, 10, 22, 27]);
        assert_eq!(of(Family::Gfx12), [1, 2, 3, 4]);
        assert_eq!(Swizzle::new(Family::Gfx12, 2, 3), None);
        assert_eq!(Swizzle::new(Family::Gfx12, 2, 16), None);
        assert_eq!(Swizzle::new(Family::Gfx12, 2, 0), None);
    }

    #[test]
    fn blocks_have_the_shape_that_goes_with_their_size() {
        let pitch = |mode, texel| swizzle(Family::Gfx11Pipes8, mode, texel).pitch(1);
        assert_eq!([1, 2, 4, 8].map(|texel| pitch(27, texel) / texel), [256, 256, 128, 128]);
        assert_eq!([1, 2, 4, 8].map(|texel| pitch(22, texel) / texel), [64, 64, 32, 32]);
        assert_eq!([1, 2, 4, 8].map(|texel| pitch(2, texel) / texel), [16, 16, 8, 8]);
        let mode = swizzle(Family::Gfx12, 3, 2);
        assert_eq!((mode.size(512, 1), mode.size(512, 129)), (Some(1 << 16), Some(2 << 16)));
        assert_eq!((mode.size(500, 1), mode.size(1 << 60, 1 << 60)), (None, None));
    }

    #[test]
    fn every_texel_of_a_block_has_a_place_of_its_own() {
        for swizzle in all() {
            let (across, down) = swizzle.shape();
            let pitch = swizzle.pitch(1) * 2;
            let block = 1_u64 << swizzle.block;
            let mut seen = vec![false; 1 << (across + down)];
            for y in 1 << down..2 << down {
                for (x, at) in (0..2 << across).zip(swizzle.places(pitch, (0, y), swizzle.texel)) {
                    let number = 2 + (x >> across);
                    let within = (at as u64).checked_sub(number * block);
                    let within = within.filter(|&within| within < block).expect("its own block");
                    assert_eq!(within % swizzle.texel(), 0);
                    if number == 2 {
                        let seen = &mut seen[(within >> swizzle.texel) as usize];
                        assert!(!std::mem::replace(seen, true), "{swizzle:?} {x} {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn texels_lie_where_the_equations_say() {
        // 64KB_R_X of gfx10.3, 16 pipes, texels of 1 byte: x4 flips bit 9; y4 bits 8 and 9; y8 bit 8.
        let r = swizzle(Family::Gfx10Pipes16, 27, 1);
        assert_eq!(place(&r, 512, 16, 0), 1 << 9);
        assert_eq!(place(&r, 512, 0, 16), 1 << 8 | 1 << 9);
        assert_eq!(place(&r, 512, 7, 5), 0b0101_0111);
        assert_eq!(place(&r, 512, 300, 0), (1 << 16) + (1 << 8 | 1 << 14) + 0x80C);
        assert_eq!(place(&r, 512, 0, 256), (2 << 16) + (1 << 8));
        // 4KB_D_X of gfx11, 8 pipes, 2 bytes: x4 flips bit 9, y3 bit 8, x5 bits 10 and 11.
        let d = swizzle(Family::Gfx11Pipes8, 22, 2);
        assert_eq!(place(&d, 256, 16, 0), 1 << 9);
        assert_eq!(place(&d, 256, 0, 8), 1 << 8);
        assert_eq!(place(&d, 256, 32, 0), 1 << 10 | 1 << 11);
        assert_eq!(place(&d, 256, 64, 0), (1 << 12) + (1 << 8));
        // 256B_D of gfx10.3, 1 byte: y1 comes before y0.
        assert_eq!(place(&swizzle(Family::Gfx10Pipes16, 2, 1), 16, 0, 1), 1 << 4);
        // 64KB_2D of gfx12, 4 bytes.
        let plain = swizzle(Family::Gfx12, 3, 4);
        assert_eq!(place(&plain, 1024, 5, 9), (1 << 2 | 1 << 6) + (1 << 3 | 1 << 8));
        assert_eq!(place(&plain, 1024, 128, 128), (2 + 1) << 16);
    }

    #[test]
    fn slices_and_addresses_mix_the_pipes() {
        let r = swizzle(Family::Gfx10Pipes16, 27, 1);
        assert_eq!(place(&r.slice(1), 256, 0, 0), 1 << 15);
        assert_eq!(place(&r.slice(6), 256, 16, 0), 1 << 9 | 1 << 10 | 1 << 11);
        let (address, mixed) = r.at(0x12_0000 + 0x300);
        assert_eq!(address, 0x12_0000);
        assert_eq!(place(&mixed, 256, 16, 0), 0x300 ^ 1 << 9);
        assert_eq!(place(&swizzle(Family::Gfx12, 3, 1).slice(5), 256, 3, 0), 3);
    }

    #[test]
    fn what_is_put_is_got_and_rows_may_begin_late() {
        for swizzle in all() {
            let (texel, pitch) = (swizzle.texel(), swizzle.pitch(1) * 3);
            let size = swizzle.size(pitch, 600).expect("a size") as usize;
            for (x, texels) in [(5, 21), (0, 16), (5, 1), (7, 9), (15, 33)] {
                let row: Vec<u8> = (0..texel as usize * texels).map(|i| i as u8 | 1).collect();
                let (mut bytes, mut found) = (vec![0; size], vec![0; row.len()]);
                swizzle.put(&mut bytes, pitch, (x * texel, 531), &row);
                for (texel, at) in row.chunks(texel as usize).zip(x..) {
                    let at = place(&swizzle, pitch, at, 531) as usize;
                    assert_eq!(bytes[at..at + texel.len()], *texel);
                }
                assert_eq!(bytes.iter().filter(|&&byte| byte != 0).count(), row.len());
                swizzle.get(&bytes, pitch, (x * texel, 531), &mut found);
                assert_eq!(found, row);
                let (from, late) = swizzle.since_row(pitch, 531);
                found.fill(0);
                late.get(&bytes[from as usize..], pitch, (x * texel, 531), &mut found);
                assert_eq!(found, row);
            }
            assert!((2..=4).contains(&swizzle.run()), "{swizzle:?}");
        }
    }
}
