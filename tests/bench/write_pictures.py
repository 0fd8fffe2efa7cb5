#!/usr/bin/env python3
"""Writes faces of a CSV file, as fer_dataset exports them, as PNG files of 256x256 in colours.

    tests/bench/write_pictures.py FACES.csv COUNT FOLDER
"""

import csv
import pathlib
import struct
import sys
import zlib

SIDE = 256


def png(face: list[int], side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    columns = [x * side // SIDE for x in range(SIDE)]
    rows = [b"\0" + bytes(level for x in columns for level in (face[y * side + x], face[y * side + x] // 2, 90))
            for y in range(side)]
    pixels = b"".join(rows[y * side // SIDE] for y in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 6)) + chunk(b"IEND", b""))


def main() -> None:
    source, count, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir()
    with open(source, newline="") as file:
        for i, row in zip(range(count), csv.DictReader(file)):
            face = [int(level) for level in row["pixels"].split()]
            (folder / f"{i:04}.png").write_bytes(png(face, round(len(face) ** 0.5)))


if __name__ == "__main__":
    main()
