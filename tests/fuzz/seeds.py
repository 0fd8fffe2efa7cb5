#!/usr/bin/env python3
"""Writes what each fuzzer begins with: small files as they should be, which it changes.

    tests/fuzz/seeds.py FOLDER        FOLDER/csv_fuzz/0 and so on
"""

import json
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

FACES = "emotion,pixels,Usage\n0,1 2 3 4,Training\n6,255 0 7 90,PublicTest\n3,\"5 6 7 8\",PrivateTest\n"
VOTES = ("Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
         "Training,a.png,0,0,0,0,9,1,0,0,0,0\nPublicTest,b.png,10,0,0,0,0,0,0,0,0,0\n"
         "PrivateTest,c.png,0,4,4,0,0,0,0,0,2,0\n")


def csv_files() -> list[bytes]:
    """Shape and files, as csv_fuzz.cpp takes them apart."""
    shapes = [
        ("f", FACES),
        ("f", "\ufeffid, Pixels\r\n7,0 10 200 30\r\n8,1  2 3 4"),
        ("r", FACES),
        ("v", FACES, VOTES),
        ("s", FACES, VOTES),
        ("t", "0,1,2,3\n4,5,6,255\n", "0\n1\n", "9,8,7,6\n", "1\n"),
        ("k", "emotion,pixels\n0,1 2 3 4\n", "id,pixels\n7,1 2 3 4\n9,5 6 7 8\n", "id,emotion\n9,3\n7,1\n",
         "id,emotion\n9,0\n7,0\n"),
    ]
    return [(shape + "\f".join(files)).encode() for shape, *files in shapes]


def images() -> list[bytes]:
    golden = json.loads((ROOT / "tests/golden/images.json").read_text())
    return [bytes.fromhex(image["file"]) for image in golden["files"] + golden["refused"]]


def ini_files() -> list[bytes]:
    return [b"text = some words\nflag = true\nrate = 1e-4\ncount = 7\nsamples = -1\nseed = 99\n",
            b"# a comment\nseed=1\n[phase.1]\nrate = 0.5\n[phase.2]\ncount = 2\n"]


def manifests() -> list[bytes]:
    split = {"samples": 3, "labelled": True, "class_counts": [1, 2], "histogram": [0, 12], "content_digest": "xxh3:0",
             "shards": [{"file": "train-00000-of-00001.h5", "rows": 3, "digest": "xxh3:1"}]}
    unknown = split | {"labelled": False, "class_counts": [], "shards": split["shards"] * 2, "samples": 6}
    manifest = {"format_version": 3, "name": "small", "image_shape": [2, 2], "classes": ["angry", "happy"],
                "submission_header": "id,emotion", "splits": {"train": split, "test": unknown},
                "passport": {"duplicates": [{"train": [0, 2]}, {"test": [1], "train": [1]}], "constant": {"train": [1]},
                             "skipped": ["'faces.csv' line 4: a letter."]}}
    voted = manifest | {"splits": {"train": split | {"voted": True}}}
    groups = {"dataset_digest": "xxh3:0", "groups": manifest["passport"]["duplicates"]}
    return [json.dumps(value).encode() for value in (manifest, voted, groups)]


def run_files() -> list[bytes]:
    """Kind and file, as run_files_fuzz.cpp takes them apart."""
    return [b"hepoch,step,lr,train_loss,val_loss,seconds,more\n1,47,0.001,1.25,0.5,2.000,\n2,94,1e-4,0.75,,1.5,\"a, b\"\n",
            b"pid,label,p_angry,\"p_happy, or \"\"glad\"\"\",truth\r\n5,angry,0.750000,0.250000,angry\r\n",
            b"pid,label,p_a,p_b\n5,b,0.500000,0.500000\n9,a,1.000000,0.000000\n",
            b"sId,\"Category, of 7\"\n5,0\n9,0\n"]


def safetensors() -> list[bytes]:
    about = {"model": "cnn2", "classes": ["angry", "happy"], "image_shape": [2, 2], "recipe": "default", "epoch": 1,
             "step": 7, "dataset_digest": "xxh3:0", "metrics": {"val_loss": 0.5}, "picture_shape": [2, 2],
             "dropout": -1}
    layouts = [
        {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
         "b": {"dtype": "I64", "shape": [2], "data_offsets": [24, 40]}},
        {"__metadata__": {"format": "pt", "fer_dist_train": json.dumps(about)},
         "empty": {"dtype": "U8", "shape": [0, 4], "data_offsets": [0, 0]},
         "net.weight": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]},
         "state.step": {"dtype": "F64", "shape": [], "data_offsets": [8, 16]}},
    ]
    files = []
    for layout in layouts:
        header = json.dumps(layout).encode()
        size = max(tensor["data_offsets"][1] for name, tensor in layout.items() if name != "__metadata__")
        files.append(struct.pack("<Q", len(header)) + header + bytes(range(size)))
    return files


SEEDS = {"csv_fuzz": csv_files, "image_fuzz": images, "ini_fuzz": ini_files, "manifest_fuzz": manifests,
         "run_files_fuzz": run_files, "safetensors_fuzz": safetensors}

for fuzzer, seeds in SEEDS.items():
    folder = pathlib.Path(sys.argv[1]) / fuzzer
    folder.mkdir(parents=True)
    for number, seed in enumerate(seeds()):
        (folder / str(number)).write_bytes(seed)
