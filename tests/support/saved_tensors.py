"""Checkpoints, and other files in the safetensors format: what they say of themselves, and their tensors."""

import hashlib
import json
import struct
from pathlib import Path


def header_of(path: Path) -> dict:
    """What the file says of its tensors, and under `__metadata__` of itself."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(size))


def describe(checkpoint: Path) -> dict:
    """What a checkpoint says of its run."""
    return json.loads(header_of(checkpoint)["__metadata__"]["fer_dist_train"])


def tensors_of(path: Path) -> dict[str, tuple[dict, bytes]]:
    """By name; what the header says of one, and its content."""
    header, content = header_of(path), path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    found = {}
    for name, about in header.items():
        if name != "__metadata__":
            begin, end = about["data_offsets"]
            found[name] = about, content[8 + size + begin:8 + size + end]
    return found


def digest_of(checkpoint: Path) -> str:
    """Of all bits of its tensors: weights, statistics and what else a run remembers. None of them is a time or a path."""
    digest = hashlib.sha256()
    for name, (about, content) in sorted(tensors_of(checkpoint).items()):
        digest.update(f"{name} {about['dtype']} {about['shape']}\n".encode() + content)
    return digest.hexdigest()
