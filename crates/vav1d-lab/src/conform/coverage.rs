//! Which coding tools, and which values of syntax elements, vectors exercise.

use std::collections::{BTreeMap, BTreeSet};

use super::vector::Vector;
use crate::compare::{Graph, Node};
use vav1d::syntax::filters::RestorationType;
use vav1d::syntax::frame::FrameType;
use vav1d::syntax::modes::TxMode;

/// A syntax element, its values, and those that a frame has (indices).
struct Row {
    name: &'static str,
    values: &'static [&'static str],
    of: fn(&Node) -> Vec<usize>,
}

const BITS: [&str; 2] = ["0", "1"];
const TO_3: [&str; 4] = ["0", "1", "2", "3"];
const TO_6: [&str; 7] = ["0", "1", "2", "3", "4", "5", "6"];
const TO_7: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
const TO_15: [&str; 16] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

/// A flag of the sequence header.
macro_rules! flag {
    ($name:ident) => {
        Row { name: stringify!($name), values: &BITS, of: |n| vec![n.sequence.$name.into()] }
    };
}

/// Values where `used`, else nothing.
fn when(used: bool, value: u8) -> Vec<usize> {
    if used { vec![value.into()] } else { Vec::new() }
}

/// Elements with the names of the specification, sequence header first.
const ROWS: &[Row] = &[
    Row {
        name: "seq_profile",
        values: &["0", "1", "2"],
        of: |n| vec![n.sequence.seq_profile.into()],
    },
    flag!(still_picture),
    flag!(reduced_still_picture_header),
    Row {
        name: "use_128x128_superblock",
        values: &BITS,
        of: |n| vec![n.sequence.use_128x128_superblock.into()],
    },
    flag!(enable_filter_intra),
    flag!(enable_intra_edge_filter),
    flag!(enable_interintra_compound),
    flag!(enable_masked_compound),
    flag!(enable_warped_motion),
    flag!(enable_dual_filter),
    flag!(enable_order_hint),
    flag!(enable_jnt_comp),
    flag!(enable_ref_frame_mvs),
    flag!(enable_superres),
    flag!(enable_cdef),
    flag!(enable_restoration),
    flag!(film_grain_params_present),
    Row {
        name: "BitDepth",
        values: &["8", "10", "12"],
        of: |n| [8, 10, 12].iter().position(|d| *d == n.format().bit_depth).into_iter().collect(),
    },
    Row {
        name: "subsampling",
        values: &["4:0:0", "4:2:0", "4:2:2", "4:4:4"],
        of: |n| {
            use vav1d::pixels::Chroma as C;
            let all = [C::Monochrome, C::Yuv420, C::Yuv422, C::Yuv444];
            all.iter().position(|c| *c == n.format().chroma).into_iter().collect()
        },
    },
    Row {
        name: "color_range",
        values: &BITS,
        of: |n| vec![n.sequence.color_config.color_range.into()],
    },
    Row {
        name: "frame_type",
        values: &["KEY_FRAME", "INTER_FRAME", "INTRA_ONLY_FRAME", "SWITCH_FRAME"],
        of: |n| {
            let all = [FrameType::Key, FrameType::Inter, FrameType::IntraOnly, FrameType::Switch];
            all.iter().position(|kind| *kind == n.header.frame_type).into_iter().collect()
        },
    },
    Row {
        name: "primary_ref_frame",
        values: &["0", "1", "2", "3", "4", "5", "6", "PRIMARY_REF_NONE"],
        of: |n| vec![n.header.primary_ref_frame.into()],
    },
    Row {
        name: "SuperresDenom",
        values: &["8", "9", "10", "11", "12", "13", "14", "15", "16"],
        of: |n| vec![(n.header.frame_size.superres_denom() as usize).saturating_sub(8)],
    },
    Row {
        name: "interpolation_filter",
        values: &["EIGHTTAP", "EIGHTTAP_SMOOTH", "EIGHTTAP_SHARP", "BILINEAR", "SWITCHABLE"],
        of: |n| when(!n.header.frame_type.is_intra(), n.header.interpolation_filter),
    },
    Row {
        name: "TileColsLog2",
        values: &TO_6,
        of: |n| vec![n.header.tile_info.tile_cols_log2.into()],
    },
    Row {
        name: "TileRowsLog2",
        values: &TO_6,
        of: |n| vec![n.header.tile_info.tile_rows_log2.into()],
    },
    Row {
        name: "qm_y",
        values: &TO_15,
        of: |n| when(n.header.quantization_params.using_qmatrix, n.header.quantization_params.qm_y),
    },
    Row {
        name: "segmentation_feature",
        values: &[
            "ALT_Q",
            "ALT_LF_Y_V",
            "ALT_LF_Y_H",
            "ALT_LF_U",
            "ALT_LF_V",
            "REF_FRAME",
            "SKIP",
            "GLOBALMV",
        ],
        of: |n| {
            let params = &n.header.segmentation_params;
            let all = params.feature_enabled.iter().fold(0, |all, segment| all | segment);
            let all = if params.segmentation_enabled { all } else { 0 };
            (0..8).filter(|bit| all >> bit & 1 != 0).collect()
        },
    },
    Row {
        name: "delta_q_res",
        values: &TO_3,
        of: |n| when(n.header.delta_q_params.delta_q_present, n.header.delta_q_params.delta_q_res),
    },
    Row {
        name: "delta_lf_res",
        values: &TO_3,
        of: |n| {
            when(n.header.delta_lf_params.delta_lf_present, n.header.delta_lf_params.delta_lf_res)
        },
    },
    Row {
        name: "loop_filter_sharpness",
        values: &TO_7,
        of: |n| {
            let params = &n.header.loop_filter_params;
            when(params.loop_filter_level[..2] != [0, 0], params.loop_filter_sharpness)
        },
    },
    Row {
        name: "cdef_bits",
        values: &TO_3,
        of: |n| when(n.sequence.enable_cdef, n.header.cdef_params.cdef_bits),
    },
    Row {
        name: "FrameRestorationType",
        values: &["NONE", "WIENER", "SGRPROJ", "SWITCHABLE"],
        of: |n| {
            use RestorationType as T;
            let types = n.header.lr_params.frame_restoration_type;
            let index =
                |t: T| [T::None, T::Wiener, T::Sgrproj, T::Switchable].iter().position(|x| *x == t);
            types.into_iter().filter_map(index).collect()
        },
    },
    Row {
        name: "TxMode",
        values: &["ONLY_4X4", "TX_MODE_LARGEST", "TX_MODE_SELECT"],
        of: |n| {
            let all = [TxMode::Only4x4, TxMode::Largest, TxMode::Select];
            all.iter().position(|mode| *mode == n.header.tx_mode).into_iter().collect()
        },
    },
    Row {
        name: "GmType",
        values: &["IDENTITY", "TRANSLATION", "ROTZOOM", "AFFINE"],
        of: |n| {
            let kinds = n.header.global_motion_params.gm_type.into_iter().skip(1);
            kinds.filter(|_| !n.header.frame_type.is_intra()).map(usize::from).collect()
        },
    },
    Row { name: "ar_coeff_lag", values: &TO_3, of: |n| grain(n, |g| g.ar_coeff_lag) },
    Row {
        name: "ar_coeff_shift_minus_6",
        values: &TO_3,
        of: |n| grain(n, |g| g.ar_coeff_shift_minus_6),
    },
    Row {
        name: "grain_scaling_minus_8",
        values: &TO_3,
        of: |n| grain(n, |g| g.grain_scaling_minus_8),
    },
    Row { name: "grain_scale_shift", values: &TO_3, of: |n| grain(n, |g| g.grain_scale_shift) },
    Row {
        name: "chroma_scaling_from_luma",
        values: &BITS,
        of: |n| grain(n, |g| g.chroma_scaling_from_luma.into()),
    },
    Row { name: "overlap_flag", values: &BITS, of: |n| grain(n, |g| g.overlap_flag.into()) },
    Row { name: "update_grain", values: &BITS, of: |n| grain(n, |g| g.update_grain.into()) },
];

fn grain(
    node: &Node,
    value: impl Fn(&vav1d::syntax::film_grain::FilmGrainParams) -> u8,
) -> Vec<usize> {
    let params = &node.header.film_grain_params;
    when(params.apply_grain, value(params))
}

/// What one vector exercises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercised {
    /// The vector's name.
    pub name: String,
    /// Frames decoded, pictures output.
    pub frames: (usize, usize),
    /// Sizes of its output pictures.
    pub sizes: BTreeSet<(u32, u32)>,
    /// Features (`tiles`) and values (`TxMode=ONLY_4X4`).
    pub items: BTreeSet<String>,
    /// What was wrong with the stream.
    pub fault: Option<String>,
    /// MD5 of the stream's bytes.
    pub md5: String,
}

impl Exercised {
    /// Of `vector`, whose frames are in `graph`.
    pub fn of(vector: &Vector, graph: &Graph, md5: String) -> Self {
        let mut items = BTreeSet::new();
        for node in &graph.nodes {
            items.extend(node.features.iter().map(|feature| (*feature).to_owned()));
            for row in ROWS {
                let values = (row.of)(node).into_iter().filter_map(|index| row.values.get(index));
                items.extend(values.map(|value| format!("{}={value}", row.name)));
            }
        }
        if graph.outputs.iter().any(|shown| shown.existing) {
            items.insert("show_existing_frame".to_owned());
        }
        let shown = graph.outputs.iter().filter_map(|shown| graph.node(shown.frame));
        Self {
            name: vector.name.clone(),
            frames: (graph.nodes.len(), graph.outputs.len()),
            sizes: shown.map(Node::size).collect(),
            items,
            fault: graph.faults.first().map(ToString::to_string),
            md5,
        }
    }
}

/// Everything that can be told apart, in the order of the syntax.
pub fn all() -> impl Iterator<Item = String> {
    let values = ROWS
        .iter()
        .flat_map(|row| row.values.iter().map(move |value| format!("{}={value}", row.name)));
    let features = vav1d::plan::features::all().map(str::to_owned);
    values.chain(std::iter::once("show_existing_frame".to_owned())).chain(features)
}

/// How many vectors exercise each item of [`all`].
pub fn counts(vectors: &[Exercised]) -> Vec<(String, usize)> {
    let count = |item: &String| vectors.iter().filter(|v| v.items.contains(item)).count();
    all().map(|item| (item.clone(), count(&item))).collect()
}

/// Names of vectors with the same stream, for each stream that has several.
pub fn duplicates(vectors: &[Exercised]) -> Vec<Vec<&str>> {
    let mut streams: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for vector in vectors {
        streams.entry(&vector.md5).or_default().push(&vector.name);
    }
    let mut groups: Vec<_> = streams.into_values().filter(|names| names.len() > 1).collect();
    groups.sort();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exercised(name: &str, md5: &str, items: &[&str]) -> Exercised {
        Exercised {
            name: name.to_owned(),
            frames: (1, 1),
            sizes: BTreeSet::new(),
            items: items.iter().map(|item| (*item).to_owned()).collect(),
            fault: None,
            md5: md5.to_owned(),
        }
    }

    #[test]
    fn items_are_counted_and_streams_compared() {
        let vectors = [
            exercised("a", "1", &["tiles", "TxMode=ONLY_4X4"]),
            exercised("b", "2", &["tiles"]),
            exercised("c", "1", &[]),
        ];
        let counts: BTreeMap<_, _> = counts(&vectors).into_iter().collect();
        assert_eq!(
            (counts["tiles"], counts["TxMode=ONLY_4X4"], counts["GmType=AFFINE"]),
            (2, 1, 0)
        );
        assert_eq!(duplicates(&vectors), [["a", "c"]]);
    }

    #[test]
    fn every_item_has_one_name() {
        let names: Vec<_> = all().collect();
        let different: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), different.len());
        assert!(names.iter().any(|name| name == "BitDepth=12"));
    }
}
