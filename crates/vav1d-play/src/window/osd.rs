//! The on-screen display: what is known of the picture, a bar to seek on, messages, the keys.

use std::time::Duration;

use super::bitmap::{self, Bitmap, Color, TextSize};
use super::keys;
use crate::{Frame, Statistics};
use vav1d::color::names;
use vav1d::pixels::Chroma;
use vav1d::vk::DecodeStatus;

const TEXT: Color = [255, 255, 255, 255];
const SHADE: Color = [0, 0, 0, 160];
const DONE: Color = [255, 255, 255, 230];
const MARK: Color = [255, 0, 0, 90];
const FRAME: Color = [255, 0, 0, 255];
const LEFT: Color = [255, 255, 255, 70];

/// What is on display.
#[derive(Clone, Debug, Default)]
pub struct Osd {
    /// What is known of the picture and of playing.
    pub info: Vec<String>,
    /// A message.
    pub message: Option<String>,
    /// A page of the keys, from 0, in the place of what is known.
    pub keys: Option<usize>,
    /// Places that are marked: corner, size.
    pub marked: Vec<((i32, i32), (u32, u32))>,
    /// The bar: time of the picture, duration of the stream.
    pub bar: Option<(Duration, Option<Duration>)>,
}

impl Osd {
    /// The image for a window of `size` pixels, and where it is.
    pub fn image(&self, size: (u32, u32)) -> Option<((i32, i32), Bitmap)> {
        let text = TextSize::of(size);
        let mut lines: Vec<String> = self.message.iter().cloned().collect();
        match self.keys {
            Some(page) => lines.extend(pages(size).into_iter().nth(page).unwrap_or_default()),
            None => lines.extend(self.info.iter().cloned()),
        }
        let margin = text.height() / 2;
        let mut lines = fitted(lines.into_iter(), size);
        let room = room(size, self.bar.is_some());
        if lines.len() > room {
            lines.truncate(room);
            lines.last_mut().into_iter().for_each(|last| *last = "...".to_owned());
        }
        let columns = lines.iter().map(|line| bitmap::columns(line)).max().unwrap_or(0) as u32;
        let width = (columns * text.width() + 2 * margin).min(size.0);
        let height = (lines.len() as u32 * text.height() + 2 * margin).min(size.1);
        let has_text = !lines.is_empty() && width > 0 && height > 0;
        let marks = !self.marked.is_empty();
        if !has_text && self.bar.is_none() && !marks {
            return None;
        }
        let (full, bar) = (self.bar.is_some(), bar_height(size));
        let mut image = match (full, has_text) {
            _ if marks => Bitmap::new(size.0, size.1),
            (true, true) => Bitmap::new(size.0, size.1),
            (true, false) => Bitmap::new(size.0, bar.min(size.1)),
            _ => Bitmap::new(width, height),
        };
        for (corner, extent) in &self.marked {
            mark(&mut image, *corner, *extent);
        }
        if has_text {
            image.fill((0, 0), (width, height), SHADE);
            for (row, line) in (0..).zip(&lines) {
                image.text((margin, margin + row * text.height()), line, text, TEXT);
            }
        }
        let top = if full && !has_text && !marks { size.1.saturating_sub(bar) } else { 0 };
        if let Some((time, duration)) = self.bar {
            draw_bar(&mut image, size.1.saturating_sub(bar) - top, size, time, duration);
        }
        Some(((0, top as i32), image))
    }
}

/// Lines that a window of `size` has room for, above the bar if that `has_bar`: it stays where it is.
fn room(size: (u32, u32), has_bar: bool) -> usize {
    let text = TextSize::of(size);
    let below = if has_bar { bar_height(size) } else { 0 };
    (size.1.saturating_sub(below + text.height()) / text.height()).max(1) as usize
}

/// `lines` as wide as a window of `size` at most.
fn fitted(lines: impl Iterator<Item = String>, size: (u32, u32)) -> Vec<String> {
    let text = TextSize::of(size);
    let most = (size.0.saturating_sub(text.height()) / text.width()).max(1) as usize;
    lines.flat_map(|line| wrapped(&bitmap::readable(&line), most)).collect()
}

/// The keys and what they do, in pages for a window of `size`.
pub(super) fn pages(size: (u32, u32)) -> Vec<Vec<String>> {
    let room = room(size, true);
    let lines = fitted(keys::table(), size);
    if lines.len() <= room {
        return vec![lines];
    }
    let parts = lines.chunks(room.saturating_sub(1).max(1));
    let count = parts.len();
    let more = |page: usize| (page + 1 < count).then(|| format!("... h: page {}", page + 2));
    parts.enumerate().map(|(page, part)| part.iter().cloned().chain(more(page)).collect()).collect()
}

/// Marks a rectangle: a frame, and a shade inside.
fn mark(image: &mut Bitmap, corner: (i32, i32), (width, height): (u32, u32)) {
    let (x, y) = (corner.0.max(0) as u32, corner.1.max(0) as u32);
    image.fill((x, y), (width, height), MARK);
    image.fill((x, y), (width, 1), FRAME);
    image.fill((x, y + height.saturating_sub(1)), (width, 1), FRAME);
    image.fill((x, y), (1, height), FRAME);
    image.fill((x + width.saturating_sub(1), y), (1, height), FRAME);
}

/// `line` in parts of at most `most` characters, between words where there are some; all but the
/// first are set in.
fn wrapped(line: &str, most: usize) -> Vec<String> {
    let (mut parts, mut rest) = (Vec::new(), line);
    while bitmap::columns(rest) > most.saturating_sub(if parts.is_empty() { 0 } else { 2 }) {
        let most = most.saturating_sub(if parts.is_empty() { 0 } else { 2 }).max(1);
        let fits = |(at, _): &(usize, char)| bitmap::columns(&rest[..*at]) <= most;
        let end = rest.char_indices().take_while(fits).last().map_or(0, |(at, _)| at);
        let end = if end == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { end };
        // A space right behind what fits ends a word, too.
        let word = rest[..end].rfind(' ').filter(|_| !rest[end..].starts_with(' '));
        let end = word.filter(|word| *word > end / 3).unwrap_or(end);
        parts.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    parts.push(rest.to_owned());
    parts.iter_mut().skip(1).for_each(|part| part.insert_str(0, "  "));
    parts
}

/// Pixels that the bar takes at the bottom of a window.
pub(super) fn bar_height(size: (u32, u32)) -> u32 {
    2 * TextSize::of(size).height()
}

/// First pixel and width of the part of the bar that is seeked on, in a window of `size`.
pub(super) fn bar_track(size: (u32, u32)) -> (u32, u32) {
    let text = TextSize::of(size);
    // "0:00:00.000 " on both sides.
    let side = 12 * text.width() + text.height() / 2;
    match size.0 > 3 * side {
        true => (side, size.0 - 2 * side),
        false => (0, size.0),
    }
}

fn draw_bar(
    image: &mut Bitmap,
    y: u32,
    size: (u32, u32),
    time: Duration,
    duration: Option<Duration>,
) {
    let text = TextSize::of(size);
    let height = bar_height(size);
    image.fill((0, y), (size.0, height), SHADE);
    let line = y + text.height() / 2;
    let (start, length) = bar_track(size);
    if start > 0 {
        image.text((text.height() / 2, line), &clock(time), text, TEXT);
        let total = duration.map_or_else(|| "-".to_owned(), clock);
        image.text((start + length + text.width(), line), &total, text, TEXT);
    }
    let Some(duration) = duration.filter(|d| !d.is_zero()) else { return };
    let part = (time.as_secs_f64() / duration.as_secs_f64()).clamp(0.0, 1.0);
    let done = (f64::from(length) * part).round() as u32;
    let thickness = (text.height() / 4).max(2);
    let at = y + (height - thickness) / 2;
    image.fill((start, at), (done, thickness), DONE);
    image.fill((start + done, at), (length - done, thickness), LEFT);
}

/// H:MM:SS.mmm, without hours where there are none.
pub(super) fn clock(time: Duration) -> String {
    let (seconds, ms) = (time.as_secs(), time.subsec_millis());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}.{ms:03}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}.{ms:03}"),
    }
}

/// What is known of `frame` itself.
pub fn about(frame: &Frame) -> Vec<String> {
    let (header, color) = (&frame.header, &frame.sequence.color_config);
    let (picture, size) = (&frame.picture, &header.frame_size);
    let chroma = match picture.format().chroma {
        Chroma::Monochrome => "4:0:0",
        Chroma::Yuv420 => "4:2:0",
        Chroma::Yuv422 => "4:2:2",
        Chroma::Yuv444 => "4:4:4",
    };
    let taken_for = names::taken_for(picture.size(), color);
    let taken_for = taken_for.map_or_else(String::new, |name| format!(", shown as {name}"));
    let frame_number = frame.frame.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let existing = if frame.show_existing_frame { ", shown again" } else { "" };
    let slot = frame.dpb_slot.map_or_else(|| "none".to_owned(), |slot| slot.to_string());
    let slots = header.ref_frame_idx.map(|slots| {
        let names: Vec<_> = slots.iter().map(|slot| slot.index().to_string()).collect();
        format!(", references in slots {}", names.join(" "))
    });
    let status = match frame.status {
        DecodeStatus::Complete => "complete".to_owned(),
        DecodeStatus::Error(status) => format!("status {status}"),
        DecodeStatus::Unknown => "no status".to_owned(),
    };
    vec![
        format!(
            "{}x{} {chroma} {} bit, rendered {}x{}; {}{}",
            picture.size().0,
            picture.size().1,
            picture.format().bit_depth,
            size.render_width,
            size.render_height,
            names::words(color),
            taken_for
        ),
        format!(
            "picture {}, frame {frame_number}, unit {}: {}{existing}, refreshes 0x{:02x}{}",
            frame.index,
            frame.unit,
            header.frame_type,
            header.refresh_frame_flags,
            slots.unwrap_or_default()
        ),
        format!(
            "DPB slot {slot}, {status}, decoded in {:.1} ms",
            frame.decode_time.as_secs_f64() * 1e3
        ),
    ]
}

/// What became of the frames so far.
pub(super) fn counts(statistics: &Statistics) -> String {
    format!(
        "presented {}, dropped {}, late {}, stalls {}; off by {:.1} ms at worst",
        statistics.presented,
        statistics.dropped,
        statistics.late,
        statistics.stalls,
        statistics.worst.as_secs_f64() * 1e3
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks() {
        assert_eq!(clock(Duration::from_millis(61_250)), "1:01.250");
        assert_eq!(clock(Duration::from_secs(3 * 3600 + 62)), "3:01:02.000");
    }

    #[test]
    fn long_lines_are_wrapped() {
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("0123456789", 10), ["0123456789"]);
        assert_eq!(wrapped("0123456789abcdefghi", 10), ["0123456789", "  abcdefgh", "  i"]);
        assert_eq!(wrapped("pictures a second", 13), ["pictures a", "  second"]);
        assert_eq!(wrapped("pictures a second", 10), ["pictures a", "  second"]);
        assert_eq!(wrapped("電影電影電", 4), ["電影", "  電", "  影", "  電"]);
    }

    #[test]
    fn an_image_is_no_larger_than_the_window() {
        let size = (320, 180);
        assert!(Osd::default().image(size).is_none());
        let bar = Some((Duration::from_secs(5), Some(Duration::from_secs(10))));
        let info = vec!["a line that is much longer than the window is wide".to_owned(); 50];
        for osd in [
            Osd { bar, ..Osd::default() },
            Osd { info: info.clone(), ..Osd::default() },
            Osd {
                info,
                bar,
                keys: Some(0),
                message: Some("paused".into()),
                marked: vec![((-5, 3), (9000, 9000))],
            },
        ] {
            let ((x, y), image) = osd.image(size).unwrap();
            assert_eq!(x, 0);
            assert!(image.width <= size.0 && y as u32 + image.height <= size.1);
            assert_eq!(image.pixels.len() as u32, image.width * image.height * 4);
            assert!(image.pixels.iter().any(|p| *p > 0));
        }
    }

    #[test]
    fn every_key_is_on_a_page() {
        for size in [(320, 180), (640, 360), (1280, 720), (3200, 1800), (1, 1)] {
            let pages = pages(size);
            let is_key = |line: &&String| !line.starts_with("... ");
            let shown: Vec<_> = pages.iter().flatten().filter(is_key).cloned().collect();
            assert_eq!(shown, fitted(keys::table(), size), "{size:?}");
            let most = pages.iter().map(Vec::len).max().unwrap_or(0);
            assert!(most <= room(size, true).max(2), "{size:?}: {most}");
        }
        assert_eq!((pages((1280, 720)).len(), pages((640, 360)).len()), (2, 2));
        assert_eq!(pages((1920, 1080)).len(), 1);
    }

    #[test]
    fn the_bar_is_as_long_as_what_was_played() {
        let size = (1280, 720);
        let bar = Some((Duration::from_secs(5), Some(Duration::from_secs(10))));
        let ((_, y), image) = Osd { bar, ..Osd::default() }.image(size).unwrap();
        assert_eq!(y as u32 + image.height, size.1);
        let (start, length) = bar_track((size.0, size.1));
        let middle = image.height / 2;
        let alpha = |x: u32| image.pixels[((middle * image.width + x) * 4) as usize];
        assert!(alpha(start + length / 2 - 2) > 200);
        assert!(alpha(start + length / 2 + 2) < 120);
    }
}
