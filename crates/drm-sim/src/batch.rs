//! Command batches of Intel chips: commands one after another, with jumps to other batches.

use crate::intel::ADDRESS;
use crate::memory::Space;

/// Most commands of one batch with all that it jumps to: more is a loop.
const MOST: usize = 1 << 20;
/// Bytes that are read at once.
const WINDOW: u64 = 4096;

/// `MI_BATCH_BUFFER_END`, `MI_FLUSH_DW` and `MI_BATCH_BUFFER_START`.
const END: u32 = 0x0A;
const FLUSH: u32 = 0x26;
const START: u32 = 0x31;

/// One command: its words, the first of which says what it is.
pub(crate) type Command = Vec<u32>;

/// A place in a batch, with the bytes around it.
struct Reader<'a> {
    space: &'a Space,
    start: u64,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    /// `count` words at an address; `None` where that is not memory.
    fn words(&mut self, address: u64, count: usize) -> Option<Vec<u32>> {
        let size = count as u64 * 4;
        let within = address.checked_sub(self.start);
        if within.is_none_or(|at| at + size > self.bytes.len() as u64) {
            self.start = address;
            self.bytes = self.space.read_some(address, size.max(WINDOW));
        }
        let at = usize::try_from(address - self.start).ok()?;
        let bytes = self.bytes.get(at..at + count * 4)?;
        let word = |word: &[u8]| u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        Some(bytes.chunks_exact(4).map(word).collect())
    }
}

/// How many words a command has, from its first.
fn length(first: u32) -> usize {
    let (kind, pipeline) = (first >> 29, (first >> 27) & 3);
    let words = |mask: u32| (first & mask) as usize + 2;
    match kind {
        // MI_...: the low numbers are single words.
        0 if (first >> 23) & 0x3F < 0x10 => 1,
        // MI_FLUSH_DW has flags right above its length.
        0 if (first >> 23) & 0x3F == FLUSH => words(0x3F),
        3 if pipeline == 1 => 1,
        3 if pipeline == 2 => words(0xFFF),
        _ => words(0xFF),
    }
}

/// The commands of the batch at an address, in the order in which they run. Ends at the batch's
/// end, or where there is no memory.
pub(crate) fn commands(space: &Space, start: u64) -> Vec<Command> {
    let mut reader = Reader { space, start: 0, bytes: Vec::new() };
    let mut found = Vec::new();
    let mut back = Vec::new();
    let mut at = start;
    while found.len() < MOST {
        let Some(first) = reader.words(at, 1).map(|words| words[0]) else { break };
        let Some(words) = reader.words(at, length(first)) else { break };
        at += words.len() as u64 * 4;
        match (first >> 29 == 0).then_some((first >> 23) & 0x3F) {
            Some(END) => match back.pop() {
                Some(place) => at = place,
                None => break,
            },
            Some(START) => {
                // Bit 22: a batch of the second level, which comes back.
                if first & (1 << 22) != 0 {
                    back.push(at);
                }
                let high = words.get(2).copied().unwrap_or(0);
                at = (u64::from(high) << 32 | u64::from(words[1] & !3)) & ADDRESS;
                found.push(words);
            }
            _ => found.push(words),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::memory::Memory;

    #[test]
    fn jumps_are_followed_and_come_back() -> std::io::Result<()> {
        let mut memory = Memory::new()?;
        let buffer = memory.create(8192).and_then(|handle| memory.buffer(handle));
        let Some(buffer) = buffer else { return Err(std::io::ErrorKind::OutOfMemory.into()) };
        memory.map(3, 0x10_0000, 8192, buffer.offset);
        let write = |at: u64, words: &[u32]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            memory.file().write_all_at(&bytes, buffer.offset + at)
        };
        // A flush, a call, a command of the AVP, the end.
        write(0, &[0x1300_0081, 1, 2, 0x18C0_0001, 0x10_1000, 0, 0x71A0_0001, 7, 8, 0x0500_0000])?;
        // The one called: a wait of one word, and back.
        write(0x1000, &[0x6800_0100, 0x0500_0000, 99])?;
        let found = commands(&memory.space(3), 0x10_0000);
        let firsts: Vec<u32> = found.iter().map(|command| command[0]).collect();
        assert_eq!(firsts, [0x1300_0081, 0x18C0_0001, 0x6800_0100, 0x71A0_0001]);
        assert_eq!(found[3], [0x71A0_0001, 7, 8]);
        // One that never ends runs into what is not memory.
        write(4096, &[0x18C0_0001 & !(1 << 22), 0x10_1000, 0])?;
        assert_eq!(commands(&memory.space(3), 0x10_1000).len(), MOST);
        Ok(())
    }
}
