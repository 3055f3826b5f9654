//! What the on-screen display says.

use super::Judgement;
use super::app::{App, Shown};
use super::osd::{self, Osd};

impl App {
    /// All that lies on the picture, in a window of `size`.
    pub(super) fn osd(&self, size: (u32, u32)) -> Osd {
        let mut osd = Osd { keys: self.keys, ..Osd::default() };
        osd.message = self.message.as_ref().map(|(text, _)| text.clone());
        let Some(shown) = &self.shown else { return osd };
        if let Some(blocks) = &shown.blocks {
            osd.marked = blocks.places(&self.options.look.view(&shown.frame, size));
        }
        osd.bar = self.bar_until.map(|_| (shown.frame.time, shown.frame.stream.duration));
        if self.osd {
            osd.info = self.info(shown);
        }
        osd
    }

    fn info(&self, shown: &Shown) -> Vec<String> {
        let frame = &*shown.frame;
        let (entry, entries) = self.feed.entry();
        let stream = &frame.stream;
        let total = stream.duration.map_or_else(|| "-".to_owned(), osd::clock);
        let paused = if self.pacer.is_paused() { ", paused" } else { "" };
        let rate = 1.0 / stream.interval.as_secs_f64().max(1e-6);
        let mut lines = vec![
            format!("{} ({}), {} of {entries}", stream.name, stream.container, entry + 1),
            format!("{} of {total}, {rate:.3} pictures a second{paused}", osd::clock(frame.time)),
        ];
        lines.extend(osd::about(frame));
        let grain = match (&frame.pending_grain, frame.header.film_grain_params.apply_grain) {
            _ if !self.options.look.film_grain => "off",
            _ if self.options.look.other.is_some() => "another than the stream's",
            (Some(_), _) => "applied here",
            (None, true) => "applied by the driver",
            (None, false) => "none",
        };
        lines.push(format!("decoded by {}, film grain {grain}", self.device_name));
        if let Some(display) = &self.display {
            let (width, height) = display.screen.size();
            let (device, how) = (&display.device, display.screen.description());
            lines.push(format!("drawn by {device}, {how}, {width}x{height}"));
            let from = match display.screen.has(&*shown.picture) {
                true => "the image it was decoded to",
                false => "an upload",
            };
            lines.push(format!("from {from}, scaling {:?}", self.options.look.kernel));
        }
        lines.push(osd::counts(self.pacer.statistics()));
        lines.extend(self.verdict());
        lines
    }

    /// What a comparison says of the picture.
    fn verdict(&self) -> Option<String> {
        let against = self.options.against.as_ref()?;
        let here = match self.shown.as_ref().and_then(|shown| shown.blocks.as_ref()) {
            None => "not compared".to_owned(),
            Some(blocks) if blocks.corners.is_empty() => "right".to_owned(),
            Some(blocks) => format!("{} blocks of 64x64 wrong", blocks.corners.len()),
        };
        let Judgement { wrong, compared, .. } = self.report.judgement;
        Some(format!("against {against}: {here}; {wrong} of {compared} pictures wrong"))
    }
}
