#!/usr/bin/env python3
"""Which features a stream has, as ffmpeg's `trace_headers` shows them.

    samples/trace.py STREAM...

Prints one line per stream. Only syntax elements of OBU, sequence and frame
headers count; what is inside tiles (palette, warp, compound modes) cannot be
seen here and is not claimed. Needs `sid-ffmpeg` from samples/peers.sh, or
PEERS set to its folder.
"""
import os
import re
import subprocess
import sys

LINE = re.compile(r"^\[trace_headers @ \S+\] (?:(\d+) +(\S+) +[01]* = (-?\d+)|(.*))$")
SUBSAMPLING = {(1, 1): "4:2:0", (1, 0): "4:2:2", (0, 0): "4:4:4"}
METADATA = {1: "hdr-cll", 2: "hdr-mdcv", 3: "scalability", 4: "itut-t35", 5: "timecode"}


def peer(tool):
    folder = os.environ.get("PEERS")
    return os.path.join(folder, f"sid-{tool}") if folder else f"sid-{tool}"




def units(path):
    """OBUs as (title, [(element, value)]), extradata left out."""
    demuxer = ["-f", "av1" if path.endswith(".annexb.obu") else "obu"] if path.endswith(".obu") else []
    run = subprocess.run(
        [peer("ffmpeg"), "-hide_banner", *demuxer, "-i", path, "-map", "0:v", "-c", "copy",
         "-bsf:v", "trace_headers", "-f", "null", "-"],
        capture_output=True, text=True, errors="replace", check=True)
    out, started = [], False
    for line in run.stderr.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        _, name, value, title = match.groups()
        if title is not None:
            started |= title.startswith("Packet")
            if started and title == "OBU header":
                out.append([None, []])
            elif started and out and not title.startswith("Packet"):
                out[-1][0] = out[-1][0] or title
        elif started and out:
            out[-1][1].append((name, int(value)))
    return [(title, elements) for title, elements in out]


class Reader:
    """Follows sequence headers, frame sizes and reference slots."""

    def __init__(self):
        self.features = set()
        self.sequences = []
        self.formats = []        # (bit depth, subsampling) of each sequence
        self.seq = None
        self.slots = [None] * 8
        self.shown = []          # sizes of shown frames, all layers
        self.tile_obus = 0
        self.counts = {}

    def add(self, feature, when=True):
        if when:
            self.features.add(feature)
            self.counts[feature] = self.counts.get(feature, 0) + 1

    def sequence(self, elements):
        seq = dict(elements)
        if elements in self.sequences:
            self.seq = seq
            return
        self.sequences.append(elements)
        self.add("several-sequences", len(self.sequences) > 1)
        self.seq = seq
        get = lambda name: seq.get(name, 0)
        profile = seq["seq_profile"]
        seq["depth"] = 8
        if get("high_bitdepth"):
            seq["depth"] = 12 if profile == 2 and get("twelve_bit") else 10
        if get("mono_chrome"):
            sub = "4:0:0"
        elif "subsampling_x" in seq:
            sub = SUBSAMPLING[(seq["subsampling_x"], get("subsampling_y"))]
        elif get("matrix_coefficients") == 0 and get("color_description_present_flag"):
            sub = "4:4:4"
        else:
            sub = {0: "4:2:0", 1: "4:4:4", 2: "4:2:2"}[profile]
        if profile == 2 and seq["depth"] == 10:
            sub = "4:0:0" if get("mono_chrome") else "4:2:2"
        self.formats.append((seq["depth"], sub))
        self.add(f"profile-{profile}")
        self.add(f"{seq['depth']}-bit")
        self.add(sub)
        self.add("identity-matrix", get("color_description_present_flag") == 1 and seq.get("matrix_coefficients") == 0)
        self.add("full-range", get("color_range"))
        self.add("still-picture", get("still_picture"))
        self.add("reduced-still-picture-header", get("reduced_still_picture_header"))
        self.add("sb128" if get("use_128x128_superblock") else "sb64")
        self.add("order-hint-off", not get("enable_order_hint") and not get("reduced_still_picture_header"))
        self.add("operating-points", get("operating_points_cnt_minus_1"))
        self.add("timing-info", get("timing_info_present_flag"))
        self.add("decoder-model", get("decoder_model_info_present_flag"))
        self.add("frame-ids", get("frame_id_numbers_present_flag"))
        self.add("separate-uv-delta-q", get("separate_uv_delta_q"))

    def size(self, f):
        """(upscaled width, height, coded width) of a frame header."""
        seq = self.seq
        width, height = seq["max_frame_width_minus_1"] + 1, seq["max_frame_height_minus_1"] + 1
        found = next((i for i in range(7) if f.get(f"found_ref[{i}]")), None)
        if found is not None:
            slot = self.slots[f[f"ref_frame_idx[{found}]"]]
            width, height = slot["size"][0], slot["size"][1]
        elif "frame_width_minus_1" in f:
            width, height = f["frame_width_minus_1"] + 1, f["frame_height_minus_1"] + 1
        coded = width
        if f.get("use_superres"):
            denominator = f["coded_denom"] + 9
            coded = (width * 8 + denominator // 2) // denominator
        return width, height, coded

    def tiles(self, f, elements, size):
        sb = 128 if self.seq.get("use_128x128_superblock") else 64
        cols, rows = -(-size[2] // sb), -(-size[1] // sb)
        if f.get("uniform_tile_spacing_flag"):
            width = -(-cols // (1 << f["tile_cols_log2"]))
            height = -(-rows // (1 << f["tile_rows_log2"]))
            return -(-cols // width), -(-rows // height)
        tiles = (sum(n.startswith("width_in_sbs_minus_1") for n, _ in elements),
                 sum(n.startswith("height_in_sbs_minus_1") for n, _ in elements))
        self.add("non-uniform-tiles", tiles != (1, 1))
        return tiles

    def frame(self, elements, ext):
        f = dict(elements)
        get = lambda name: f.get(name, 0)
        self.tile_obus = 0
        self.add("temporal-layers", ext.get("temporal_id"))
        self.add("spatial-layers", ext.get("spatial_id"))
        if get("show_existing_frame"):
            slot = self.slots[f["frame_to_show_map_idx"]]
            self.add("show-existing-frame")
            self.add("show-existing-key-frame", slot["type"] == 0)
            self.add("grain-shown-later", slot["grain"])
            self.shown.append(slot["size"][:2])
            if slot["type"] == 0:
                self.slots = [slot] * 8
            return
        kind = get("frame_type")
        show = f.get("show_frame", 1)
        self.add(("key", "inter", "intra-only", "switch")[kind] + "-frame")
        self.add("hidden-frame", not show)
        self.add("forward-key-frame", kind == 0 and not show)
        size = self.size(f)
        seq = self.seq
        largest = seq["max_frame_width_minus_1"] + 1, seq["max_frame_height_minus_1"] + 1
        self.add("smaller-than-sequence", size[:2] != largest)
        refs = [f[f"ref_frame_idx[{i}]"] for i in range(7) if f"ref_frame_idx[{i}]" in f]
        if kind in (1, 3):
            scaled = any(self.slots[r] and self.slots[r]["size"][:2] != (size[2], size[1]) for r in refs)
            self.add("scaled-reference", scaled)
        self.add("size-from-reference", any(get(f"found_ref[{i}]") for i in range(7)))
        self.add("frame-size-override", get("frame_size_override_flag"))
        self.add("render-size", get("render_and_frame_size_different"))
        self.add("frame-refs-short-signaling", get("frame_refs_short_signaling"))
        self.add("error-resilient", get("error_resilient_mode") and kind != 0)
        self.add("disable-cdf-update", get("disable_cdf_update"))
        self.add("no-frame-end-cdf", get("disable_frame_end_update_cdf") and not get("disable_cdf_update"))
        self.add("screen-content", get("allow_screen_content_tools"))
        self.add("integer-mv", get("force_integer_mv") and kind in (1, 3))
        self.add("intrabc", get("allow_intrabc"))
        self.add("superres", get("use_superres"))
        self.add("ref-frame-mvs", get("use_ref_frame_mvs"))
        self.add("primary-ref-none", f.get("primary_ref_frame") == 7 and kind == 1)
        tiles = self.tiles(f, elements, size)
        self.add("tiles", tiles != (1, 1))
        self.add(f"tiles-{tiles[0]}x{tiles[1]}", tiles != (1, 1))
        self.add("quant-matrix", get("using_qmatrix"))
        self.add("segmentation", get("segmentation_enabled"))
        self.add("segmentation-temporal", get("segmentation_temporal_update"))
        self.add("segmentation-kept-map", get("segmentation_enabled") and f.get("segmentation_update_map") == 0)
        self.add("delta-q", get("delta_q_present"))
        self.add("delta-lf", get("delta_lf_present"))
        self.add("delta-lf-multi", get("delta_lf_multi"))
        self.add("lossless", f.get("base_q_idx") == 0 and "loop_filter_level[0]" not in f)
        self.add("cdef", any(v for n, v in elements if n.startswith("cdef_") and "strength" in n))
        self.add("restoration", any(v for n, v in elements if n.startswith("lr_type")))
        self.add("tx-mode-select", get("tx_mode_select"))
        self.add("compound", get("reference_select"))
        self.add("skip-mode", get("skip_mode_present"))
        self.add("warped-motion", get("allow_warped_motion"))
        self.add("reduced-tx-set", get("reduced_tx_set"))
        self.add("global-motion", any(v for n, v in elements if n.startswith("is_global")))
        grain = get("apply_grain")
        self.add("film-grain", grain)
        self.add("grain-from-reference", grain and f.get("update_grain") == 0)
        self.add("grain-chroma-from-luma", get("chroma_scaling_from_luma"))
        self.add("grain-overlap", get("overlap_flag"))
        self.add("grain-clip", get("clip_to_restricted_range"))
        slot = {"type": kind, "size": size, "grain": bool(grain)}
        if show:
            self.shown.append(size[:2])
        flags = f.get("refresh_frame_flags", 255 if (kind == 0 and show) or kind == 3 else 0)
        for i in range(8):
            if flags >> i & 1:
                self.slots[i] = slot

    def unit(self, title, elements):
        head = dict(elements)
        kind = head.get("obu_type")
        rest = [e for e in elements if not e[0].startswith("obu_")]
        # `temporal_id` and `spatial_id` are of the OBU header and lead the list.
        ext = dict(rest[:2]) if head.get("obu_extension_flag") else {}
        if kind == 1:
            names = [e for e in rest if not e[0].startswith("trailing")]
            self.sequence(names)
        elif kind in (3, 6, 7):
            self.add("redundant-frame-header", kind == 7)
            if kind != 7:
                self.frame(rest, ext)
                self.tile_obus = 1 if kind == 6 else 0
        elif kind == 4:
            self.tile_obus += 1
            self.add("tile-group-obu")
            self.add("tile-groups", self.tile_obus == 2)
        elif kind == 5:
            name = METADATA.get(head.get("metadata_type"), "other")
            self.add(f"metadata-{name}")
        elif kind == 15:
            self.add("padding")


def read(path):
    reader = Reader()
    for title, elements in units(path):
        reader.unit(title, elements)
    if len(set(reader.shown)) > 1 and "spatial-layers" not in reader.features:
        reader.add("size-change")
    return reader


if __name__ == "__main__":
    for stream in sys.argv[1:]:
        print(f"{os.path.basename(stream)}: {' '.join(sorted(read(stream).features))}")
