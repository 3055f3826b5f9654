//! Buffer objects and the GPU's address spaces, over one sparse file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::sync::Fence;
use crate::sys;

/// Size of the file that stands for all memory: 1 TiB, nearly all of it holes.
const SIZE: u64 = 1 << 40;
/// Buffer objects begin at multiples of this, so that a huge page of the driver's fits.
const ALIGNMENT: u64 = 1 << 16;

/// One buffer object: a range of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffer {
    /// First byte in the file; also the offset to give to `mmap`.
    pub(crate) offset: u64,
    /// Size in bytes, as asked for.
    pub(crate) size: u64,
}

/// What an address space maps: GPU address to (size, offset in the file).
type Table = BTreeMap<u64, (u64, u64)>;

/// All memory of the node.
#[derive(Debug)]
pub(crate) struct Memory {
    file: Arc<File>,
    next_offset: u64,
    next_handle: u32,
    last_space: u32,
    buffers: BTreeMap<u32, Buffer>,
    /// What was closed, with the last submission that may use it.
    closed: Vec<(Fence, Buffer)>,
    /// Descriptor given out for a buffer object, to its handle.
    exported: BTreeMap<i32, u32>,
    /// The address spaces in which something was mapped, by their numbers.
    tables: BTreeMap<u32, Arc<Table>>,
}

/// What commands see: one address space, as it was when it was asked for. What lies in it is always
/// what it is now.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    /// Its number.
    pub(crate) number: u32,
    file: Arc<File>,
    table: Arc<Table>,
}

impl Memory {
    /// Empty memory.
    ///
    /// # Errors
    /// The system refuses the file.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            file: Arc::new(sys::anonymous_file("vav1d-drm-sim", SIZE)?),
            next_offset: ALIGNMENT,
            next_handle: 1,
            last_space: 0,
            buffers: BTreeMap::new(),
            closed: Vec::new(),
            exported: BTreeMap::new(),
            tables: BTreeMap::new(),
        })
    }

    /// The file: a duplicate of its descriptor is what opening the node gives.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Makes a buffer object; `None` when all of the file is used.
    pub(crate) fn create(&mut self, size: u64) -> Option<u32> {
        let taken = size.max(1).checked_next_multiple_of(ALIGNMENT)?;
        let end = self.next_offset.checked_add(taken).filter(|&end| end <= SIZE)?;
        let handle = self.next_handle;
        self.buffers.insert(handle, Buffer { offset: self.next_offset, size });
        self.next_handle += 1;
        self.next_offset = end;
        Some(handle)
    }

    /// The buffer object of a handle.
    pub(crate) fn buffer(&self, handle: u32) -> Option<Buffer> {
        self.buffers.get(&handle).copied()
    }

    /// Forgets a buffer object; whether there was one. Its bytes stay for submissions up to `last`,
    /// as a kernel keeps what a chip works with.
    pub(crate) fn close(&mut self, handle: u32, last: Fence) -> bool {
        let buffer = self.buffers.remove(&handle);
        self.closed.extend(buffer.map(|buffer| (last, buffer)));
        buffer.is_some()
    }

    /// Gives the pages back of what was closed and no submission after `done` uses.
    pub(crate) fn reclaim(&mut self, done: Fence) {
        for (_, buffer) in self.closed.extract_if(.., |(last, _)| *last <= done) {
            sys::punch_hole(&self.file, buffer.offset, buffer.size.next_multiple_of(4096));
        }
    }

    /// A descriptor that stands for a buffer object.
    pub(crate) fn export(&mut self, handle: u32) -> Option<i32> {
        self.buffers.get(&handle)?;
        let fd = sys::duplicate(&self.file)?;
        self.exported.insert(fd, handle);
        Some(fd)
    }

    /// The buffer object that a descriptor was last given out for.
    pub(crate) fn import(&self, fd: i32) -> Option<u32> {
        self.exported.get(&fd).copied().filter(|handle| self.buffers.contains_key(handle))
    }

    /// Maps `size` bytes of the file from `offset` at a GPU address of a space; what was mapped there
    /// goes.
    pub(crate) fn map(&mut self, space: u32, address: u64, size: u64, offset: u64) {
        self.unmap(space, address, size);
        let table = Arc::make_mut(self.tables.entry(space).or_default());
        table.insert(address, (size, offset));
    }

    /// Removes every mapping of a space that begins in the range.
    pub(crate) fn unmap(&mut self, space: u32, address: u64, size: u64) {
        let Some(table) = self.tables.get_mut(&space) else { return };
        let table = Arc::make_mut(table);
        let end = address.saturating_add(size);
        let gone: Vec<u64> = table.range(address..end).map(|(&at, _)| at).collect();
        for at in gone {
            table.remove(&at);
        }
    }

    /// Makes an address space, and gives its number, which is at least 1.
    pub(crate) fn create_space(&mut self) -> u32 {
        self.last_space += 1;
        self.last_space
    }

    /// Forgets what a space maps.
    pub(crate) fn forget(&mut self, space: u32) {
        self.tables.remove(&space);
    }

    /// A space to read and write in.
    pub(crate) fn space(&self, number: u32) -> Space {
        let table = self.tables.get(&number).cloned().unwrap_or_default();
        Space { number, file: self.file.clone(), table }
    }
}

impl Space {
    /// What can be read from a GPU address without a gap, at most `size` bytes.
    pub(crate) fn read_some(&self, address: u64, size: u64) -> Vec<u8> {
        let reach = |(&start, &(length, _)): (&u64, &(u64, u64))| {
            (start + length).checked_sub(address).filter(|&left| left > 0)
        };
        let left = self.table.range(..=address).next_back().and_then(reach).unwrap_or(0);
        self.read(address, size).or_else(|| self.read(address, size.min(left))).unwrap_or_default()
    }

    /// `size` bytes at a GPU address; `None` where it is not mapped, or not that far.
    pub(crate) fn read(&self, address: u64, size: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for (offset, take) in self.pieces(address, size)? {
            let from = bytes.len();
            bytes.resize(from + usize::try_from(take).ok()?, 0);
            self.file.read_exact_at(&mut bytes[from..], offset).ok()?;
        }
        Some(bytes)
    }

    /// Writes `bytes` at a GPU address; `None`, and nothing written, where it is not mapped, or not
    /// that far.
    pub(crate) fn write(&self, address: u64, bytes: &[u8]) -> Option<()> {
        let mut left = bytes;
        for (offset, take) in self.pieces(address, bytes.len() as u64)? {
            let (now, later) = left.split_at_checked(usize::try_from(take).ok()?)?;
            self.file.write_all_at(now, offset).ok()?;
            left = later;
        }
        Some(())
    }

    /// Whether `size` bytes at a GPU address are all mapped.
    pub(crate) fn is_mapped(&self, address: u64, size: u64) -> bool {
        self.pieces(address, size).is_some()
    }

    /// Where `size` bytes at a GPU address lie in the file, as (offset, size); `None` where they are
    /// not all mapped.
    fn pieces(&self, address: u64, size: u64) -> Option<Vec<(u64, u64)>> {
        let mut pieces = Vec::new();
        let mut at = address;
        let end = address.checked_add(size)?;
        while at < end {
            let (&start, &(length, offset)) = self.table.range(..=at).next_back()?;
            let within = at - start;
            let take = length.checked_sub(within).filter(|&left| left > 0)?.min(end - at);
            pieces.push((offset + within, take));
            at += take;
        }
        Some(pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_crosses_mappings_and_stops_at_a_hole() -> io::Result<()> {
        let mut memory = Memory::new()?;
        let (a, b) = (memory.create(4096).unwrap_or(0), memory.create(4096).unwrap_or(0));
        let (a, b) =
            (memory.buffer(a).map_or(0, |x| x.offset), memory.buffer(b).map_or(0, |x| x.offset));
        memory.file().write_all_at(&[1; 4096], a)?;
        memory.file().write_all_at(&[2; 4096], b)?;
        memory.map(1, 0x1_0000, 4096, b);
        memory.map(1, 0x1_1000, 4096, a);
        let space = memory.space(1);
        assert_eq!(space.read(0x1_0FFE, 4), Some(vec![2, 2, 1, 1]));
        assert_eq!(space.read(0x1_1FFE, 4), None);
        assert_eq!(space.read_some(0x1_1FFE, 4), [1, 1]);
        assert_eq!(space.read_some(0x1_2000, 4), []);
        assert_eq!(space.read(0xF000, 4), None);
        assert_eq!(space.write(0x1_0FFE, &[3; 4]), Some(()));
        assert_eq!(space.read(0x1_0FFD, 6), Some(vec![2, 3, 3, 3, 3, 1]));
        assert_eq!(space.write(0x1_1FFE, &[4; 4]), None);
        assert_eq!(space.read(0x1_1FFE, 2), Some(vec![1, 1]));
        memory.unmap(1, 0x1_0000, 4096);
        assert_eq!(memory.space(1).read(0x1_0000, 1), None);
        Ok(())
    }

    #[test]
    fn spaces_know_nothing_of_each_other() -> io::Result<()> {
        let mut memory = Memory::new()?;
        let mut place = |value| {
            let handle = memory.create(4096)?;
            let offset = memory.buffer(handle)?.offset;
            memory.file().write_all_at(&[value; 4096], offset).ok()?;
            Some(offset)
        };
        let (a, b) = (place(1).unwrap_or(0), place(2).unwrap_or(0));
        memory.map(1, 0x1_0000, 4096, a);
        memory.map(2, 0x1_0000, 4096, b);
        let read = |memory: &Memory| [1, 2].map(|number| memory.space(number).read(0x1_0000, 1));
        assert_eq!(read(&memory), [Some(vec![1]), Some(vec![2])]);
        memory.unmap(2, 0x1_0000, 4096);
        assert_eq!(read(&memory), [Some(vec![1]), None]);
        memory.forget(1);
        assert_eq!(read(&memory), [None, None]);
        Ok(())
    }

    #[test]
    fn closed_memory_is_given_back() -> io::Result<()> {
        let mut memory = Memory::new()?;
        let handle = memory.create(4096).unwrap_or(0);
        let offset = memory.buffer(handle).map_or(0, |x| x.offset);
        memory.file().write_all_at(&[7; 4096], offset)?;
        memory.map(0, 0, 4096, offset);
        assert!(memory.close(handle, 3));
        assert!(!memory.close(handle, 3));
        // What is under way may use it.
        memory.reclaim(2);
        assert_eq!(memory.space(0).read(0, 1), Some(vec![7]));
        memory.reclaim(3);
        assert_eq!(memory.space(0).read(0, 1), Some(vec![0]));
        Ok(())
    }
}
