//! Letters that the built-in font does not have, from the fonts of the system; those that none has
//! are spelled in letters that there are. Each letter is drawn by itself: scripts that join letters, or
//! go from right to left, can be made out, and no more.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use ab_glyph::{Font as _, FontVec, ScaleFont as _};
use fontdb::{Database, Style};

/// The fonts of the system, which are looked for when a letter first asks for them.
static FONTS: LazyLock<Mutex<Fonts>> = LazyLock::new(|| Mutex::new(Fonts::of_system()));

/// See the module.
#[derive(Default)]
struct Fonts {
    database: Database,
    /// Fonts that have been read.
    loaded: Vec<(fontdb::ID, FontVec)>,
    /// Which of them has a letter.
    letters: BTreeMap<char, Option<usize>>,
}

fn fonts() -> MutexGuard<'static, Fonts> {
    FONTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fonts {
    fn of_system() -> Self {
        let mut database = Database::new();
        database.load_system_fonts();
        Self { database, ..Self::default() }
    }

    /// The font that has `letter`, if one has.
    fn find(&mut self, letter: char) -> Option<usize> {
        if let Some(known) = self.letters.get(&letter) {
            return *known;
        }
        let has = |(_, font): &(fontdb::ID, FontVec)| font.glyph_id(letter).0 != 0;
        let found = self.loaded.iter().position(has).or_else(|| self.load(letter));
        self.letters.insert(letter, found);
        found
    }

    /// Reads a font that has `letter`, the plainest of them.
    fn load(&mut self, letter: char) -> Option<usize> {
        let mut faces: Vec<_> = self.database.faces().collect();
        faces.sort_by_key(|face| {
            let is_plain = face.style == Style::Normal && !face.post_script_name.contains("Serif");
            (!is_plain, face.weight.0.abs_diff(400), !face.monospaced)
        });
        let ids: Vec<_> = faces.into_iter().map(|face| face.id).collect();
        let (id, font) = ids.into_iter().find_map(|id| {
            let read = |data: &[u8], index| {
                let known = ab_glyph::FontRef::try_from_slice_and_index(data, index).ok()?;
                if known.glyph_id(letter).0 == 0 {
                    return None;
                }
                FontVec::try_from_vec_and_index(data.to_vec(), index).ok()
            };
            Some((id, self.database.with_face_data(id, read)??))
        })?;
        log::debug!("font {id:?} has {letter:?}");
        self.loaded.push((id, font));
        Some(self.loaded.len() - 1)
    }
}

/// `text` with those letters spelled that neither `is_built_in` nor a font of the system has.
pub(super) fn readable(text: &str, is_built_in: impl Fn(char) -> bool) -> String {
    let mut fonts = None;
    let mut readable = String::with_capacity(text.len());
    for letter in text.chars() {
        let has = is_built_in(letter)
            || !letter.is_control() && fonts.get_or_insert_with(self::fonts).find(letter).is_some();
        match has {
            true => readable.push(letter),
            false => readable.push_str(deunicode::deunicode_char(letter).unwrap_or("?").trim_end()),
        }
    }
    readable
}

/// Draws `letter` in cells of `width` and `height` pixels: `dot` is told of each pixel that is not
/// empty, and how full it is, from 0 to 1. Whether a font of the system has it.
pub(super) fn draw(
    letter: char,
    (width, height): (u32, u32),
    mut dot: impl FnMut(i32, i32, f32),
) -> bool {
    let mut fonts = fonts();
    let Some(font) = fonts.find(letter) else { return false };
    let Some((_, font)) = fonts.loaded.get(font) else { return false };
    let cells = (width * cells(letter).max(1)) as f32;
    // The built-in font's letters are a little smaller than their line as well.
    let mut scale = height as f32 * 0.9;
    let advance = |scale: f32| font.as_scaled(scale).h_advance(font.glyph_id(letter));
    if advance(scale) > cells {
        scale *= cells / advance(scale);
    }
    let scaled = font.as_scaled(scale);
    // Where the built-in font's letters stand.
    let above = (height as f32 - scaled.height()) / 2.0 + scaled.ascent() + height as f32 * 0.06;
    let left = ((cells - advance(scale)) / 2.0).max(0.0);
    let glyph = font.glyph_id(letter).with_scale_and_position(scale, ab_glyph::point(left, above));
    if let Some(outline) = font.outline_glyph(glyph) {
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, part| {
            dot(corner.x as i32 + x as i32, corner.y as i32 + y as i32, part);
        });
    }
    true
}

/// How many cells `letter` takes: ideographs and the like take two, marks above others none.
pub(super) fn cells(letter: char) -> u32 {
    match u32::from(letter) {
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x64b..=0x65f | 0x200b..=0x200f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff => 2,
        0x2_0000..=0x3_fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_spelled() {
        // A private letter is in no font that is meant for text.
        let said = readable("a\u{10fffd}b\u{7}", |letter| letter.is_ascii_graphic());
        assert!(said.starts_with('a') && said.contains('b'), "{said:?}");
        assert!(!said.chars().any(char::is_control), "{said:?}");
    }

    #[test]
    fn a_letter_that_is_drawn_is_in_its_cells() {
        for letter in ['я', '電', 'م'] {
            let mut dots = Vec::new();
            let has = draw(letter, (16, 32), |x, y, part| dots.push((x, y, part)));
            let spelled = readable(&letter.to_string(), |_| false);
            assert_eq!(has, spelled == letter.to_string(), "{letter}");
            assert!(has || spelled.is_ascii(), "{letter}: {spelled}");
            let width = 16 * cells(letter) as i32;
            let inside =
                |(x, y, _): &(i32, i32, f32)| (-2..width + 2).contains(x) && (-2..34).contains(y);
            assert!(dots.iter().all(inside), "{letter}: {dots:?}");
            assert_eq!(has, dots.iter().any(|(_, _, part)| *part > 0.5), "{letter}");
        }
    }

    #[test]
    fn ideographs_are_as_wide_as_two_letters() {
        assert_eq!(['a', 'я', '電', '\u{301}', '한'].map(cells), [1, 1, 2, 0, 2]);
    }
}
