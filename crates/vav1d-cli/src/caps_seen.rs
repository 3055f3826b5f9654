//! `vav1d caps --seen-by`: what a device said to a program that was watched.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::caps_record;
use super::check;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output;
use super::table::Table;
use vav1d::pixels::Chroma;
use vav1d::vk::{Caps, Profile};
use vav1d_lab::watch::capture::Capture;

/// Flags of VkVideoCapabilityFlagBitsKHR and VkVideoDecodeCapabilityFlagBitsKHR.
const PROTECTED_CONTENT: u64 = 1;
const SEPARATE_REFERENCE_IMAGES: u64 = 2;
const COINCIDE: u64 = 1;
const DISTINCT: u64 = 2;

/// What a capture has of its device.
struct Seen<'a> {
    device: &'a Value,
    profile: Profile,
    caps: Caps,
}

impl<'a> Seen<'a> {
    /// `None` if the first record lacks something.
    fn of(capture: &'a Capture) -> Option<Self> {
        let device = capture.about.get("device")?;
        let (profile, caps) = (capture.about.get("profile")?, capture.about.get("capabilities")?);
        let number = |name: &str| caps.get(name)?.as_u64();
        let small = |name: &str| u32::try_from(number(name)?).ok();
        let pair = |name: &str| match caps.get(name)?.as_array()?.as_slice() {
            [first, second] => {
                Some((first.as_u64()?.try_into().ok()?, second.as_u64()?.try_into().ok()?))
            }
            _ => None,
        };
        let (flags, decode) = (number("flags")?, number("decode_flags")?);
        let of = |name: &str| profile.get(name)?.as_u64()?.try_into().ok();
        Some(Self {
            device,
            profile: Profile {
                seq_profile: of("std_profile")?,
                chroma: match profile.get("chroma")?.as_str()? {
                    "Monochrome" => Chroma::Monochrome,
                    "Yuv420" => Chroma::Yuv420,
                    "Yuv422" => Chroma::Yuv422,
                    "Yuv444" => Chroma::Yuv444,
                    _ => return None,
                },
                bit_depth: of("bit_depth")?,
                film_grain: profile.get("film_grain_support")?.as_bool()?,
            },
            caps: Caps {
                separate_reference_images: flags & SEPARATE_REFERENCE_IMAGES != 0,
                protected_content: flags & PROTECTED_CONTENT != 0,
                coincide: decode & COINCIDE != 0,
                distinct: decode & DISTINCT != 0,
                offset_alignment: number("min_bitstream_buffer_offset_alignment")?,
                size_alignment: number("min_bitstream_buffer_size_alignment")?,
                granularity: pair("picture_access_granularity")?,
                min_coded_extent: pair("min_coded_extent")?,
                max_coded_extent: pair("max_coded_extent")?,
                max_dpb_slots: small("max_dpb_slots")?,
                max_active_reference_pictures: small("max_active_reference_pictures")?,
                std_header_name: "VK_STD_vulkan_video_codec_av1_decode".to_owned(),
                std_header_version: small("std_header_version")?,
                max_level: small("max_level")?,
            },
        })
    }

    /// A number of the device.
    fn number(&self, name: &str) -> u64 {
        self.device.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    fn api_version(&self) -> String {
        let v = self.number("api_version");
        format!("{}.{}.{}", v >> 22 & 0x7f, v >> 12 & 0x3ff, v & 0xfff)
    }

    /// As `caps --json` has a device, of what is known.
    fn record(&self) -> Value {
        json!({
            "name": self.device.get("name"), "driver_version": self.number("driver_version"),
            "api_version": self.api_version(), "vendor_id": self.number("vendor"),
            "device_id": self.number("device"), "av1_decode": true,
            "profiles": [{
                "std_profile": self.profile.std_profile_name(),
                "chroma_subsampling": self.profile.chroma_subsampling_name(),
                "bit_depth": self.profile.bit_depth_name(),
                "film_grain_support": self.profile.film_grain,
                "result": "VK_SUCCESS",
                "capabilities": caps_record::capabilities(&self.caps),
            }],
        })
    }

    fn write(&self, capture: &Capture, out: &mut impl Write) -> io::Result<()> {
        let device = self.device.get("name").and_then(Value::as_str).unwrap_or_default();
        writeln!(
            out,
            "{device}: vulkan {}, driverVersion {:#010x}, vendorID {:#06x}, deviceID {:#06x}",
            self.api_version(),
            self.number("driver_version"),
            self.number("vendor"),
            self.number("device")
        )?;
        writeln!(out, "{}:", self.profile)?;
        let mut table = Table::default();
        let caps = caps_record::capabilities(&self.caps);
        let asked = capture.about.get("create_info");
        for (name, value) in caps.as_object().into_iter().flatten() {
            let of_session = asked.and_then(|asked| asked.get(name));
            let of_session = of_session.map(|value| format!("session: {value}"));
            table.row([name.as_str(), &value.to_string(), &of_session.unwrap_or_default()]);
        }
        table.write(out, "   ")
    }
}

pub(super) fn run(path: &Path, json: bool) -> Result<Exit> {
    let capture = check::read(path)?;
    let seen = Seen::of(&capture).ok_or_else(|| {
        let why = format!("{}: it does not have what the device said", path.display());
        Failure::new(Exit::NoInput, why)
    })?;
    let mut out = Lines(output::stdout());
    let written = match json {
        true => {
            out.begin("caps", None, None).and_then(|()| out.write(&Record::Device(seen.record())))
        }
        false => seen.write(&capture, &mut out.0),
    };
    written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
    Ok(Exit::Done)
}
