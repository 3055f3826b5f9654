//! Drives `re_rav1d`: frames in, the same frames' pictures out, whatever happens inside.
//!
//! With a delay of 1 a frame's picture comes before the next frame goes in. With more, the decoder
//! has so many places for frames, in a circle: what goes in takes the place of the oldest, which
//! has to be done by then. Where nothing goes in, the oldest can be asked for; but then the others
//! have to be, too, before anything goes in: see [`Decoder::wash`] for what it counts.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::frame::Maker;
use super::rav1d::{Filters, Picture, Rav1d, Refusal};
use super::{Fault, Frame, grain};

/// More rounds than this means that the decoder neither takes nor gives anything.
const MAX_ROUNDS: usize = 16;

/// The threads of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How many there are; with one it makes no thread of its own.
    pub(crate) threads: u32,
    /// Frames that they work on at a time at most: no more than threads.
    pub(crate) delay: u32,
}

impl Pace {
    /// One frame at a time.
    pub(crate) fn of_threads(threads: u32) -> Self {
        Self { threads, delay: 1 }
    }
}

/// A frame that was sent to a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sent(i64);

/// Whether a decoder takes a frame before it was asked for those that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// At once.
    Free,
    /// In the place of the oldest, which it waits for then.
    Turn,
    /// It does better if it is asked for those first.
    No,
}

/// A frame that the decoder has, and its place in the circle.
struct Under {
    sent: Sent,
    place: usize,
}

/// The decoder of one session.
pub(crate) struct Decoder {
    /// Opened for its first frame.
    inner: Option<Rav1d>,
    maker: Maker,
    pace: Pace,
    filters: Filters,
    /// Marks what goes in, so that a picture that comes out is known to be of that frame.
    timestamp: i64,
    /// What it works on, the oldest first.
    under: VecDeque<Under>,
    /// It was asked for the oldest, and has others yet.
    leaving: bool,
    /// The place that the next frame gets.
    place: usize,
    /// Places of frames that failed and were asked for: see [`Self::wash`].
    stained: Vec<usize>,
    /// OBUs of a small frame that changes nothing.
    blank: Option<Vec<u8>>,
    /// It has lost its references, and nobody was told.
    lost: bool,
    /// What came of frames that nobody has asked for yet.
    outcomes: BTreeMap<Sent, Result<Frame, Fault>>,
}

impl Decoder {
    /// A decoder.
    pub(crate) fn new(pace: Pace) -> Self {
        Self::with_filters(pace, Filters::ALL)
    }

    /// The same, of the in-loop filters with `filters` only.
    pub(crate) fn with_filters(pace: Pace, filters: Filters) -> Self {
        Self {
            inner: None,
            maker: Maker::default(),
            pace,
            filters,
            timestamp: 0,
            under: VecDeque::new(),
            leaving: false,
            place: 0,
            stained: Vec::new(),
            blank: None,
            lost: false,
            outcomes: BTreeMap::new(),
        }
    }

    /// Makes sure that it is open.
    fn open(&mut self) -> Result<(), Fault> {
        if self.inner.is_none() {
            self.inner = Some(open(self.pace, self.filters)?);
        }
        Ok(())
    }

    /// `obus` are a small frame of the sequence that begins, which always decodes and refreshes no
    /// reference.
    pub(crate) fn set_blank(&mut self, obus: Vec<u8>) {
        self.blank = Some(obus);
    }

    /// Goes on with `pace`, and without references if that is another one.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        if self.pace != pace {
            let new = Self::with_filters(pace, self.filters);
            *self = Self { timestamp: self.timestamp, ..new };
        }
    }

    /// Frames that it works on at a time.
    pub(crate) fn delay(&self) -> u32 {
        self.pace.delay
    }

    /// Whether it is `maker`.
    pub(super) fn is(&self, maker: &Maker) -> bool {
        Arc::ptr_eq(&self.maker.0, &maker.0)
    }

    /// Forgets all references, and frames that were sent.
    pub(crate) fn flush(&mut self) {
        self.finish();
        self.outcomes.clear();
        if !self.stained.is_empty() {
            return self.replace();
        }
        self.place = 0;
        let Some(inner) = &mut self.inner else { return };
        if catch_unwind(AssertUnwindSafe(|| inner.flush())).is_err() {
            self.replace();
        }
    }

    /// Decodes OBUs with one frame in them, after all that was sent.
    ///
    /// After `Fault::Panicked` the decoder has no references.
    pub(crate) fn decode(&mut self, obus: Vec<u8>) -> Result<Frame, Fault> {
        let sent = self.send(&obus);
        self.take(sent)
    }

    /// Sends OBUs with one frame in them: see [`Self::room`]. What comes of it is to be
    /// [taken](Self::take).
    pub(crate) fn send(&mut self, obus: &[u8]) -> Sent {
        self.timestamp += 1;
        let sent = Sent(self.timestamp);
        if let Err(fault) = self.open() {
            self.outcomes.insert(sent, Err(fault));
            return sent;
        }
        if self.pace.delay <= 1 {
            let outcome = self.decode_at_once(obus, sent);
            self.outcomes.insert(sent, outcome);
            return sent;
        }
        if self.leaving {
            self.finish();
        }
        if !self.stained.is_empty() {
            self.wash();
        }
        if std::mem::take(&mut self.lost) {
            self.outcomes.insert(sent, Err(Fault::Panicked));
            return sent;
        }
        let Some(inner) = &mut self.inner else { return sent };
        let went = catch_unwind(AssertUnwindSafe(|| {
            let refused = inner.send(obus, sent.0).err();
            // What came of the frame whose place was taken, if there was one.
            (refused, inner.picture(), inner.has_more())
        }));
        match went {
            // A header that it refuses takes no place.
            Ok((Some(why), Err(Refusal::Again), false)) => {
                self.outcomes.insert(sent, Err(Fault::Decoder(why.to_string())));
            }
            Ok((None, got, false)) => {
                match got {
                    Ok(picture) => self.accept(Ok(picture)),
                    Err(Refusal::Again) => {}
                    Err(why) => self.accept(Err(why)),
                }
                self.under.push_back(Under { sent, place: self.place });
                self.place = (self.place + 1) % self.pace.delay as usize;
            }
            _ => {
                self.under.push_back(Under { sent, place: self.place });
                self.replace();
            }
        }
        sent
    }

    /// Whether it takes a frame.
    pub(crate) fn room(&self) -> Room {
        match self.under.len() {
            0 => Room::Free,
            _ if self.leaving => Room::No,
            under if under < self.pace.delay as usize => Room::Free,
            _ => Room::Turn,
        }
    }

    /// Whether it is known what came of `sent`.
    pub(crate) fn is_over(&self, sent: Sent) -> bool {
        self.under.iter().all(|under| under.sent != sent)
    }

    /// What came of a frame, once.
    pub(crate) fn take(&mut self, sent: Sent) -> Result<Frame, Fault> {
        while !self.is_over(sent) {
            self.next();
        }
        self.outcomes.remove(&sent).unwrap_or(Err(Fault::NoPicture))
    }

    /// `clean`, a picture of this decoder, with the film grain of its frame, spec 7.18.3: by the
    /// decoder, which has assembly for it, where it can.
    pub(crate) fn with_grain(&mut self, clean: &Frame, params: &grain::Params) -> Frame {
        let picture = match clean.decoded() {
            Some((picture, maker)) if params.decoder_has() && self.is(maker) => picture,
            _ => return grain::apply(clean, params),
        };
        let Some(inner) = &mut self.inner else { return grain::apply(clean, params) };
        match catch_unwind(AssertUnwindSafe(|| inner.with_grain(picture))) {
            Ok(Ok(grained)) if grained.rows(0).0 == picture.rows(0).0 => clean.clone(),
            Ok(Ok(grained)) => Frame::from_decoder(grained, &self.maker),
            Ok(Err(_)) | Err(_) => grain::apply(clean, params),
        }
    }

    /// Waits until it works on nothing.
    pub(crate) fn finish(&mut self) {
        while !self.under.is_empty() {
            self.next();
        }
    }

    /// Waits for the oldest frame.
    fn next(&mut self) {
        let Some(place) = self.under.front().map(|under| under.place) else { return };
        let Some(inner) = &mut self.inner else { return self.replace() };
        match catch_unwind(AssertUnwindSafe(|| inner.picture())) {
            Ok(Ok(picture)) => self.accept(Ok(picture)),
            // It does not know any more that it has the frame.
            Ok(Err(Refusal::Again)) | Err(_) => return self.replace(),
            Ok(Err(why)) => {
                self.accept(Err(why));
                self.stained.push(place);
            }
        }
        self.place = (place + 1) % self.pace.delay as usize;
        self.leaving = !self.under.is_empty();
    }

    /// What came of the oldest frame.
    fn accept(&mut self, came: Result<Picture, Refusal>) {
        let Some(Under { sent, .. }) = self.under.pop_front() else { return };
        let outcome = match came {
            Ok(picture) if picture.timestamp() == sent.0 => {
                Ok(Frame::from_decoder(picture, &self.maker))
            }
            Ok(_) => Err(Fault::NoPicture),
            Err(why) => Err(Fault::Decoder(why.to_string())),
        };
        self.outcomes.insert(sent, outcome);
    }

    /// Makes the decoder forget of failed frames that they failed, while it works on nothing.
    ///
    /// `re_rav1d` notes a failure at its place, and counts the place as left each time that it comes
    /// by and finds the note: when the frame is asked for, and again when it looks for a later one,
    /// or when a frame gets the place. Its threads look for work by that count, so one more or less
    /// lets them sleep for ever. It comes by when it is asked for a picture and has none; so it is
    /// asked until the count is right once all places have been taken by a frame without failure.
    fn wash(&mut self) {
        let delay = self.pace.delay as usize;
        let mut notes = vec![false; delay];
        self.stained.drain(..).for_each(|place| notes[place] = true);
        let failed = notes.iter().filter(|note| **note).count();
        // What it counts, and where it is.
        let (mut left, mut place) = (self.place, self.place);
        let mut asked = 0;
        while !(left + failed + delay - place).is_multiple_of(delay) && asked < delay * delay {
            asked += 1;
            let mut found = false;
            for _ in 0..delay {
                match notes[place] {
                    true => (left, found) = ((left + 1) % delay, true),
                    false if found => break,
                    false => {}
                }
                place = (place + 1) % delay;
            }
        }
        self.place = place;
        let (inner, blank) = (self.inner.as_mut(), self.blank.as_deref());
        let washed = catch_unwind(AssertUnwindSafe(|| {
            let (inner, blank) = (inner?, blank?);
            for _ in 0..asked {
                (inner.picture().err() == Some(Refusal::Again)).then_some(())?;
            }
            for _ in 0..delay {
                inner.send(blank, -1).ok()?;
            }
            (inner.picture().err() == Some(Refusal::Again)).then_some(())?;
            (0..delay).try_for_each(|_| inner.picture().ok().map(drop))
        }));
        if !matches!(washed, Ok(Some(()))) {
            self.replace();
            self.lost = true;
        }
    }

    /// One frame, the decoder's only one.
    fn decode_at_once(&mut self, obus: &[u8], sent: Sent) -> Result<Frame, Fault> {
        let (Some(inner), maker) = (&mut self.inner, &self.maker) else {
            return Err(Fault::NoPicture);
        };
        let one = || one_frame(inner, obus, sent.0, maker);
        match catch_unwind(AssertUnwindSafe(one)) {
            Ok(Ok(frame)) => Ok(frame),
            Ok(Err(Stop::Fault(fault))) => Err(fault),
            Ok(Err(Stop::Stuck)) | Err(_) => {
                self.replace();
                Err(Fault::Panicked)
            }
        }
    }

    /// Puts a decoder without history in the place of one that cannot be trusted.
    fn replace(&mut self) {
        for Under { sent, .. } in self.under.drain(..) {
            self.outcomes.insert(sent, Err(Fault::Panicked));
        }
        self.stained.clear();
        (self.place, self.leaving) = (0, false);
        // Closing a decoder that panicked may wait for threads that are gone.
        std::mem::forget(self.inner.take());
        self.maker = Maker::default();
    }
}

/// Why a frame has no picture.
enum Stop {
    Fault(Fault),
    /// The decoder holds data that it neither decodes nor refuses.
    Stuck,
}

fn open(pace: Pace, filters: Filters) -> Result<Rav1d, Fault> {
    catch_unwind(|| Rav1d::with_filters((pace.threads, pace.delay), false, filters))
        .map_err(|_| Fault::Open("panic".into()))?
        .map_err(|error| Fault::Open(error.to_string()))
}

/// Sends `obus` and takes every picture that comes; the answer is the one of this frame.
fn one_frame(
    decoder: &mut Rav1d,
    obus: &[u8],
    timestamp: i64,
    maker: &Maker,
) -> Result<Frame, Stop> {
    let mut pending = false;
    let mut refused = None;
    match decoder.send(obus, timestamp) {
        Ok(()) => {}
        Err(Refusal::Again) => pending = true,
        Err(error) => refused = Some(error),
    }
    let mut frame = None;
    for _ in 0..MAX_ROUNDS {
        match decoder.picture() {
            Ok(picture) if picture.timestamp() == timestamp => {
                frame = Some(Frame::from_decoder(picture, maker));
            }
            Ok(_) => {}
            Err(Refusal::Again) if !pending => {
                return match (frame, refused) {
                    (_, Some(error)) => Err(Stop::Fault(Fault::Decoder(error.to_string()))),
                    (Some(frame), None) => Ok(frame),
                    (None, None) => Err(Stop::Fault(Fault::NoPicture)),
                };
            }
            Err(Refusal::Again) => match decoder.send_pending() {
                Ok(()) => pending = false,
                Err(Refusal::Again) => {}
                Err(error) => {
                    pending = false;
                    refused = Some(error);
                }
            },
            Err(error) => refused = Some(error),
        }
    }
    Err(Stop::Stuck)
}
