#!/usr/bin/env python3
"""Adds OBUs that a decoder must pass over: samples/extras.py OUT.ivf IN.ivf

Each temporal unit gets a padding OBU, a metadata OBU (ITU-T T.35, private
use), an OBU of a reserved type, and a redundant copy of each frame header OBU
before the last tile group. The input needs frame header and tile group OBUs.
"""
import struct
import sys

from join import frames

HEADER, TILE_GROUP, METADATA, REDUNDANT, RESERVED, PADDING = 3, 4, 5, 7, 9, 15
T35 = bytes([4, 0xB5, 0, 0x3C, 1, 2, 3, 0x80])


def leb128(value):
    out = []
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


def obu(kind, payload):
    return bytes([kind << 3 | 2]) + leb128(len(payload)) + payload


def split(unit):
    """(type, payload) of each OBU; all have a size and no extension."""
    at = 0
    while at < len(unit):
        kind, size, shift = unit[at] >> 3 & 15, 0, 0
        at += 1
        while True:
            size |= (unit[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if not unit[at - 1] & 128:
                break
        yield kind, unit[at:at + size]
        at += size


def grow(unit):
    obus, out = list(split(unit)), b""
    header = None
    for i, (kind, payload) in enumerate(obus):
        last = i + 1 == len(obus) or obus[i + 1][0] != TILE_GROUP
        if kind == TILE_GROUP and last and header and obus[i - 1][0] == TILE_GROUP:
            out += obu(REDUNDANT, header)
        if kind == HEADER:
            out += obu(METADATA, T35) + obu(RESERVED, b"reserved\x80")
            header = payload
        out += obu(kind, payload)
    return out + obu(PADDING, b"padding\x80")


def main(out, source):
    head = open(source, "rb").read()[:32]
    with open(out, "wb") as file:
        file.write(head)
        for time, unit in enumerate(frames(source)):
            unit = grow(unit)
            file.write(struct.pack("<IQ", len(unit), time) + unit)


if __name__ == "__main__":
    main(*sys.argv[1:])
