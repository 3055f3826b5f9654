#!/usr/bin/env python3
"""Joins IVF files one after the other: samples/join.py OUT.ivf IN.ivf...

The temporal units are copied as they are, with timestamps counted on. Where
the parts have different sequence headers, the sequence changes mid-stream.
"""
import struct
import sys


def frames(path):
    data = open(path, "rb").read()
    at = struct.unpack_from("<H", data, 6)[0]
    while at + 12 <= len(data):
        size = struct.unpack_from("<I", data, at)[0]
        yield data[at + 12:at + 12 + size]
        at += 12 + size


def main(out, *parts):
    head = bytearray(open(parts[0], "rb").read()[:32])
    units = [unit for part in parts for unit in frames(part)]
    struct.pack_into("<I", head, 24, len(units))
    with open(out, "wb") as file:
        file.write(head)
        for time, unit in enumerate(units):
            file.write(struct.pack("<IQ", len(unit), time) + unit)


if __name__ == "__main__":
    main(*sys.argv[1:])
