//! Handles. At the door a handle becomes a reference; nothing behind the door sees one.
#![allow(unsafe_code, reason = "handles are pointers that the application hands back")]

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use ash::vk::Handle;

/// Handles of this process that were given out and are not destroyed.
static ALIVE: AtomicIsize = AtomicIsize::new(0);

/// How many handles of this process, of instances, devices and all that is theirs, are not
/// destroyed: 0 where nothing runs and nothing leaked.
pub fn handles() -> usize {
    ALIVE.load(Ordering::SeqCst).max(0).unsigned_abs()
}

/// ICD_LOADER_MAGIC: the first word of every dispatchable object, which a loader overwrites.
const LOADER_MAGIC: usize = 0x01CD_C0DE;

/// A dispatchable object: the loader's word, then ours.
#[repr(C)]
pub(crate) struct Dispatchable<T> {
    loader_word: usize,
    object: T,
}

impl<T> Deref for Dispatchable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

/// Makes a dispatchable object; [`free`] ends it.
pub(crate) fn dispatchable<T, H: Handle + Copy>(object: T) -> H {
    ALIVE.fetch_add(1, Ordering::SeqCst);
    let object = Box::new(Dispatchable { loader_word: LOADER_MAGIC, object });
    H::from_raw(Box::into_raw(object) as u64)
}

/// The object behind a dispatchable handle.
///
/// # Safety
/// `handle` came from [`dispatchable`] with this `T` and was not freed: for handles of the
/// application this is what "must be a valid handle" means in every entry point.
pub(crate) unsafe fn get<'a, T, H: Handle>(handle: H) -> &'a Dispatchable<T> {
    // SAFETY: the caller's promise.
    unsafe { &*(handle.as_raw() as *const Dispatchable<T>) }
}

/// Ends a dispatchable object.
///
/// # Safety
/// As for [`get`]; the handle is not used again.
pub(crate) unsafe fn free<T, H: Handle + Copy>(handle: H) {
    if !handle.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(handle.as_raw() as *mut Dispatchable<T>) });
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A handle that owns one count of `object`; [`release`] gives it back.
pub(crate) fn share<T, H: Handle + Copy>(object: Arc<T>) -> H {
    ALIVE.fetch_add(1, Ordering::SeqCst);
    H::from_raw(Arc::into_raw(object) as u64)
}

/// The object behind a non-dispatchable handle.
///
/// # Safety
/// `handle` came from [`share`] with this `T` and was not released.
pub(crate) unsafe fn object<'a, T, H: Handle>(handle: H) -> &'a T {
    // SAFETY: the caller's promise.
    unsafe { &*(handle.as_raw() as *const T) }
}

/// One more count of the object behind a non-dispatchable handle; `None` for VK_NULL_HANDLE.
///
/// # Safety
/// `handle` is null, or as for [`object`].
pub(crate) unsafe fn shared<T, H: Handle + Copy>(handle: H) -> Option<Arc<T>> {
    if handle.is_null() {
        return None;
    }
    let pointer = handle.as_raw() as *const T;
    // SAFETY: the caller's promise: the handle's own count keeps the object alive.
    unsafe { Arc::increment_strong_count(pointer) };
    // SAFETY: the count that was just added is this one.
    Some(unsafe { Arc::from_raw(pointer) })
}

/// Gives the handle's count back. Commands that still use the object keep it alive.
///
/// # Safety
/// `handle` is null, or as for [`object`] and not used again.
pub(crate) unsafe fn release<T, H: Handle + Copy>(handle: H) {
    if !handle.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Arc::from_raw(handle.as_raw() as *const T) });
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The application's array of `len` elements; empty for NULL.
///
/// # Safety
/// `data` is NULL or points to `len` valid elements for as long as the result is used.
pub(crate) unsafe fn array<'a, T>(data: *const T, len: u32) -> &'a [T] {
    if data.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, len as usize) }
}

/// Stores `value` where the application wants it.
///
/// # Safety
/// `to` is valid for a write, or NULL.
pub(crate) unsafe fn put<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(value) };
    }
}

/// The two-call idiom: without `to` the count, else as many elements as there is room for.
///
/// # Safety
/// `count` is valid; `to` is NULL or has room for `*count` elements.
pub(crate) unsafe fn enumerate<T: Clone>(
    values: &[T],
    count: *mut u32,
    to: *mut T,
) -> ash::vk::Result {
    // SAFETY: the caller's promise.
    let room = unsafe { &mut *count };
    if to.is_null() {
        *room = values.len() as u32;
        return ash::vk::Result::SUCCESS;
    }
    let n = values.len().min(*room as usize);
    for (i, value) in values.iter().take(n).enumerate() {
        // SAFETY: the caller's promise: `i` is below the count given.
        let slot = unsafe { to.add(i) };
        // SAFETY: as above.
        unsafe { slot.write(value.clone()) };
    }
    *room = n as u32;
    match n < values.len() {
        true => ash::vk::Result::INCOMPLETE,
        false => ash::vk::Result::SUCCESS,
    }
}
