//! `re_rav1d` by its C interface, with what is needed of it made safe. The crate has a safe one, but
//! each picture that is dropped by it leaves some bytes behind.
#![allow(unsafe_code, reason = "the decoder's interface is C's")]

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use re_rav1d::Dav1dResult;
use re_rav1d::include::dav1d::data::Dav1dData;
use re_rav1d::include::dav1d::dav1d::{
    DAV1D_INLOOPFILTER_CDEF, DAV1D_INLOOPFILTER_DEBLOCK, DAV1D_INLOOPFILTER_RESTORATION,
    Dav1dContext, Dav1dInloopFilterType, Dav1dSettings,
};
use re_rav1d::include::dav1d::picture::Dav1dPicture;
use re_rav1d::src::lib as c;

/// What the decoder answers instead of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It wants to give pictures first, or to be given data.
    Again,
    /// A negative error number of the C library.
    Error(i32),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again => f.write_str("it is not its turn"),
            Self::Error(code) => std::io::Error::from_raw_os_error(-code).fmt(f),
        }
    }
}

/// What the decoder calls its version.
pub fn version() -> String {
    let text = c::dav1d_version();
    // SAFETY: the decoder gives a string that ends with a zero byte and is never freed.
    let text = unsafe { std::ffi::CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

fn answer(result: Dav1dResult) -> Result<(), Refusal> {
    match result.0 {
        0 => Ok(()),
        code => Err(match std::io::Error::from_raw_os_error(-code).kind() {
            std::io::ErrorKind::WouldBlock => Refusal::Again,
            _ => Refusal::Error(code),
        }),
    }
}

/// In-loop filters, each of which a decoder may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filters {
    /// Specification 7.14.
    pub deblocking: bool,
    /// Specification 7.15.
    pub cdef: bool,
    /// Specification 7.17.
    pub restoration: bool,
}

impl Filters {
    /// As the stream says.
    pub const ALL: Self = Self { deblocking: true, cdef: true, restoration: true };

    /// What the decoder calls them: not the bits that dav1d has for them.
    fn mask(self) -> Dav1dInloopFilterType {
        let all = [
            (self.deblocking, DAV1D_INLOOPFILTER_DEBLOCK),
            (self.cdef, DAV1D_INLOOPFILTER_CDEF),
            (self.restoration, DAV1D_INLOOPFILTER_RESTORATION),
        ];
        all.into_iter().filter(|(on, _)| *on).map(|(_, bit)| bit).sum()
    }
}

/// A decoder.
pub(super) struct Rav1d {
    context: Dav1dContext,
    /// What it has not taken yet.
    pending: Option<Dav1dData>,
}

// SAFETY: a decoder may be used by any thread, one at a time (dav1d.h); pending data are its own.
unsafe impl Send for Rav1d {}

impl Rav1d {
    /// A decoder with all in-loop filters.
    #[cfg(test)]
    pub(super) fn open(n_threads: u32, delay: u32, apply_grain: bool) -> Result<Self, Refusal> {
        Self::with_filters((n_threads, delay), apply_grain, Filters::ALL)
    }

    /// Opens a decoder with `n_threads` threads, for `delay` frames at a time, that puts out all
    /// layers and hidden frames, with film grain if it is to `apply_grain`, and with these in-loop
    /// filters only. With a delay of 1 the picture comes out of the call that its data went in with.
    pub(super) fn with_filters(
        (n_threads, delay): (u32, u32),
        apply_grain: bool,
        filters: Filters,
    ) -> Result<Self, Refusal> {
        let mut settings = std::mem::MaybeUninit::<Dav1dSettings>::uninit();
        // SAFETY: room for settings.
        unsafe { c::dav1d_default_settings(NonNull::from(&mut settings).cast()) };
        // SAFETY: they were written.
        let mut settings = unsafe { settings.assume_init() };
        settings.n_threads = i32::try_from(n_threads).unwrap_or(i32::MAX);
        settings.max_frame_delay = i32::try_from(delay).unwrap_or(1).max(1);
        settings.apply_grain = apply_grain.into();
        settings.all_layers = 1;
        settings.output_invisible_frames = 1;
        settings.inloop_filters = filters.mask();
        let mut context = None;
        // SAFETY: both are valid.
        let opened = unsafe {
            c::dav1d_open(Some(NonNull::from(&mut context)), Some(NonNull::from(&mut settings)))
        };
        answer(opened)?;
        Ok(Self { context: context.ok_or(Refusal::Error(-1))?, pending: None })
    }

    /// Forgets all references, and data that were not taken.
    pub(super) fn flush(&mut self) {
        // SAFETY: open.
        unsafe { c::dav1d_flush(self.context) };
        self.forget_pending();
    }

    /// Sends `obus`, whose pictures will have `timestamp`. After `Again` some of it is pending.
    pub(super) fn send(&mut self, obus: &[u8], timestamp: i64) -> Result<(), Refusal> {
        self.forget_pending();
        let mut data = Dav1dData::default();
        // SAFETY: `data` is valid.
        let to = unsafe { c::dav1d_data_create(Some(NonNull::from(&mut data)), obus.len()) };
        let Some(to) = NonNull::new(to) else { return Err(Refusal::Error(-1)) };
        // SAFETY: as many bytes, new, and nobody else's.
        unsafe { to.copy_from_nonoverlapping(NonNull::from(obus).cast(), obus.len()) };
        data.m.timestamp = timestamp;
        self.pending = Some(data);
        self.send_pending()
    }

    /// Sends what is pending. After `Again` some of it still is.
    pub(super) fn send_pending(&mut self) -> Result<(), Refusal> {
        let Some(data) = &mut self.pending else { return Ok(()) };
        // SAFETY: open; the data are valid.
        let sent =
            unsafe { c::dav1d_send_data(Some(self.context), Some(NonNull::from(&mut *data))) };
        match answer(sent) {
            Ok(()) if data.sz > 0 => Err(Refusal::Again),
            Err(Refusal::Again) => Err(Refusal::Again),
            ended => {
                self.forget_pending();
                ended
            }
        }
    }

    /// Whether it has bytes that it goes on with when it is asked for a picture: those of a frame
    /// that it has refused, if the picture of another came meanwhile.
    pub(super) fn has_more(&mut self) -> bool {
        let mut nothing = Dav1dData::default();
        // SAFETY: open; no data are valid data.
        let sent =
            unsafe { c::dav1d_send_data(Some(self.context), Some(NonNull::from(&mut nothing))) };
        answer(sent) == Err(Refusal::Again)
    }

    /// The next picture, if it has one; asked a second time it waits for one, if a frame is in the
    /// making.
    pub(super) fn picture(&mut self) -> Result<Picture, Refusal> {
        // It is written in any case, and holds something even where there is no picture.
        let mut picture = Picture(Dav1dPicture::default());
        // SAFETY: open; room for a picture.
        let got = unsafe {
            c::dav1d_get_picture(Some(self.context), Some(NonNull::from(&mut picture.0)))
        };
        answer(got).map(|()| picture)
    }

    /// `picture` with the film grain of its frame header: itself if that has none.
    pub(super) fn with_grain(&mut self, picture: &Picture) -> Result<Picture, Refusal> {
        let mut grained = Picture(Dav1dPicture::default());
        let mut clean = picture.once_more();
        // SAFETY: open; room for a picture; what `clean` refers to is counted, and is the decoder's
        // from now on, which lets go of it.
        let applied = unsafe {
            c::dav1d_apply_grain(
                Some(self.context),
                Some(NonNull::from(&mut grained.0)),
                Some(NonNull::from(&mut clean)),
            )
        };
        answer(applied).map(|()| grained)
    }

    fn forget_pending(&mut self) {
        if let Some(mut data) = self.pending.take() {
            // SAFETY: valid, and not used again.
            unsafe { c::dav1d_data_unref(Some(NonNull::from(&mut data))) };
        }
    }
}

impl Drop for Rav1d {
    fn drop(&mut self) {
        self.forget_pending();
        // SAFETY: open, and not used again.
        unsafe { c::dav1d_close(Some(NonNull::from(&mut Some(self.context)))) };
    }
}

/// A picture of the decoder, which goes on to refer to it.
pub(super) struct Picture(Dav1dPicture);

// SAFETY: its planes are memory that any thread may read; who writes it says so (`rows`).
unsafe impl Send for Picture {}
// SAFETY: as above.
unsafe impl Sync for Picture {}

/// Counts one owner more of what a C structure owns.
fn count<T>(owned: Arc<T>) {
    std::mem::forget(Arc::clone(&owned));
    std::mem::forget(owned);
}

impl Picture {
    /// The same once more, for somebody who lets go of it on his own.
    fn once_more(&self) -> Dav1dPicture {
        let it = &self.0;
        // SAFETY: here and in the five below: made of an `Arc` by the decoder, of which this
        // structure owns a count, that stays.
        it.frame_hdr_ref.into_iter().for_each(|raw| count(unsafe { raw.into_arc() }));
        // SAFETY: as above.
        it.seq_hdr_ref.into_iter().for_each(|raw| count(unsafe { raw.into_arc() }));
        // SAFETY: as above.
        it.content_light_ref.into_iter().for_each(|raw| count(unsafe { raw.into_arc() }));
        // SAFETY: as above.
        it.mastering_display_ref.into_iter().for_each(|raw| count(unsafe { raw.into_arc() }));
        // SAFETY: as above.
        it.itut_t35_ref.into_iter().for_each(|raw| count(unsafe { raw.into_arc() }));
        // SAFETY: as above.
        it.r#ref.into_iter().for_each(|raw| count(unsafe { raw.into_arc() }));
        // SAFETY: plain addresses and numbers, and the owners that were counted.
        unsafe { std::ptr::from_ref(it).read() }
    }

    pub(super) fn timestamp(&self) -> i64 {
        self.0.m.timestamp
    }

    /// 8, 10 or 12.
    pub(super) fn bit_depth(&self) -> u8 {
        u8::try_from(self.0.p.bpc).unwrap_or(8)
    }

    /// Luma samples: width, height.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.0.p.w.max(0) as usize, self.0.p.h.max(0) as usize)
    }

    /// `subsampling_x` and `subsampling_y`; `None` without chroma.
    pub(super) fn subsampling(&self) -> Option<(usize, usize)> {
        // DAV1D_PIXEL_LAYOUT_I400 to I444.
        match self.0.p.layout {
            1 => Some((1, 1)),
            2 => Some((1, 0)),
            3 => Some((0, 0)),
            _ => None,
        }
    }

    /// Bytes from one row of `plane` to the next.
    pub(super) fn stride_bytes(&self, plane: usize) -> usize {
        usize::try_from(self.0.stride[usize::from(plane > 0)]).unwrap_or(0)
    }

    /// The address of `plane`, and how many bytes it has: whole rows.
    pub(super) fn rows(&self, plane: usize) -> (NonNull<u8>, usize) {
        let rows = match (plane, self.subsampling()) {
            (0, _) | (_, None) => self.size().1,
            (_, Some((_, y))) => (self.size().1 + y) >> y,
        };
        match self.0.data.get(plane).copied().flatten() {
            Some(address) => (address.cast(), rows * self.stride_bytes(plane)),
            None => (NonNull::dangling(), 0),
        }
    }

    /// The bytes of `plane`: whole rows.
    pub(super) fn plane(&self, plane: usize) -> &[u8] {
        let (address, bytes) = self.rows(plane);
        // SAFETY: the decoder allocated these rows, initialised, and does not write them any more:
        // it gives out pictures that are done.
        unsafe { std::slice::from_raw_parts(address.as_ptr(), bytes) }
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the decoder wrote it, or it is empty.
        unsafe { c::dav1d_picture_unref(Some(NonNull::from(&mut self.0))) };
        // An empty picture has something too, which nobody else gives back.
        if let Some(rest) = self.0.itut_t35_ref.take() {
            // SAFETY: it was made by the call above, and nobody else knows it.
            drop(unsafe { rest.into_arc() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use re_rav1d::include::dav1d::dav1d::DAV1D_INLOOPFILTER_ALL;

    /// A filter that is not told apart, or not switched on, makes other pictures for all.
    #[test]
    fn all_filters_are_those_of_the_decoder() {
        assert_eq!(Filters::ALL.mask(), DAV1D_INLOOPFILTER_ALL);
        let none = Filters { deblocking: false, cdef: false, restoration: false };
        let one = [
            Filters { deblocking: true, ..none },
            Filters { cdef: true, ..none },
            Filters { restoration: true, ..none },
        ];
        assert_eq!(none.mask(), 0);
        assert!(one.iter().all(|filters| filters.mask().count_ones() == 1));
        assert_eq!(one.iter().map(|filters| filters.mask()).sum::<u32>(), DAV1D_INLOOPFILTER_ALL);
    }

    #[test]
    fn nonsense_is_refused_and_nothing_is_a_turn() {
        for (threads, delay) in [(1, 1), (2, 2)] {
            let mut decoder = Rav1d::open(threads, delay, false).expect("a decoder");
            assert_eq!(decoder.picture().err(), Some(Refusal::Again));
            // A frame without a sequence header.
            let sent = decoder.send(&[0x32, 2, 0x10, 0], 1);
            let got = decoder.picture().err();
            assert!(sent.is_err() || got.is_some(), "{sent:?} {got:?}");
            assert!(!decoder.has_more());
            decoder.flush();
            assert_eq!(decoder.send_pending(), Ok(()));
        }
    }
}
