//! Hash functions of pictures: of one whole picture, of several at once, of a run of bytes.

use std::fmt::Write as _;

use sha2::Digest as _;

/// A hash function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hash {
    /// MD5: 16 bytes.
    #[default]
    Md5,
    /// SHA-256: 32 bytes.
    Sha256,
    /// XXH3 with 128 bits: 16 bytes, the high half first.
    Xxh3,
    /// The CRC-32 of ISO 3309, as zlib computes it: 4 bytes, the highest first.
    Crc32,
}

impl Hash {
    /// Pictures that [`Hash::many`] likes to get at once: AVX-512 computes as many MD5s side by side,
    /// AVX2 half of them twice.
    pub const LANES: usize = 16;

    /// The name that ffmpeg's framehash writes; ffmpeg has no XXH3.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA256",
            Self::Xxh3 => "XXH3-128",
            Self::Crc32 => "CRC32",
        }
    }

    /// The hash of `bytes`: hexadecimal digits.
    pub fn hex(self, bytes: &[u8]) -> String {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The hash of each of `messages`. One MD5 waits for itself at every step, so a processor has
    /// room for several: those of neighbours of one length are computed side by side.
    pub fn many(self, messages: &[&[u8]]) -> Vec<String> {
        if self != Self::Md5 {
            return messages.iter().map(|message| self.hex(message)).collect();
        }
        let mut hashes = vec![[0; 16]; messages.len()];
        md5_simd::Md5Engine::new().hash_many(messages, &mut hashes);
        hashes.iter().map(|hash| digits(hash)).collect()
    }
}

/// A hash in the making.
pub struct Hasher(State);

enum State {
    Md5(Box<md5_simd::Md5>),
    Sha256(sha2::Sha256),
    Xxh3(Box<twox_hash::XxHash3_128>),
    Crc32(crc32fast::Hasher),
}

impl Hasher {
    /// Of no bytes so far.
    pub fn new(hash: Hash) -> Self {
        Self(match hash {
            Hash::Md5 => State::Md5(Box::new(md5_simd::Md5::new())),
            Hash::Sha256 => State::Sha256(sha2::Sha256::new()),
            Hash::Xxh3 => State::Xxh3(Box::new(twox_hash::XxHash3_128::new())),
            Hash::Crc32 => State::Crc32(crc32fast::Hasher::new()),
        })
    }

    /// Hashes `bytes` too.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Md5(state) => {
                state.update(bytes);
            }
            State::Sha256(state) => state.update(bytes),
            State::Xxh3(state) => state.write(bytes),
            State::Crc32(state) => state.update(bytes),
        }
    }

    /// Hexadecimal digits.
    pub fn finish(self) -> String {
        match self.0 {
            State::Md5(state) => digits(&state.finalize()),
            State::Sha256(state) => digits(&state.finalize()),
            State::Xxh3(state) => digits(&state.finish_128().to_be_bytes()),
            State::Crc32(state) => digits(&state.finalize().to_be_bytes()),
        }
    }
}

fn digits(hash: &[u8]) -> String {
    let mut text = String::with_capacity(2 * hash.len());
    for byte in hash {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The MD5 of `bytes`: 32 hexadecimal digits.
pub fn md5_hex(bytes: &[u8]) -> String {
    Hash::Md5.hex(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(seed: usize, length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 + i / 256 * 7 + seed * 101) as u8).collect()
    }

    /// What another implementation says.
    fn reference(message: &[u8]) -> String {
        use md5::Digest as _;
        digits(&md5::Md5::digest(message))
    }

    #[test]
    fn known_answers() {
        for (hash, empty, abc) in [
            // RFC 1321, A.5.
            (Hash::Md5, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
            // FIPS 180-4 examples.
            (
                Hash::Sha256,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            // xxh128sum.
            (Hash::Xxh3, "99aa06d3014798d86001c324468d497f", "06b05ab6733a618578af5f94892f3950"),
            // `gzip -c | tail -c8 | head -c4`, turned round.
            (Hash::Crc32, "00000000", "352441c2"),
        ] {
            assert_eq!((&*hash.hex(b""), &*hash.hex(b"abc")), (empty, abc), "{hash:?}");
            let mut hasher = Hasher::new(hash);
            b"abc".iter().for_each(|byte| hasher.update(&[*byte]));
            assert_eq!(hasher.finish(), abc, "{hash:?}");
        }
    }

    #[test]
    fn md5_of_every_length() {
        for length in (0..300).chain([4095, 4096, 4097, 16896]) {
            let message = bytes(length, length);
            assert_eq!(md5_hex(&message), reference(&message), "{length}");
        }
    }

    /// Runs of one length, as pictures make them, of every length up to two blocks and of every
    /// number up to what any machine computes at once, and one more.
    #[test]
    fn md5_of_many_is_that_of_each() {
        for n in 0..=33 {
            for length in (0..130).step_by(if n % 4 == 0 { 1 } else { 13 }).chain([1000, 4096]) {
                let messages: Vec<_> = (0..n).map(|seed| bytes(seed, length)).collect();
                let slices: Vec<_> = messages.iter().map(Vec::as_slice).collect();
                let expected: Vec<_> = messages.iter().map(|m| reference(m)).collect();
                assert_eq!(Hash::Md5.many(&slices), expected, "{n} of {length}");
            }
        }
    }

    #[test]
    fn lengths_may_change_anywhere() {
        for at in 0..=17 {
            let length = |i| if i < at { 600 } else { 540 + i / 9 };
            let messages: Vec<_> = (0..17).map(|i| bytes(i, length(i))).collect();
            let slices: Vec<_> = messages.iter().map(Vec::as_slice).collect();
            let expected: Vec<_> = messages.iter().map(|m| reference(m)).collect();
            assert_eq!(Hash::Md5.many(&slices), expected, "{at}");
        }
    }
}
