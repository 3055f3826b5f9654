//! Memory of the decoder's pictures, which are used again and again: luma in huge pages, where the
//! system gives them to who asks. Prediction reads all over a picture, and each page that it comes to
//! has to be looked up; a picture of 1920x1080 has 760 small ones.
#![allow(unsafe_code, reason = "memory that the decoder is given by its address")]

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use re_rav1d::Dav1dResult;
use re_rav1d::include::dav1d::picture::{
    DAV1D_PICTURE_ALIGNMENT, Dav1dPicAllocator, Dav1dPicture, Dav1dPictureParameters,
};
use re_rav1d::src::send_sync_non_null::SendSyncNonNull;

/// Bytes of a huge page of the processors that have such.
const HUGE: usize = 2 << 20;
/// The decoder writes whole blocks of so many luma samples.
const BLOCK: usize = 128;
/// Rows that begin at multiples of this would all lie in the same places of a cache.
const BAD_STRIDE: usize = 1024;

/// Memory of pictures that are no more.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Vec<u8>>>);

/// Memory that a picture has.
struct Lent {
    pool: Arc<Pool>,
    memory: Vec<u8>,
}

/// How the planes of a picture lie behind each other, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Planes {
    /// Of luma, and of chroma: 0 without.
    strides: [usize; 2],
    sizes: [usize; 2],
    /// Of luma what has samples.
    seen: usize,
}

impl Planes {
    /// As the decoder wants them; `None` for what it does not ask for.
    fn new(p: &Dav1dPictureParameters) -> Option<Self> {
        let [width, height] = [p.w, p.h].map(|size| usize::try_from(size).unwrap_or(0));
        let (across, down, planes) = match p.layout {
            0 => (0, 0, 0),
            1 => (1, 1, 2),
            2 => (1, 0, 2),
            3 => (0, 0, 2),
            _ => return None,
        };
        let row =
            width.checked_next_multiple_of(BLOCK)?.checked_mul(if p.bpc > 8 { 2 } else { 1 })?;
        let rows = height.checked_next_multiple_of(BLOCK)?;
        let gap = |stride: usize| match stride % BAD_STRIDE {
            0 => stride + DAV1D_PICTURE_ALIGNMENT,
            _ => stride,
        };
        let luma = gap(row);
        let chroma = if planes > 0 { gap(row >> across) } else { 0 };
        let sizes = [luma.checked_mul(rows)?, chroma.checked_mul(rows >> down)?];
        Some(Self { strides: [luma, chroma], sizes, seen: luma * height })
    }

    fn bytes(&self) -> Option<usize> {
        self.sizes[1].checked_mul(2)?.checked_add(self.sizes[0])
    }
}

impl Pool {
    /// What a decoder is told. It must not outlive the pool; its pictures may.
    pub(super) fn allocator(self: &Arc<Self>) -> Dav1dPicAllocator {
        Dav1dPicAllocator {
            cookie: Some(SendSyncNonNull::from_ref(self).cast::<c_void>()),
            alloc_picture_callback: Some(allocate),
            release_picture_callback: Some(release),
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At least `bytes` bytes from a multiple of `alignment` on; the first `seen` of them have the
    /// samples that are looked at most.
    fn take(&self, bytes: usize, alignment: usize, seen: usize) -> Option<Vec<u8>> {
        // Assembly may read a little behind the end.
        let wanted = bytes.checked_add(alignment)?.checked_add(DAV1D_PICTURE_ALIGNMENT)?;
        let used = self.memory().pop().filter(|memory| memory.len() >= wanted);
        if used.is_some() {
            return used;
        }
        // Zeros that the system gives are not there before they are looked at.
        let mut memory = vec![0; wanted];
        if alignment == HUGE {
            let start = memory.as_ptr().align_offset(alignment);
            let luma = memory.get_mut(start..start + seen / HUGE * HUGE);
            luma.into_iter().for_each(ask_for_huge_pages);
        }
        Some(memory)
    }
}

/// Asks for huge pages; without them it is as before.
fn ask_for_huge_pages(memory: &mut [u8]) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};
        let address = memory.as_mut_ptr().cast();
        // SAFETY: whole pages that are ours; what is in them stays.
        let told = unsafe { madvise(address, memory.len(), Advice::LinuxHugepage) };
        if let Err(error) = told {
            log::debug!("no huge pages for pictures: {error}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// The error number of a lack of memory, as the decoder returns it.
const NO_MEMORY: c_int = -12;

/// Gives a picture its planes.
///
/// # Safety
/// `cookie` is that of [`Pool::allocator`], of a pool that is there; `picture` has its parameters.
unsafe extern "C" fn allocate(
    picture: *mut Dav1dPicture,
    cookie: Option<SendSyncNonNull<c_void>>,
) -> Dav1dResult {
    let Some(pool) = cookie.map(SendSyncNonNull::cast::<Arc<Pool>>) else {
        return Dav1dResult(NO_MEMORY);
    };
    // SAFETY: made of a reference to one that is there.
    let pool = unsafe { pool.as_ref() };
    // SAFETY: the decoder's, and nobody else's now.
    let picture = unsafe { &mut *picture };
    let planes = Planes::new(&picture.p);
    let Some((planes, bytes)) = planes.and_then(|planes| planes.bytes().map(|b| (planes, b)))
    else {
        return Dav1dResult(NO_MEMORY);
    };
    let alignment = if planes.seen >= HUGE { HUGE } else { DAV1D_PICTURE_ALIGNMENT };
    let Some(memory) = pool.take(bytes, alignment, planes.seen) else {
        return Dav1dResult(NO_MEMORY);
    };
    let mut lent = Box::new(Lent { pool: Arc::clone(pool), memory });
    let start = lent.memory.as_ptr().align_offset(alignment);
    let Some(all) = lent.memory.get_mut(start..start + bytes) else {
        return Dav1dResult(NO_MEMORY);
    };
    let (luma, chroma) = all.split_at_mut(planes.sizes[0]);
    let (u, v) = chroma.split_at_mut(planes.sizes[1]);
    picture.data = [luma, u, v]
        .map(|plane| (!plane.is_empty()).then(|| NonNull::from(plane).cast::<c_void>()));
    picture.stride = planes.strides.map(|stride| stride as isize);
    picture.allocator_data = Some(SendSyncNonNull::from_box(lent).cast::<c_void>());
    Dav1dResult(0)
}

/// Takes the memory of a picture back.
///
/// # Safety
/// `picture` is one of [`allocate`], and nobody looks at its planes any more.
unsafe extern "C" fn release(picture: *mut Dav1dPicture, _: Option<SendSyncNonNull<c_void>>) {
    // SAFETY: the decoder's, and nobody else's now.
    let lent = unsafe { &mut *picture }.allocator_data.take();
    let Some(lent) = lent.map(SendSyncNonNull::cast::<Lent>) else { return };
    // SAFETY: made of such a box, and given back once.
    let Lent { pool, memory } = *unsafe { lent.into_box() };
    pool.memory().push(memory);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes(layout: u32, bpc: c_int, (w, h): (c_int, c_int)) -> Option<Planes> {
        Planes::new(&Dav1dPictureParameters { w, h, layout, bpc })
    }

    #[test]
    fn planes_are_whole_blocks() {
        let of = |strides, sizes, seen| Some(Planes { strides, sizes, seen });
        let found = planes(1, 8, (1920, 1080));
        assert_eq!(found, of([1920, 960], [1920 * 1152, 960 * 576], 1920 * 1080));
        // Strides that a cache would not like.
        let found = planes(1, 10, (1024, 64));
        assert_eq!(found, of([2112, 1088], [2112 * 128, 1088 * 64], 2112 * 64));
        assert_eq!(planes(0, 8, (1, 1)), of([128, 0], [128 * 128, 0], 128));
        assert_eq!(planes(2, 8, (130, 5)), of([256, 128], [256 * 128, 128 * 128], 256 * 5));
        assert_eq!(planes(3, 12, (1, 1)), of([256, 256], [256 * 128, 256 * 128], 256));
        assert_eq!(planes(4, 8, (1, 1)), None);
        for layout in 0..4 {
            for (bpc, size) in [(8, (1, 1)), (10, (4096, 2304)), (12, (65535, 3))] {
                let planes = planes(layout, bpc, size).expect("planes");
                // What the decoder checks of each.
                assert!(planes.sizes.iter().all(|size| size % 4096 == 0), "{planes:?}");
            }
        }
    }

    /// Memory of a pool is used again where it is large enough, and is zeros at first.
    #[test]
    fn memory_is_used_again() {
        let pool = Pool::default();
        let mut first = pool.take(5 << 20, HUGE, 4 << 20).expect("memory");
        assert!(first.len() >= (5 << 20) + HUGE && first.iter().all(|byte| *byte == 0));
        first.fill(7);
        pool.memory().push(first);
        let again = pool.take(3 << 20, HUGE, 2 << 20).expect("memory");
        assert_eq!(again.first(), Some(&7));
        pool.memory().push(again);
        let larger = pool.take(9 << 20, HUGE, 8 << 20).expect("memory");
        assert_eq!(larger.first(), Some(&0));
        assert!(pool.memory().is_empty());
    }
}
