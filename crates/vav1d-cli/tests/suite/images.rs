//! AVIF images: grids are put together, properties say how they are shown, and those that no one
//! uses do no harm.

use std::process::{Command, Stdio};

use vav1d::container::Crop;
use vav1d::container::error::Error;
use vav1d_play::Options;

use crate::boxes::{boxed, full, open, read, words};
use crate::manifest::sample;
use crate::players::{bytes, rest};

/// The OBUs of a picture of 16x16.
fn still() -> Vec<u8> {
    let data = std::fs::read(sample("still-full").path()).expect("a sample");
    data.strip_prefix(&[0x12, 0]).expect("a temporal delimiter").to_vec()
}

/// An image of items, the first of them the primary one.
struct Image {
    /// Kind and data of each item, which are identified by 1, 2 and so on.
    items: Vec<([u8; 4], Vec<u8>)>,
    /// Kind, item, and to which others.
    references: Vec<([u8; 4], u16, Vec<u16>)>,
    /// All properties, and those of each item, by number from 1.
    properties: Vec<Vec<u8>>,
    associations: Vec<(u16, Vec<u8>)>,
    /// More boxes in the `meta` box.
    more: Vec<u8>,
}

impl Image {
    fn new(items: &[(&[u8; 4], &[u8])]) -> Self {
        Self {
            items: items.iter().map(|(kind, data)| (**kind, data.to_vec())).collect(),
            references: Vec::new(),
            properties: vec![full(b"ispe", 0, &[&words(&[16, 16])])],
            associations: vec![(1, vec![1])],
            more: Vec::new(),
        }
    }

    /// A still with these properties beside its size.
    fn still(properties: &[Vec<u8>]) -> Self {
        let mut image = Self::new(&[(b"av01", &still())]);
        image.properties.extend(properties.iter().cloned());
        image.associations[0].1.extend(2..2 + properties.len() as u8);
        image
    }

    fn file(&self) -> Vec<u8> {
        let numbered = || (1_u16..).zip(&self.items);
        let entries = numbered().map(|(id, (kind, _))| {
            full(b"infe", 0x200_0000, &[&id.to_be_bytes(), &[0, 0], kind, &[0]])
        });
        let entries: Vec<_> = entries.flatten().collect();
        let count = (self.items.len() as u16).to_be_bytes();
        let references = self.references.iter().map(|(kind, from, to)| {
            let to: Vec<_> = to.iter().flat_map(|to| to.to_be_bytes()).collect();
            let count = (to.len() as u16 / 2).to_be_bytes();
            boxed(kind, &[&from.to_be_bytes(), &count, &to])
        });
        let references: Vec<_> = references.flatten().collect();
        let associations = self.associations.iter().map(|(item, numbers)| {
            [&item.to_be_bytes()[..], &[numbers.len() as u8], numbers].concat()
        });
        let associations: Vec<_> = associations.flatten().collect();
        let ipma = words(&[self.associations.len() as u32]);
        let iprp = boxed(
            b"iprp",
            &[
                &boxed(b"ipco", &[&self.properties.concat()]),
                &full(b"ipma", 0, &[&ipma, &associations]),
            ],
        );
        let ftyp = boxed(b"ftyp", &[b"avif\0\0\0\0avifmif1"]);
        let meta = |mut offset: u32| {
            let places = numbered().map(|(id, (_, data))| {
                let place = words(&[offset, data.len() as u32]);
                offset += data.len() as u32;
                [&id.to_be_bytes()[..], &[0, 0, 0, 1], &place].concat()
            });
            let places: Vec<_> = places.flatten().collect();
            full(
                b"meta",
                0,
                &[
                    &full(b"hdlr", 0, &[b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\xff"]),
                    &self.more,
                    &full(b"pitm", 0, &[&[0, 1]]),
                    &full(b"iloc", 0, &[&[0x44, 0], &count, &places]),
                    &full(b"iinf", 0, &[&count, &entries]),
                    &full(b"iref", 0, &[&references]),
                    &iprp,
                ],
            )
        };
        let head = ftyp.len() + meta(0).len() + 8;
        let data: Vec<_> = self.items.iter().flat_map(|(_, data)| data.clone()).collect();
        [ftyp, meta(head as u32), boxed(b"mdat", &[&data])].concat()
    }
}

/// A grid of `rows` and `columns` of the same picture, `width` by `height` in all.
fn grid(rows: u8, columns: u8, width: u16, height: u16) -> Image {
    let data = [0, 0, rows - 1, columns - 1];
    let data = [&data[..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
    let still = still();
    let mut items: Vec<(&[u8; 4], &[u8])> = vec![(b"grid", &data)];
    let count = u16::from(rows) * u16::from(columns);
    items.extend((0..count).map(|_| (b"av01", &still[..])));
    let mut image = Image::new(&items);
    image.references.push((*b"dimg", 1, (2..2 + count).collect()));
    image
}

#[test]
fn an_item_stands_in_for_a_primary_one_that_is_not_there() {
    let mut file = Image::still(&[]).file();
    let pitm = file.windows(4).position(|window| window == b"pitm").expect("a box");
    file[pitm + 8..pitm + 10].copy_from_slice(&[0, 7]);
    for is_pipe in [false, true] {
        let (units, faults) = read(&mut *open(&file, is_pipe).expect("an image"));
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(units.iter().map(|unit| unit.data.to_vec()).collect::<Vec<_>>(), [still()]);
    }
}

#[test]
fn a_still_is_decoded_whatever_its_properties_are() {
    for (what, property) in [
        ("nothing", boxed(b"free", &[])),
        ("a record of nothing", boxed(b"av1C", &[])),
        ("an unknown color", boxed(b"colr", &[b"abcd"])),
        ("a short aperture", boxed(b"clap", &[&[0; 3]])),
        ("no turn", boxed(b"irot", &[])),
        ("pixels without bits", boxed(b"pixi", &[&[0; 4]])),
        ("extended pixels", full(b"pixi", 1, &[&[3, 8, 8, 8, 0x48, 0x90, 0x90]])),
        ("one that nobody knows", boxed(b"abcd", &[&[1; 20]])),
        ("one without a name", boxed(b"\0\0\0\0", &[&[1; 20]])),
    ] {
        for is_used in [false, true] {
            let mut image = Image::still(std::slice::from_ref(&property));
            if !is_used {
                image.associations[0].1.pop();
            }
            for is_pipe in [false, true] {
                let (units, faults) = read(
                    &mut *open(&image.file(), is_pipe).unwrap_or_else(|e| panic!("{what}: {e}")),
                );
                assert!(faults.is_empty(), "{what}: {faults:?}");
                assert_eq!(units.len(), 1, "{what}");
                assert_eq!(units[0].data[..], still(), "{what}");
            }
        }
    }
    // What it is called is not known, or its list is in a box that is too long.
    let renamed = Image::still(&[]).file();
    let place = |name: &[u8]| renamed.windows(4).position(|at| at == name).expect("a box");
    for (what, at, bytes) in [
        ("another name", place(b"infe"), b"what"),
        ("a long box", place(b"iloc") - 4, &[0, 0, 0x7f, 0xff]),
    ] {
        let mut broken = renamed.clone();
        broken[at..at + 4].copy_from_slice(bytes);
        let (units, faults) =
            read(&mut *open(&broken, false).unwrap_or_else(|e| panic!("{what}: {e}")));
        assert!(faults.is_empty() && units.len() == 1, "{what}: {faults:?}");
        assert_eq!(units[0].data[..], still(), "{what}");
    }
    let mut image = Image::still(&[]);
    image.more = [boxed(b"idat", &[&[7; 3]]), boxed(b"xyzw", &[]), full(b"dinf", 0, &[])].concat();
    let mut player = crate::players::player(vec![bytes(image.file())], Options::default());
    let (frames, faults) = rest(&mut player);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(crate::players::hashes(&frames), sample("still-full").frames);
}

#[test]
fn properties_say_how_an_image_is_shown() {
    let turn = |turns: u8| boxed(b"irot", &[&[turns]]);
    let mirror = |axis: u8| boxed(b"imir", &[&[axis]]);
    let clap = boxed(b"clap", &[&words(&[8, 1, 6, 1, 1, 1, 0, 1])]);
    for (properties, rotation, is_mirrored, crop) in [
        (vec![], 0, false, None),
        (vec![turn(1)], 270, false, None),
        (vec![turn(3)], 90, false, None),
        (vec![mirror(1)], 0, true, None),
        (vec![mirror(0)], 180, true, None),
        (vec![turn(1), mirror(0)], 90, true, None),
        (vec![mirror(1), turn(1)], 90, true, None),
        (vec![clap], 0, false, Some(Crop { x: 5, y: 5, width: 8, height: 6 })),
    ] {
        let file = Image::still(&properties).file();
        let info = open(&file, false).expect("an image").info();
        assert_eq!(info.container, "AVIF");
        let found = (info.rotation, info.is_mirrored, info.crop);
        assert_eq!(found, (rotation, is_mirrored, crop), "{properties:?}");
    }
}

#[test]
fn an_alpha_plane_is_named() {
    let alpha = [0, 0, 0, 0];
    let auxc = |name: &[u8]| boxed(b"auxC", &[&alpha, name, &[0]]);
    for (name, has_alpha) in [
        (&b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"[..], true),
        (b"urn:mpeg:hevc:2015:auxid:1", true),
        (b"urn:mpeg:hevc:2015:auxid:2", false),
    ] {
        let still = still();
        let mut image = Image::new(&[(b"av01", &still), (b"av01", &still)]);
        image.properties.push(auxc(name));
        image.associations.push((2, vec![1, 2]));
        image.references.push((*b"auxl", 2, vec![1]));
        let source = open(&image.file(), false).expect("an image");
        assert_eq!(source.info().has_alpha, has_alpha);
    }
}

/// What `vav1d` says of `image` with `arguments` in front of its name.
fn said(image: &Image, arguments: &[&str]) -> (Vec<u8>, String, Option<i32>) {
    let thread = std::thread::current().name().unwrap_or("test").replace(':', "-");
    let path = std::env::temp_dir().join(format!("vav1d-{thread}-{}.avif", std::process::id()));
    std::fs::write(&path, image.file()).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .env_clear()
        .args(arguments)
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .expect("vav1d runs");
    std::fs::remove_file(path).expect("a file");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.stdout, said, output.status.code())
}

#[test]
fn info_says_what_is_to_be_done_with_the_pictures() {
    let turn = boxed(b"irot", &[&[1]]);
    let clap = boxed(b"clap", &[&words(&[8, 1, 6, 1, 1, 1, 0, 1])]);
    let mut image = Image::still(&[turn, boxed(b"imir", &[&[1]]), clap]);
    let (text, said_too, code) = said(&image, &["info"]);
    let text = String::from_utf8(text).expect("text");
    assert_eq!(code, Some(0), "{said_too}");
    let line =
        "display: cropped to 8x6 at 5,5, turned by 270 degrees clockwise, mirrored left to right";
    assert!(text.contains(line), "{text}");
    let (json, ..) = said(&image, &["--json", "info"]);
    let json = String::from_utf8(json).expect("text");
    for field in
        [r#""rotation":270"#, r#""mirrored":true"#, r#""crop":[5,5,8,6]"#, r#""alpha":false"#]
    {
        assert!(json.contains(field), "{json}");
    }
    image = grid(2, 3, 40, 30);
    let (text, ..) = said(&image, &["info"]);
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains("display: 2 rows of 3 pictures make one of 40x30"), "{text}");
}

/// Plane `plane` of the still, as 16x16 and 8x8 samples.
fn plane(of: &vav1d::pixels::Picture, plane: usize) -> Vec<Vec<u8>> {
    let width = if plane == 0 { 16 } else { 8 };
    of.plane(plane).chunks(width).map(<[u8]>::to_vec).collect()
}

#[test]
fn a_grid_is_one_picture() {
    let played = |image: &Image| {
        let mut player = crate::players::player(vec![bytes(image.file())], Options::default());
        let (frames, faults) = rest(&mut player);
        assert!(faults.is_empty(), "{faults:?}");
        frames
    };
    let (frames, whole) = (played(&Image::still(&[])), played(&grid(2, 3, 40, 30)));
    let [whole] = &whole[..] else { panic!("{} pictures", whole.len()) };
    assert_eq!((whole.index, whole.stream.size), (0, (40, 30)));
    let picture = frames[0].picture.read().expect("a picture");
    let mut right = Vec::new();
    for (index, (width, height)) in [(40, 30), (20, 15), (20, 15)].into_iter().enumerate() {
        let part = plane(&picture, index);
        for y in 0..height {
            let row = &part[y % part.len()];
            right.extend(row.iter().cycle().take(width).copied());
        }
    }
    assert!(whole.picture.read().expect("a picture").data[..] == right[..]);
    // As from the command line, where it is one of one.
    let image = grid(2, 3, 40, 30);
    let (data, ..) =
        said(&image, &["-q", "decode", "--device", "soft", "-o", "-", "--output-format", "yuv"]);
    assert!(data == right);
    let (y4m, ..) =
        said(&image, &["-q", "decode", "--device", "soft", "-o", "-", "--output-format", "y4m"]);
    assert!(y4m.starts_with(b"YUV4MPEG2 W40 H30 "));
    for arguments in [&["--skip", "1"][..], &["--limit", "0"]] {
        let arguments = [&["-q", "md5", "--device", "soft"], arguments].concat();
        let (text, ..) = said(&image, &arguments);
        let text = String::from_utf8(text).expect("text");
        assert!(text.lines().all(|line| line.starts_with('#')), "{arguments:?}: {text}");
    }
}

#[test]
fn grids_that_are_none_are_refused() {
    let mut few = grid(2, 3, 40, 30);
    few.references[0].2.pop();
    let mut cut = grid(1, 1, 16, 16);
    cut.items[0].1.truncate(6);
    for (what, image) in [("too few items", few), ("cut short", cut)] {
        match open(&image.file(), false).err() {
            Some(Error::Stream(_)) => {}
            other => panic!("{what}: {other:?}"),
        }
    }
    let mut of_hevc = grid(1, 2, 32, 16);
    of_hevc.items[2].0 = *b"hvc1";
    let mut overlay = Image::still(&[]);
    overlay.items[0].0 = *b"iovl";
    for (image, name) in [(of_hevc, "hvc1"), (overlay, "iovl")] {
        match open(&image.file(), false).err() {
            Some(Error::Unsupported(what)) => assert!(what.to_string().contains(name), "{what}"),
            other => panic!("{other:?}"),
        }
    }
    match open(&grid(1, 1, 65535, 65535).file(), false).err() {
        Some(Error::Limit(limit)) => assert!(limit.what.contains("grid"), "{limit}"),
        other => panic!("{other:?}"),
    }
    // Parts that do not fill the whole.
    let (_, text, code) = said(&grid(1, 2, 33, 16), &["-q", "md5", "--device", "soft"]);
    assert!(code == Some(65) && text.contains("do not fill it"), "{code:?}: {text}");
}

#[test]
fn a_grid_with_a_broken_part_is_not_shown() {
    let mut image = grid(1, 2, 32, 16);
    let data = &mut image.items[2].1;
    let last = data.len() - 1;
    data.truncate(last);
    let (text, said, code) = said(&image, &["-q", "md5", "--device", "soft"]);
    let text = String::from_utf8(text).expect("text");
    assert_eq!(code, Some(65), "{said}");
    assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
}
