#!/usr/bin/env python3
"""Makes the streams of recipes.toml; called by samples/make.sh.

    samples/make.py encode [NAME...]   streams into samples/
    samples/make.py manifest           md5s and features into manifest.toml, README.md
    samples/make.py check              manifest.toml against the tools, writes nothing

`manifest` and `check` stop where dav1d and aomdec do not agree on a value, or
where the trace does not show a feature that the recipe needs.
"""
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib

import trace

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.path.join(os.path.dirname(HERE), "target", "samples")
RECIPES = tomllib.load(open(os.path.join(HERE, "recipes.toml"), "rb"))
BUDGET = 2_000_000


def sh(*args, cwd=None):
    run = subprocess.run(args, cwd=cwd, capture_output=True, text=True, errors="replace")
    if run.returncode:
        raise SystemExit(f"{shlex.join(args)}: status {run.returncode}\n{run.stderr[-2000:]}{run.stdout[-500:]}")
    return run.stdout


def file_of(recipe):
    return recipe.get("file", recipe["name"] + ".ivf")


def commands(recipe):
    """The commands of a recipe as run: picture first, then the encoder's."""
    picture = RECIPES["pictures"].get(recipe["picture"], recipe["picture"])
    form = "-f rawvideo in.yuv" if recipe.get("raw") else "-f yuv4mpegpipe in.y4m"
    if not recipe.get("raw"):
        form = "-strict -1 " + form
    first = (f"ffmpeg -loglevel error -bitexact -f lavfi -i {shlex.quote(picture)} "
             f"-frames:v {recipe['count']} -sws_flags +accurate_rnd+bitexact "
             f"-pix_fmt {recipe['pixels']} {form}")
    text = recipe["encode"].strip()
    for name, value in RECIPES["options"].items():
        text = text.replace("$" + name, value)
    return [first] + text.splitlines()


def encode(recipe):
    folder = os.path.join(WORK, recipe["name"])
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for command in commands(recipe):
        tool, *args = shlex.split(re.sub(r"[()]", lambda m: "\\" + m[0], command)
                                  if command.startswith("Svt") else command)
        if tool in ("join.py", "extras.py"):
            sh(sys.executable, os.path.join(HERE, tool), *args, cwd=folder)
        elif tool == "layers":
            sh(trace.peer("gcc"), "-O1", "-Wall", os.path.join(HERE, "layers.c"), "-o", "layers", "-laom", cwd=folder)
            sh(trace.peer("sh"), "-c", "exec ./layers \"$@\"", "layers", *args, cwd=folder)
        else:
            sh(trace.peer(tool), *args, cwd=folder)
    shutil.copyfile(os.path.join(folder, "out"), os.path.join(HERE, file_of(recipe)))


def md5(data):
    return hashlib.md5(data).hexdigest()


def by_dav1d(path, grain, layers=0, point=0):
    """(whole, frames, sizes): every output frame as dav1d writes it."""
    form = ["--demuxer", "annexb" if path.endswith(".annexb.obu") else
            "section5" if path.endswith(".obu") else "ivf"]
    common = [trace.peer("dav1d"), "-q", "-i", path, *form, "--filmgrain", str(grain), "--threads", "1",
              "--alllayers", str(layers), "--oppoint", str(point)]
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        sh(*common, "--muxer", "frameyuv", "-o", os.path.join(folder, "%05n-%wx%h.yuv"))
        names = sorted(os.listdir(folder))
        records = [open(os.path.join(folder, name), "rb").read() for name in names]
    whole = sh(*common, "--muxer", "md5", "-o", "-").strip()
    if whole != md5(b"".join(records)):
        raise SystemExit(f"{path}: dav1d's md5 is not that of its frames")
    return whole, [md5(r) for r in records], [n[6:-4] for n in names]


def by_aomdec(path, grain, layers=0, point=0):
    """(whole, frames) of aomdec."""
    common = [trace.peer("aomdec"), "--rawvideo", "--md5", "--threads=1", f"--oppoint={point}"]
    common += ["--annexb"] if path.endswith(".annexb.obu") else []
    common += [] if grain else ["--skip-film-grain"]
    common += ["--all-layers"] if layers else []
    whole = sh(*common, path).split()[0]
    frames = [line.split()[0] for line in sh(*common, "-o", "f-%4", path, cwd=WORK).splitlines()]
    return whole, frames


def agree(path, **how):
    dav1d, aom = by_dav1d(path, **how), by_aomdec(path, **how)
    if dav1d[:2] != aom:
        raise SystemExit(f"{path} {how}: dav1d {dav1d[:2]} aomdec {aom}")
    return dav1d


def describe(recipe):
    """The manifest's entry of a stream, as a list of (key, value)."""
    path = os.path.join(HERE, file_of(recipe))
    seen = trace.read(path)
    missing = [f for f in recipe["needs"] if f not in seen.features]
    if missing:
        raise SystemExit(f"{path}: the trace does not show {missing}, only {sorted(seen.features)}")
    on = agree(path, grain=1)
    off = agree(path, grain=0)
    if (on[0] != off[0]) != ("film-grain" in seen.features):
        raise SystemExit(f"{path}: grain md5s and trace do not agree")
    shown = [f"{width}x{height}" for width, height in seen.shown]
    if shown != on[2] and "spatial-layers" not in seen.features:
        raise SystemExit(f"{path}: sizes are {on[2]}, by the trace {shown}")
    first = dict(seen.sequences[0])
    tool = commands(recipe)[1].split()[0]
    entry = [("name", recipe["name"]), ("file", file_of(recipe)), ("about", recipe["about"]),
             ("container", "annexb" if path.endswith(".annexb.obu") else path.rsplit(".")[-1].replace("obu", "section5")),
             ("bytes", os.path.getsize(path)),
             ("encoder", {"SvtAv1EncApp": "SVT-AV1", "layers": "libaom"}.get(tool, tool)),
             ("commands", commands(recipe)),
             ("features", sorted(seen.features)),
             ("profile", first["seq_profile"]),
             ("bit_depth", seen.formats[0][0]), ("subsampling", seen.formats[0][1]),
             ("sizes", list(dict.fromkeys(on[2]))), ("frame_count", len(on[1])), ("md5", on[0])]
    if on[0] != off[0]:
        entry.append(("md5_no_film_grain", off[0]))
    if "spatial-layers" in seen.features:
        entry.append(("md5_all_layers", agree(path, grain=1, layers=1)[0]))
    points = first.get("operating_points_cnt_minus_1", 0)
    if points:
        entry.append(("md5_operating_points", [agree(path, grain=1, point=p)[0] for p in range(points + 1)]))
    entry.append(("frames", on[1]))
    if on[0] != off[0]:
        entry.append(("frames_no_film_grain", off[1]))
    return entry


def toml(value):
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        hexes = value and all(re.fullmatch("[0-9a-f]{32}", v) for v in value)
        long = hexes or sum(map(len, value)) > 100
        return ("[\n" + "".join(f"    {toml(v)},\n" for v in value) + "]") if long and not (
            value and not hexes and max(map(len, value)) < 40) else "[" + ", ".join(map(toml, value)) + "]"
    return "'" + value + "'" if '"' in value else '"' + value.replace("\\", "\\\\") + '"'


def versions():
    say = lambda *args: "".join(vars(subprocess.run(args, capture_output=True, text=True))[k] for k in ("stdout", "stderr"))
    text = {tool: say(trace.peer(tool), flag) for tool, flag in
            [("dav1d", "--version"), ("aomdec", "--help"), ("aomenc", "--help"), ("SvtAv1EncApp", "--version"),
             ("rav1e", "--version"), ("ffmpeg", "-version")]}
    find = lambda tool, pattern: (re.search(pattern, text[tool]) or ["", "?"])[1]
    return [("dav1d", text["dav1d"].strip()), ("aomdec", find("aomdec", r"AV1 Decoder v?(\S+)")),
            ("aomenc", find("aomenc", r"AV1 Encoder v?(\S+)")), ("SVT-AV1", find("SvtAv1EncApp", r"v(\d\S+)")),
            ("rav1e", find("rav1e", r"rav1e (\S+)")), ("ffmpeg", find("ffmpeg", r"version (\S+)"))]


def manifest(entries):
    out = ["# Made by `samples/make.sh manifest`; do not edit. Fields: samples/README.md.",
           "# Every md5 is made by dav1d and by aomdec, and both agree.", "", "[tools]"]
    out += [f'"{k}" = {toml(v)}' for k, v in versions()]
    for entry in entries:
        out += ["", "[[stream]]"] + [f"{k} = {toml(v)}" for k, v in entry]
    return "\n".join(out) + "\n"


def table(entries):
    rows = ["| Stream | Bytes | Frames | Format | Sizes | What |", "|---|--:|--:|---|---|---|"]
    for entry in map(dict, entries):
        rows.append(f"| `{entry['file']}` | {entry['bytes']} | {entry['frame_count']} | "
                    f"{entry['bit_depth']} bit {entry['subsampling']} | {', '.join(entry['sizes'])} | {entry['about']} |")
    where = {}
    for entry in map(dict, entries):
        for feature in entry["features"]:
            where.setdefault(feature, []).append(entry["name"])
    some = lambda names: ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:4])} and {len(names) - 4} more"
    rows += ["", "## Features, as the trace of the headers shows them", "", "| Feature | Streams |", "|---|---|"]
    rows += [f"| {feature} | {some(names)} |" for feature, names in sorted(where.items())]
    return "\n".join(rows) + "\n"


def main(verb="", *names):
    os.makedirs(WORK, exist_ok=True)
    recipes = [r for r in RECIPES["sample"] if not names or r["name"] in names]
    if verb == "encode":
        for recipe in recipes:
            encode(recipe)
            print(f"{os.path.getsize(os.path.join(HERE, file_of(recipe))):7} {recipe['name']}", flush=True)
    elif verb in ("manifest", "check"):
        entries = [describe(recipe) for recipe in recipes]
        total = sum(dict(e)["bytes"] for e in entries)
        if total > BUDGET:
            raise SystemExit(f"{total} bytes of streams, budget {BUDGET}")
        text = manifest(entries)
        tomllib.loads(text)
        target = os.path.join(HERE, "manifest.toml")
        if verb == "check":
            if open(target).read() != text:
                raise SystemExit("manifest.toml differs; run samples/make.sh manifest and look at the diff")
        else:
            open(target, "w").write(text)
            readme = os.path.join(HERE, "README.md")
            head = open(readme).read().split("<!-- table -->")[0]
            open(readme, "w").write(head + "<!-- table -->\n\n" + table(entries))
        print(f"{len(entries)} streams, {total} bytes; dav1d and aomdec agree")
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
