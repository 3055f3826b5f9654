//! A planted fault: one field of one picture is changed between driver and engine, in what is
//! decoded as in what is recorded.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::avp::{self, Field};
use crate::batch::Command;
use crate::vcn::{self, Message};

/// Whether this process decoded a picture, and whether the alteration was applied.
static SEEN: AtomicBool = AtomicBool::new(false);
static APPLIED: AtomicBool = AtomicBool::new(false);

/// Says so where an alteration was asked for and there was nothing to apply it to. A process that
/// decodes nothing may be the parent of one that does.
pub(crate) fn report() {
    let in_vain = SEEN.load(Ordering::Relaxed) && !APPLIED.load(Ordering::Relaxed);
    if in_vain && Alteration::from_environment().is_some() {
        crate::log::log("VAV1D_DRM_SIM_ALTER: no such picture, or it has no such field");
    }
}

/// The field of a picture that is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alteration {
    /// As recordings have it, and which of its values.
    name: String,
    index: usize,
    delta: i64,
    picture: usize,
}

impl Alteration {
    /// Reads `NAME=+1@5`: what is added to the field's first value, and in which picture; or
    /// `NAME[3]=+1@5`, to value 3, from 0.
    ///
    /// # Errors
    /// What cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not FIELD=DELTA@PICTURE, as in av1.base_qindex=+1@5");
        let index = |text: &str| text.strip_suffix(']').and_then(|text| text.parse().ok());
        let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (delta, picture) = rest.split_once('@').ok_or_else(wrong)?;
        let (name, index) = match name.split_once('[') {
            Some((name, rest)) => (name, index(rest).ok_or_else(wrong)?),
            None => (name, 0),
        };
        Ok(Self {
            name: name.to_owned(),
            index,
            delta: delta.parse().map_err(|_| wrong())?,
            picture: picture.parse().map_err(|_| wrong())?,
        })
    }

    /// The alteration that `VAV1D_DRM_SIM_ALTER` asks for.
    pub(crate) fn from_environment() -> Option<Self> {
        let text = std::env::var("VAV1D_DRM_SIM_ALTER").ok()?;
        Self::parse(&text).inspect_err(|reason| crate::log::log(reason)).ok()
    }

    /// Changes a message that is picture `picture`; whether it has the field.
    pub(crate) fn message(&self, message: &mut Message, picture: usize) -> bool {
        SEEN.store(true, Ordering::Relaxed);
        let Some((prefix, name)) = self.name.split_once('.') else { return false };
        let (number, layout) = match prefix {
            "av1" => (0x11, vcn::AV1),
            "decode" => (2, vcn::DECODE),
            "dpb" => (0x10, vcn::DPB),
            _ => return false,
        };
        let part = message.parts.iter_mut().find(|part| part.0 == number);
        let Some((_, bytes)) = part.filter(|_| picture == self.picture) else { return false };
        if let Some(bit) = vcn::FLAGS.iter().position(|flag| prefix == "av1" && *flag == name) {
            bytes.set_u32(0, bytes.u32(0) ^ 1 << bit);
            return applied(true);
        }
        applied(vcn::add(layout, bytes, (name, self.index), self.delta))
    }

    /// Changes the commands of a batch, of which `seen` pictures come before; the answer is how many
    /// there are after it.
    pub(crate) fn batch(&self, commands: &mut [Command], seen: usize) -> usize {
        let (mut pictures, mut start, mut output, mut tile) = (seen, 0, false, 0);
        for end in 0..commands.len() {
            let command = &commands[end];
            match command[0] >> 16 {
                avp::BUFFERS => {
                    let word = |at: usize| command.get(avp::AT_OUTPUT + at).copied().unwrap_or(0);
                    output = word(0) != 0 || word(1) != 0;
                }
                avp::TILE => tile = command.get(1).map_or(0, |word| word & 0xFFF),
                avp::OBJECT if output => {
                    pictures += usize::from(tile == 0);
                    for command in &mut commands[start..end] {
                        self.any(command, pictures.saturating_sub(1));
                    }
                    start = end;
                }
                _ => {}
            }
        }
        pictures
    }

    /// Changes a command of a picture, if it is the one.
    fn any(&self, command: &mut Command, picture: usize) {
        SEEN.store(true, Ordering::Relaxed);
        let which = command.get(1).copied().unwrap_or(0);
        let numbered = match command[0] >> 16 {
            avp::SURFACE => format!("avp.surface.{}", which >> 28),
            avp::SEGMENT => format!("avp.segment.{}", which & 7),
            _ => format!("tile.{}", which & 0xFFF),
        };
        let (prefix, table) = match command[0] >> 16 {
            avp::PICTURE => ("avp.pic", avp::PICTURE_FIELDS),
            avp::INTER => ("avp.inter", avp::INTER_FIELDS),
            avp::FILTER => ("avp.filter", avp::FILTER_FIELDS),
            avp::GRAIN => ("avp.film_grain", avp::GRAIN_FIELDS),
            avp::SURFACE => (numbered.as_str(), avp::SURFACE_FIELDS),
            avp::SEGMENT => (numbered.as_str(), avp::SEGMENT_FIELDS),
            avp::TILE => (numbered.as_str(), avp::TILE_FIELDS),
            _ => return,
        };
        self.command(command, prefix, table, picture);
    }

    /// Changes a command of a picture, whose fields are recorded as `prefix`; whether it has the
    /// field.
    fn command(&self, words: &mut [u32], prefix: &str, table: &[Field], picture: usize) -> bool {
        let name = self.name.strip_prefix(prefix);
        let name = name.and_then(|rest| rest.strip_prefix('.'));
        let field = table.iter().find(|field| Some(field.name) == name);
        match field.filter(|_| picture == self.picture) {
            Some(field) => applied(field.add(words, self.index, self.delta)),
            None => false,
        }
    }
}

/// Takes note of it.
fn applied(whether: bool) -> bool {
    APPLIED.fetch_or(whether, Ordering::Relaxed);
    whether
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;

    #[test]
    fn what_is_to_be_changed_is_read() {
        let found = Alteration::parse("av1.base_qindex=+1@5");
        let expected =
            Alteration { name: "av1.base_qindex".into(), index: 0, delta: 1, picture: 5 };
        assert_eq!(found, Ok(expected.clone()));
        let found = Alteration::parse("av1.base_qindex[12]=+1@5");
        assert_eq!(found, Ok(Alteration { index: 12, ..expected }));
        for wrong in
            ["", "av1.x", "av1.x=1", "av1.x=y@1", "av1.x=1@z", "av1.x[=1@1", "av1.x[y]=1@1"]
        {
            assert!(Alteration::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn surfaces_segments_and_tiles_are_told_by_their_number() {
        let changed = |text: &str, command: &[u32]| {
            let mut command = command.to_vec();
            let alteration = Alteration::parse(text).expect("it can be read");
            alteration.any(&mut command, 0);
            command
        };
        let surface = [avp::SURFACE << 16, 7 << 28, 0, 0, 0];
        let pitch = "avp.surface.7.surface_pitch_minus_1=+128@0";
        assert_eq!(changed(pitch, &surface)[1], 7 << 28 | 128);
        assert_eq!(changed("avp.surface.0.surface_pitch_minus_1=+128@0", &surface), surface);
        let tile = [avp::TILE << 16, 3, 0, 0, 0, 0, 0];
        assert_ne!(changed("tile.3.column_position_in_sb=+1@0", &tile), tile);
        assert_eq!(changed("tile.2.column_position_in_sb=+1@0", &tile), tile);
        let segment = [avp::SEGMENT << 16, 2, 0, 0];
        assert_ne!(changed("avp.segment.2.feature_mask=+1@0", &segment), segment);
        assert_eq!(changed("avp.segment.2.feature_mask=+1@1", &segment), segment);
    }

    #[test]
    fn the_value_of_the_picture_is_changed() {
        let zero = || Message {
            kind: 1,
            parts: vec![(0x11, Bytes(vec![0; 0x2000]))],
            ..Default::default()
        };
        let value = |message: &Message, name: &str| {
            let fields = vcn::fields(vcn::AV1, &message.parts[0].1);
            fields.iter().find(|field| field.0 == name).map(|field| field.1[0])
        };
        let mut message = zero();
        let alteration = Alteration::parse("av1.ref_deltas=-3@2").expect("it can be read");
        assert!(!alteration.message(&mut message, 1));
        assert_eq!(message, zero());
        assert!(alteration.message(&mut message, 2));
        assert_eq!(value(&message, "ref_deltas"), Some(-3));
        let last = Alteration::parse("av1.mode_deltas[1]=5@0").expect("it can be read");
        assert!(last.message(&mut message, 0));
        let fields = vcn::fields(vcn::AV1, &message.parts[0].1);
        assert!(fields.contains(&("mode_deltas", vec![0, 5])));
        let beyond = Alteration::parse("av1.mode_deltas[2]=5@0").expect("it can be read");
        assert!(!beyond.message(&mut message, 0));
        let flag = Alteration::parse("av1.disable_cdf_update=+1@0").expect("it can be read");
        assert!(flag.message(&mut message, 0));
        assert_eq!(value(&message, "frame_header_flags"), Some(2));
        let none = Alteration::parse("av1.nothing=+1@0").expect("it can be read");
        assert!(!none.message(&mut message, 0));
        let field = crate::avp::FILTER_FIELDS;
        let mut words = [0; 6];
        let deep = Alteration::parse("avp.filter.deblocker_filter_ref_deltas=-1@0");
        assert!(deep.expect("it can be read").command(&mut words, "avp.filter", field, 0));
        assert_eq!(words, [0, 0, 0x7F, 0, 0, 0]);
        let other = Alteration::parse("avp.filter.deblocker_filter_ref_deltas[1]=+1@0");
        assert!(other.expect("it can be read").command(&mut words, "avp.filter", field, 0));
        assert_eq!(words, [0, 0, 0x17F, 0, 0, 0]);
    }
}
