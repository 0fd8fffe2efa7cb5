#!/usr/bin/env python3
"""Writes the net of a checkpoint as a file that serves without our code.

    launch/to_pytorch.py runs/mine/checkpoints/best.safetensors --out best.pt2 --onnx best.onnx

--out writes a program of torch.export, which PyTorch alone loads: torch.export.load("best.pt2").module() is the net,
and the class names are in the file's "classes.json". --onnx writes ONNX. Both take any number of pictures of the size
that the net was trained on (with crop=44: 44x44), [N, 1, H, W] float32 in [0, 1], and answer with logits [N, classes].
This needs PyTorch, torchvision and the safetensors package; --onnx needs onnx and onnxscript besides.

Serving with onnxruntime, after `import json, numpy, onnxruntime, PIL.Image`:

    session = onnxruntime.InferenceSession("best.onnx")
    classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
    face = PIL.Image.open("face.png").convert("L").resize((48, 48))
    [logits] = session.run(["logits"], {"images": numpy.float32(face)[None, None] / 255})
    print(classes[logits[0].argmax()])

In Python, with this folder on the path, `from to_pytorch import load_net; net, classes = load_net("best.safetensors")`
gives the net as a module of PyTorch, ready to serve; after net.train() it can be trained.

Exit codes: 0; 2 for wrong options or missing packages; 65 for a file that is no checkpoint; 74 where nothing can be
written.
"""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where needed, so that --help and advice come without them
    import torch

WRONG_USAGE = 2
BAD_INPUT = 65
CANNOT_WRITE = 74
INFO_KEY = "fer_dist_train"
STATE_PREFIX = "state."


class BadCheckpoint(Exception):
    """Its text is for the user."""


def read_checkpoint(path: str | Path) -> tuple[dict, dict[str, "torch.Tensor"]]:
    """What a checkpoint says of its net, and the net's tensors by name."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            description = json.loads((file.metadata() or {})[INFO_KEY])
            return description, {
                name: file.get_tensor(name) for name in file.keys() if not name.startswith(STATE_PREFIX)
            }
    except (OSError, SafetensorError) as error:
        raise BadCheckpoint(f"'{path}' cannot be read: {error}") from error
    except (KeyError, ValueError) as error:
        raise BadCheckpoint(f"'{path}' is no checkpoint: it does not say what net it holds.") from error


def load_described_net(path: str | Path) -> tuple["torch.nn.Module", dict]:
    import torch
    from pytorch_nets import make_net

    description, tensors = read_checkpoint(path)
    try:
        with torch.device("meta"):  # without memory and initial values: the checkpoint's tensors become the net's
            net = make_net(description)
        net.load_state_dict(tensors, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadCheckpoint(f"'{path}' describes another net than it holds: {error}") from error
    return net.eval(), description


def load_net(path: str | Path) -> tuple["torch.nn.Module", list[str]]:
    """A checkpoint's net in evaluation mode, and its class names in the order of the logits.

    The net takes pictures [N, 1, H, W], float32 in [0, 1]. Raises BadCheckpoint.
    """
    net, description = load_described_net(path)
    return net, description["classes"]


def export_program(net: "torch.nn.Module", image_shape: list[int]) -> "torch.export.ExportedProgram":
    """The net's operations on any number of pictures."""
    import torch

    images = torch.zeros(2, 1, *image_shape)
    return torch.export.export(net, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},))


def write_onnx(program: "torch.export.ExportedProgram", path: Path, class_names: str) -> None:
    import torch

    onnx_program = torch.onnx.export(
        program, input_names=["images"], output_names=["logits"], dynamic_shapes=({0: "batch"},), verbose=False
    )
    onnx_program.model.metadata_props["classes"] = class_names
    onnx_program.save(path)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="best.safetensors of a run, or another of its checkpoints")
    parser.add_argument("--out", type=Path, metavar="FILE.pt2")
    parser.add_argument("--onnx", type=Path, metavar="FILE.onnx")
    options = parser.parse_args()
    if not (options.out or options.onnx):
        parser.error("nothing to write: give --out, --onnx or both")
    for path in filter(None, (options.out, options.onnx)):
        if not path.parent.is_dir():
            parser.error(f"there is no folder '{path.parent}'")
    return options


def save_whole(program: "torch.export.ExportedProgram", out: Path, class_names: str) -> None:
    """Or leaves what was there. PyTorch's writer of archives says RuntimeError where nothing can be written."""
    import torch

    part = out.with_name(f".{os.getpid()}.{out.name}")
    try:
        torch.export.save(program, part, extra_files={"classes.json": class_names})
        part.replace(out)
    except RuntimeError as error:
        raise OSError(str(error).splitlines()[0]) from error
    finally:
        part.unlink(missing_ok=True)


def write_files(options: argparse.Namespace) -> None:
    import torch

    net, description = load_described_net(options.checkpoint)
    program = export_program(net, description["image_shape"])
    class_names = json.dumps(description["classes"])
    if options.out:
        save_whole(program, options.out, class_names)
    if options.onnx:
        write_onnx(program, options.onnx, class_names)


def main() -> int:
    options = read_options()
    warnings.filterwarnings("ignore", category=FutureWarning)  # of PyTorch's exporter, about itself
    try:
        write_files(options)
    except ModuleNotFoundError as error:
        packages = "torch torchvision safetensors" + (" onnx onnxscript" if options.onnx else "")
        print(f"The package {error.name} is missing: pip install {packages}", file=sys.stderr)
        return WRONG_USAGE
    except BadCheckpoint as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except OSError as error:  # of reading it is a BadCheckpoint
        print(f"cannot write: {error}", file=sys.stderr)
        return CANNOT_WRITE
    return 0


if __name__ == "__main__":
    sys.exit(main())
