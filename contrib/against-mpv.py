#!/usr/bin/env python3
"""Plays a file with vav1d and with mpv, one after the other, under Xvfb and on lavapipe, and prints
the table of docs/play.md: time to start, memory, processor time, dropped pictures, seeks.

    contrib/against-mpv.py VAV1D FILE [MPV...]

VAV1D   the program, a release build
FILE    two minutes long or more, with key frames some seconds apart
MPV...  how mpv is called (default: mpv); it must see FILE and what is below TMPDIR

Needs Xvfb, xdotool and Mesa's lavapipe. Environment: SECONDS (12) of playing, SEEKS (40), VO (how
mpv draws; default: gpu-next on a software Vulkan device).
"""

import glob
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SECONDS = float(os.environ.get("SECONDS", "12"))
SEEKS = int(os.environ.get("SEEKS", "40"))
VO = os.environ.get("VO", "--vo=gpu-next --gpu-api=vulkan --gpu-sw=yes").split()


def ended(child, after=None):
    """Waits for `child`, which is told to end `after` so many seconds; its time and memory."""
    begun = time.monotonic()
    told = False
    while True:
        done, _, usage = os.wait4(child.pid, os.WNOHANG)
        if done:
            child.returncode = 0
            return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        late = time.monotonic() - begun > (after if after is not None else 60) + 10 * told
        if late:
            child.send_signal(signal.SIGKILL if told else signal.SIGTERM)
            told = True
        time.sleep(0.01)


class Vav1d:
    def __init__(self, program, file, folder):
        self.command = [program, "play", "--json", "--device", "soft"]
        self.file, self.out = file, os.path.join(folder, "vav1d.json")

    def start(self, *more):
        out = open(self.out, "wb")
        command = [*self.command, *more, self.file]
        return subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)

    def record(self):
        with open(self.out, encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        return next(record["data"] for record in records if record["type"] == "played")

    def first(self):
        return ended(self.start("--limit", "1"))[0]

    def play(self):
        usage = ended(self.start(), SECONDS)
        record = self.record()
        return usage, [record[name] for name in ("presented", "dropped", "late")]

    def seeks(self):
        child = self.start("--paused", "--start", "2:00")
        find = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "vav1d on"]
        window = subprocess.run(find, capture_output=True, text=True, check=True).stdout.split()[-1]
        chance = random.Random(1)
        for _ in range(SEEKS):
            key = chance.choice(["Right", "Left", "Up", "Down"])
            subprocess.run(["xdotool", "windowfocus", window, "key", key], check=True)
            time.sleep(1.5)
        usage = ended(child, 0)
        record = self.record()
        return record["seek_first_ms"], record["seek_ms"], record["seek_worst_ms"], usage[2]


class Mpv:
    def __init__(self, mpv, file, folder):
        self.socket = os.path.join(folder, "mpv")
        self.file = file
        self.command = [*mpv, "--no-config", *VO, "--hwdec=no", "--no-audio", "--really-quiet"]

    def start(self, *more):
        command = [*self.command, f"--input-ipc-server={self.socket}", *more, self.file]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def connect(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                link = socket.socket(socket.AF_UNIX)
                link.connect(self.socket)
                return link, link.makefile("r", encoding="utf-8")
            except OSError:
                time.sleep(0.05)
        sys.exit("mpv does not answer")

    @staticmethod
    def say(link, *words):
        link.sendall(json.dumps({"command": words}).encode() + b"\n")

    @staticmethod
    def until(lines, is_it):
        for line in lines:
            said = json.loads(line)
            if is_it(said):
                return said
        sys.exit("mpv has ended")

    def first(self):
        return ended(self.start("--frames=1"))[0]

    def play(self):
        child = self.start()
        begun = time.monotonic()
        link, lines = self.connect()
        time.sleep(max(0.0, SECONDS - 0.5 - (time.monotonic() - begun)))
        counts = []
        for name in ("estimated-frame-number", "frame-drop-count", "decoder-frame-drop-count"):
            self.say(link, "get_property", name)
            counts.append(self.until(lines, lambda said: "error" in said).get("data"))
        return ended(child, max(0.0, SECONDS - (time.monotonic() - begun))), counts

    def seeks(self):
        child = self.start("--pause", "--keep-open=yes", "--start=50%")
        link, lines = self.connect()
        restarted = lambda said: said.get("event") == "playback-restart"
        self.until(lines, restarted)
        taken = {}
        for how in ("keyframes", "exact"):
            chance = random.Random(1)
            taken[how] = []
            for _ in range(SEEKS):
                by = chance.choice([5, -5, 60, -60])
                begun = time.monotonic()
                self.say(link, "seek", by, f"relative+{how}")
                self.until(lines, restarted)
                taken[how].append((time.monotonic() - begun) * 1000)
                time.sleep(0.3)
        usage = ended(child, 0)
        median = statistics.median
        return median(taken["keyframes"]), median(taken["exact"]), max(taken["exact"]), usage[2]


def display():
    """An X server of its own."""
    read, write = os.pipe()
    arguments = ["-displayfd", str(write), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        ["Xvfb", *arguments, "-noreset"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    os.environ["DISPLAY"] = ":" + os.fdopen(read).readline().strip()
    os.environ["VK_DRIVER_FILES"] = ":".join(glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json"))
    return server


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, file = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        server = display()
        try:
            players = [Vav1d(program, file, folder), Mpv(sys.argv[3:] or ["mpv"], file, folder)]
            first = [player.first() for player in players]
            played = [player.play() for player in players]
            sought = [player.seeks() for player in players]
        finally:
            server.terminate()
    words = lambda numbers: ", ".join("-" if n is None else f"{n:g}" for n in numbers)
    rows = [
        ("start, one picture, end (s)", [f"{seconds:.2f}" for seconds in first]),
        (f"processor time for {SECONDS:g} s (s)", [f"{usage[1]:.1f}" for usage, _ in played]),
        ("most memory (MB)", [f"{usage[2]:.0f}" for usage, _ in played]),
        ("presented, dropped, late (mpv: at which picture, dropped by display and decoder)",
         [words(counts) for _, counts in played]),
        ("seek to the first picture, median (ms; mpv: key frames)", [f"{s[0]:.0f}" for s in sought]),
        ("seek to the picture, median (ms; mpv: exact)", [f"{s[1]:.0f}" for s in sought]),
        ("the same, worst (ms)", [f"{s[2]:.0f}" for s in sought]),
        ("most memory after the seeks (MB)", [f"{s[3]:.0f}" for s in sought]),
    ]
    print("| | vav1d | mpv |\n|---|---|---|")
    for name, (ours, theirs) in rows:
        print(f"| {name} | {ours} | {theirs} |")


main()
