//! Device memory: host memory that the application may map.
#![allow(unsafe_code, reason = "the application writes mapped memory whenever it likes")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Alignment of every allocation, and of what is bound to it.
pub(crate) const ALIGNMENT: u64 = 4096;

/// An allocation. Only ever copied from and to, byte by byte: references into it would alias what
/// the application does with its mapping.
pub(crate) struct Memory {
    /// What was allocated.
    block: NonNull<u8>,
    layout: Layout,
    /// The first aligned byte of it.
    bytes: NonNull<u8>,
    size: usize,
    /// The application has mapped it, if only once.
    mapped: AtomicBool,
    /// What the application maps of memory that is not coherent: equal to the bytes after a flush
    /// or an invalidation alone.
    view: Option<Box<Memory>>,
    /// Bytes of its heap that are taken, its own among them.
    heap: Option<Arc<AtomicU64>>,
}

// SAFETY: the allocation is owned, and accessed through raw pointers only.
unsafe impl Send for Memory {}
// SAFETY: concurrent accesses are copies; the application has to order them (Vulkan, "Host access
// to device memory objects must be externally synchronized").
unsafe impl Sync for Memory {}

impl Memory {
    /// `size` zero bytes; `None` if there is no memory.
    pub(crate) fn new(size: u64) -> Option<Self> {
        let size = usize::try_from(size).ok()?.max(1);
        // Aligned here: zero pages come from the system untouched only if no more alignment is
        // asked for than it gives to every allocation.
        let layout = Layout::from_size_align(size.checked_add(ALIGNMENT as usize)?, 1).ok()?;
        // SAFETY: the size is not 0.
        let block = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let skip = block.as_ptr().align_offset(ALIGNMENT as usize);
        // SAFETY: the allocation is larger than `size` by what is skipped at most.
        let bytes = unsafe { block.add(skip) };
        let mapped = AtomicBool::new(false);
        Some(Self { block, layout, bytes, size, mapped, view: None, heap: None })
    }

    /// The same, not coherent.
    pub(crate) fn apart(mut self) -> Option<Self> {
        self.view = Some(Box::new(Self::new(self.size())?));
        Some(self)
    }

    /// The same, out of a heap of which `taken` bytes are taken, of `budget`; `None` if it does not
    /// fit.
    pub(crate) fn of_heap(mut self, taken: &Arc<AtomicU64>, budget: u64) -> Option<Self> {
        let before = taken.fetch_add(self.size(), Ordering::Relaxed);
        self.heap = Some(Arc::clone(taken));
        // Dropped, it gives its bytes back.
        (before.saturating_add(self.size()) <= budget).then_some(self)
    }

    /// vkFlushMappedMemoryRanges: what the application wrote is there for the device.
    pub(crate) fn flush(&self, offset: u64, size: u64) {
        if let Some(view) = &self.view {
            Self::copy(view, self, offset, size);
        }
    }

    /// vkInvalidateMappedMemoryRanges: what the device wrote is there for the application.
    pub(crate) fn invalidate(&self, offset: u64, size: u64) {
        if let Some(view) = &self.view {
            Self::copy(self, view, offset, size);
        }
    }

    /// Copies so many bytes from `offset` on, as far as there are.
    fn copy(from: &Self, to: &Self, offset: u64, size: u64) {
        let end = offset.saturating_add(size).min(from.size());
        let mut bytes = vec![0; end.saturating_sub(offset) as usize];
        let _all = from.read(offset, &mut bytes) && to.write(offset, &bytes);
    }

    /// Bytes of the allocation.
    pub(crate) fn size(&self) -> u64 {
        self.size as u64
    }

    /// vkMapMemory: the address of byte `offset`.
    pub(crate) fn map(&self, offset: u64) -> *mut u8 {
        self.mapped.store(true, Ordering::Relaxed);
        self.view.as_deref().unwrap_or(self).address(offset)
    }

    /// The address of byte `offset`.
    fn address(&self, offset: u64) -> *mut u8 {
        let offset = (offset as usize).min(self.size);
        // SAFETY: the offset is within the allocation or one past it.
        unsafe { self.bytes.as_ptr().add(offset) }
    }

    fn range(&self, offset: u64, len: usize) -> Option<*mut u8> {
        let end = offset.checked_add(len as u64)?;
        (end <= self.size()).then(|| self.address(offset))
    }

    /// Copies bytes from `offset` on into `to`; false if they are not all inside.
    pub(crate) fn read(&self, offset: u64, to: &mut [u8]) -> bool {
        let Some(from) = self.range(offset, to.len()) else { return false };
        // SAFETY: `range` has checked the source; `to` is ours and cannot overlap it.
        unsafe { std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) };
        true
    }

    /// Copies `from` to `offset` and on; false if it does not fit.
    pub(crate) fn write(&self, offset: u64, from: &[u8]) -> bool {
        let Some(to) = self.range(offset, from.len()) else { return false };
        // SAFETY: `range` has checked the destination; `from` is ours and cannot overlap it.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) };
        true
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(heap) = &self.heap {
            heap.fetch_sub(self.size(), Ordering::Relaxed);
        }
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.block.as_ptr(), self.layout) };
    }
}

/// Where a buffer or an image has its bytes.
#[derive(Default)]
pub(crate) struct Binding(OnceLock<(Arc<Memory>, u64)>);

impl Binding {
    /// Binds once; a second time is the application's error and changes nothing.
    pub(crate) fn bind(&self, memory: Arc<Memory>, offset: u64) {
        if self.0.set((memory, offset)).is_err() {
            log::error!("softvk: an object is bound to memory twice");
        }
    }

    /// Whether there is memory for `size` bytes.
    pub(crate) fn holds(&self, size: u64) -> bool {
        self.0.get().is_some_and(|(memory, base)| {
            base.checked_add(size).is_some_and(|end| end <= memory.size())
        })
    }

    /// Whether the application has mapped its memory.
    pub(crate) fn is_mapped(&self) -> bool {
        self.0.get().is_some_and(|(memory, _)| memory.mapped.load(Ordering::Relaxed))
    }

    /// Copies bytes out; false if unbound or out of range.
    pub(crate) fn read(&self, offset: u64, to: &mut [u8]) -> bool {
        self.0.get().is_some_and(|(memory, base)| memory.read(base + offset, to))
    }

    /// Copies bytes in; false if unbound or out of range.
    pub(crate) fn write(&self, offset: u64, from: &[u8]) -> bool {
        self.0.get().is_some_and(|(memory, base)| memory.write(base + offset, from))
    }
}
