#!/usr/bin/env python3
"""Decodes files with known answers, from a file and through a pipe, and prints a table.

    contrib/cases.py VAV1D FOLDER

VAV1D   the program
FOLDER  has the files, and `expected.tsv` with a line for each: file, what, frames, MD5 of all frames
        as `vav1d md5 --total` prints it, situation

What is `plays` (this MD5 and as many frames, with exit code 0, or with 65 and a word of what is lost),
`refused` (exit code 69, and a word why), `loss` (exit code 65, and a word of what is lost) or
`arguable` (any of them). Ends with 1 if an answer is another one.
"""

import csv
import json
import os
import subprocess
import sys


def decode(vav1d, path, is_pipe):
    """Exit code, pictures, MD5, and the faults that are told."""
    with open(path, "rb") as file:
        data = file.read() if is_pipe else None
    command = [vav1d, "--json", "md5", "--total", "--device", "soft", "-" if is_pipe else path]
    source = {"input": data} if is_pipe else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, **source)
    pictures, total, faults = None, None, []
    for line in done.stdout.splitlines():
        record = json.loads(line)
        content = record["data"]
        if record["type"] == "summary":
            pictures, total = content["pictures"], content["md5"]
        if record["type"] == "fault":
            faults.append(content["message"])
    return done.returncode, pictures, total, faults


def is_right(row, answer):
    code, pictures, total, faults = answer
    is_said = bool(faults)
    played = (str(pictures), total) == (row["frames"], row["total_md5"])
    ends = code == 0 or code == 65 and is_said
    return {
        "plays": played and ends,
        "refused": code == 69 and is_said,
        "loss": code == 65 and is_said,
        "arguable": code == 0 or code in (65, 69) and is_said,
    }[row["what"]]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    vav1d, folder = sys.argv[1:]
    with open(os.path.join(folder, "expected.tsv"), encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    right = [0, 0]
    print("| File | expected | from a file | through a pipe |\n|---|---|---|---|")
    for row in rows:
        cells = []
        for is_pipe in (False, True):
            answer = decode(vav1d, os.path.join(folder, row["file"]), is_pipe)
            code, pictures, total, _ = answer
            fine = is_right(row, answer)
            right[is_pipe] += fine
            what = f"{pictures} pictures, exit code {code}"
            cells.append(f"right: {what}" if fine else f"**other**: {what}, {total}")
        wanted = f"{row['what']} {row['frames']} {row['total_md5']}".replace(" -", "")
        print(f"| {row['file']} | {wanted} | {cells[0]} | {cells[1]} |")
    print(f"\n{right[0]} of {len(rows)} from a file, {right[1]} of {len(rows)} through a pipe")
    sys.exit(right != [len(rows)] * 2)


main()
