"""Writes images.json: small picture files of every kind that is read, and what Pillow makes of them. Run by hand:

    tests/bench/setup.sh && .venv-peers/bin/python tests/golden/make_image_golden.py

    files       name, bytes of the file, width, height, gray levels row by row; bytes and levels are hexadecimal
    refused     name, bytes of a file that must be refused, words that the refusal must hold
    resized     width, height and gray levels of a picture, then what it becomes at other sizes
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent
WIDTH, HEIGHT = 19, 13  # no multiple of a JPEG block, nor of a byte's pixels at any depth of PNG

GRAY, COLOUR, PALETTE, GRAY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6  # PNG's colour types
CHANNELS = {GRAY: 1, COLOUR: 3, PALETTE: 1, GRAY_ALPHA: 2, COLOUR_ALPHA: 4}
DEPTHS = {GRAY: (1, 2, 4, 8, 16), COLOUR: (8, 16), PALETTE: (1, 2, 4, 8), GRAY_ALPHA: (8, 16), COLOUR_ALPHA: (8, 16)}
NAMES = {GRAY: "gray", COLOUR: "colour", PALETTE: "palette", GRAY_ALPHA: "gray alpha", COLOUR_ALPHA: "colour alpha"}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def picture(width: int, height: int, channels: int) -> np.ndarray:
    """Waves from 0 to 1 with edges in them. [height, width, channels] float64."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(0.35 * x * (c + 1)) * np.cos(0.3 * y + c) + 0.8 * ((x + 2 * y) % 7 < 2) for c in range(channels)]
    values = np.stack(waves, axis=-1)
    return (values - values.min()) / (values.max() - values.min())


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def packed_row(row: np.ndarray, depth: int) -> bytes:
    """A row of levels [width, channels] as PNG has it, after the byte that says: no filter."""
    if depth == 16:
        return b"\0" + row.astype(">u2").tobytes()
    bits = np.unpackbits(row.astype(np.uint8).reshape(-1, 1), axis=1)[:, 8 - depth :]
    return b"\0" + np.packbits(bits.reshape(-1)).tobytes()


def png(levels: np.ndarray, kind: int, depth: int, interlaced: bool, extra: bytes = b"", colours: int = 256) -> bytes:
    """A PNG file; written by hand, since Pillow writes few of the kinds that exist."""
    height, width, _ = levels.shape
    passes = [levels[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [levels]
    rows = b"".join(packed_row(row, depth) for part in passes if part.size for row in part)
    palette = (np.arange(3 * min(colours, 1 << depth)) * 37 % 256).astype(np.uint8).tobytes()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
        + (chunk(b"PLTE", palette) if kind == PALETTE else b"")
        + extra
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def png_files() -> dict[str, bytes]:
    files = {}
    for kind, depths in DEPTHS.items():
        for depth in depths:
            levels = np.rint(picture(WIDTH, HEIGHT, CHANNELS[kind]) * ((1 << depth) - 1)).astype(np.int64)
            for interlaced in (False, True):
                name = f"{NAMES[kind]} {depth} bit{' interlaced' if interlaced else ''}.png"
                files[name] = png(levels, kind, depth, interlaced)
    # A transparent colour, or transparent colours of a palette, are alpha by another name.
    gray, colour = (np.rint(picture(WIDTH, HEIGHT, channels) * 255).astype(np.int64) for channels in (1, 3))
    files["gray 8 bit transparent.png"] = png(gray, GRAY, 8, False, chunk(b"tRNS", b"\0\x80"))
    files["colour 8 bit transparent.png"] = png(colour, COLOUR, 8, False, chunk(b"tRNS", b"\0\x80\0\x80\0\x80"))
    files["palette 8 bit transparent.png"] = png(gray, PALETTE, 8, False, chunk(b"tRNS", bytes(range(256))))
    # Words about the picture that must not change it.
    files["gray 8 bit gamma.png"] = png(gray, GRAY, 8, False, chunk(b"gAMA", struct.pack(">I", 100000)))
    return files


def encoded(mode: str, kind: str, **options) -> bytes:
    levels = np.rint(picture(WIDTH, HEIGHT, len(mode)) * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels.squeeze(), mode).save(file, kind, **options)
    return file.getvalue()


def jpeg_files() -> dict[str, bytes]:
    return {
        "gray.jpg": encoded("L", "JPEG"),
        "gray optimised.jpg": encoded("L", "JPEG", optimize=True, quality=95),
        "gray progressive.jpg": encoded("L", "JPEG", progressive=True),
        "gray restarts.jpg": encoded("L", "JPEG", restart_marker_blocks=1),
        "colour 444.jpg": encoded("RGB", "JPEG", subsampling="4:4:4", optimize=True),
        "colour 422.jpg": encoded("RGB", "JPEG", subsampling="4:2:2", optimize=True),
        "colour 420.jpg": encoded("RGB", "JPEG", subsampling="4:2:0", optimize=True),
        "colour 420 progressive.jpg": encoded("RGB", "JPEG", subsampling="4:2:0", progressive=True),
        "colour RGB.jpg": encoded("RGB", "JPEG", keep_rgb=True, optimize=True),
    }


def refused_files() -> dict[str, tuple[bytes, str]]:
    two_bits = np.arange(4).reshape(1, 4, 1)
    return {
        "print.jpg": (encoded("CMYK", "JPEG"), "CMYK"),
        "moving.gif": (encoded("L", "GIF"), "GIF"),
        "web.jpg": (encoded("RGB", "WEBP"), "WebP"),
        "bitmap.png": (encoded("L", "BMP"), "BMP"),
        "scan.png": (encoded("L", "TIFF"), "TIFF"),
        "colour too many.png": (png(two_bits, PALETTE, 2, False, colours=3), "colour 3 of a palette of 3"),
    }


def gray(file: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(file))
    if image.mode == "I;16":
        # Where all else gives Pillow's upper 8 bits of 16, 16-bit gray gives it white for every level above 255.
        return (np.asarray(image) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L"))


def described(name: str, file: bytes) -> dict:
    levels = gray(file)
    height, width = levels.shape
    return {"name": name, "file": file.hex(), "width": width, "height": height, "gray": levels.tobytes().hex()}


def resized() -> list[dict]:
    levels = np.rint(picture(53, 37, 1).squeeze() * 255).astype(np.uint8)
    image = Image.fromarray(levels)
    sizes = [(53, 37), (48, 48), (24, 24), (53, 8), (9, 37), (100, 60), (64, 10), (1, 1), (3, 90)]
    files = [image.resize(size, Image.Resampling.BILINEAR) for size in sizes]
    return [{"width": file.width, "height": file.height, "gray": file.tobytes().hex()} for file in files]


def lines(entries: list[dict]) -> str:
    return "[\n" + ",\n".join("  " + json.dumps(entry) for entry in entries) + "\n]"


def main() -> None:
    files = [described(name, file) for name, file in (jpeg_files() | png_files()).items()]
    refused = [{"name": n, "file": file.hex(), "words": words} for n, (file, words) in refused_files().items()]
    parts = {"files": files, "refused": refused, "resized": resized()}
    text = ",\n".join(f'"{name}": {lines(entries)}' for name, entries in parts.items())
    (FOLDER / "images.json").write_text("{\n" + text + "\n}\n")


main()
