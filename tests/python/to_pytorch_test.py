"""The nets of checkpoints answer in PyTorch, and in the files of launch/to_pytorch.py, as fer_evaluate says they do.

    .venv-peers/bin/python tests/python/to_pytorch_test.py build/bin

Needs torch, torchvision, safetensors and h5py; of ONNX onnx, onnxscript and onnxruntime besides.
"""

import csv
import importlib.util
import json
import pathlib
import re
import sys
import unittest
import warnings

import h5py
import numpy
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "launch"), str(ROOT / "tests/apps")]

from app_test import AppTest, Result, main  # noqa: E402
from pytorch_nets import NETS, make_net  # noqa: E402
from to_pytorch import export_program, load_net, write_onnx  # noqa: E402

TO_PYTORCH = ROOT / "launch/to_pytorch.py"
MISSING = [name for name in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(name) is None]

# Every net, and what can be chosen of nets. Pictures have 48x48: some are made smaller, some larger.
CHOICES = (
    {"model": "cnn-bayes"},
    {"model": "cnn2"},
    {"model": "cnn3-mlp"},
    {"model": "cnn4"},
    {"model": "cnn4", "stages": "8x1,16x2,24x1", "dropout": 0, "head": "dense:32,relu,dense:16,norm,dropout:0.5"},
    {"model": "cnn7"},
    {"model": "cnn9"},
    {"model": "efficientnet_b2", "input_size": 64},
    {"model": "efficientnet_b2", "head": "dense:16,norm,relu"},
    {"model": "fast-m"},
    {"model": "fast-s"},
    {"model": "fer-resnet18"},
    {"model": "fer-vgg19"},
    {"model": "inception_v3", "input_size": 96},
    {"model": "mlp"},
    {"model": "resnet18", "input_size": 32},
    {"model": "resnet50", "input_size": 64, "head": "conv:16,norm,relu,dense:8,dropout:0.5"},
    {"model": "s3-joint", "input_size": 32},
    {"model": "s4-cnn", "input_size": 24},
    {"model": "strong"},
    {"model": "vgg16", "input_size": 32},
    {"model": "vgg19", "input_size": 64, "head": "dense:16,relu"},
)

# Of probabilities. PyTorch runs the same kernels as the programs where tensors are laid out alike, and predictions.csv
# has six digits. Nets of ours are run in chains, whose convolutions are Winograd's, and round otherwise; so do other
# kernels, of which batch norms of few samples make more.
SAME_KERNELS = 5e-6
CHAINS = 1e-4
OTHER_KERNELS = 5e-4
OF_TORCHVISION = ("efficientnet_b2", "inception_v3", "resnet18", "resnet50", "vgg16", "vgg19")
# Between pictures, of a class's probability: a net that answers all alike would show nothing.
LEAST_SPREAD = 0.03

# What serves a file of --out: PyTorch alone, without this folder on its path.
SERVER = """
import json, sys, numpy, torch
files = {"classes.json": ""}
net = torch.export.load(sys.argv[1], extra_files=files).module()
with torch.no_grad():
    numpy.save(sys.argv[3], net(torch.from_numpy(numpy.load(sys.argv[2]))))
print(json.loads(files["classes.json"]))
"""


def options_of(choice: dict[str, object]) -> list[object]:
    """As of fer_dist_train."""
    return [text for key, value in choice.items() for text in ("--" + key.replace("_", "-"), value)]


def fresh_weights(choice: dict[str, object], images: Tensor, classes: int) -> dict[str, Tensor]:
    """Weights by He's rule and statistics of pictures, without which deep nets would answer all of them alike."""
    torch.manual_seed(1)
    net = make_net(choice | {"classes": [""] * classes, "image_shape": images.shape[2:]})
    for parameter in net.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_uniform_(parameter)
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.momentum = None  # of this pass alone
    net.train()(images)
    if choice["model"] == "s4-cnn":
        nn.init.constant_(net.classifier[2].bias, 20)  # answers below zero would have no logarithm
    return net.state_dict()


class ToPytorch(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        warnings.filterwarnings("ignore", category=FutureWarning)  # of PyTorch's exporter, about itself
        torch.set_num_threads(1)  # as the programs are told below
        cls.few = cls.folder / "few"
        made = cls.run_app("fer_dataset", "synth", "--out", cls.few, "--train", 32, "--validation", 4, "--test", 16,
                           "--shards", 1)
        assert made.code == 0, made
        with h5py.File(cls.few / "test-00000-of-00001.h5") as shard:
            cls.images = torch.from_numpy(shard["images"][:]).float().unsqueeze(1) / 255
        cls.classes = json.loads((cls.few / "dataset.json").read_text())["classes"]

    def trained(self, choice: dict[str, object]) -> tuple[pathlib.Path, numpy.ndarray]:
        """A checkpoint after an epoch, and what fer_evaluate makes of the test pictures: probabilities [N, classes]."""
        run = self.folder / str(CHOICES.index(choice))
        checkpoint = run / "checkpoints/last.safetensors"
        if not (run / "test").exists():
            start = self.folder / "start.safetensors"
            save_file(fresh_weights(choice, self.images, len(self.classes)), start)
            # A small rate: one that moves weights by much leaves statistics behind, and answers become chaos.
            result = self.run_app("fer_dist_train", "--dataset", self.few, *options_of(choice), "--init-from", start,
                                  "--epochs", 1, "--global-batch-size", 8, "--optimizer", "sgd", "--momentum", 0,
                                  "--lr", 1e-6, "--keep", 0, "--threads", 1, "--out", run)
            self.assertEqual(result.code, 0, result)
            result = self.run_app("fer_evaluate", "--checkpoint", checkpoint, "--dataset", self.few, "--split", "test",
                                  "--threads", 1, "--out", run / "test")
            self.assertEqual(result.code, 0, result)
        with open(run / "test/predictions.csv", newline="") as file:
            rows = [[float(row[f"p_{name}"]) for name in self.classes] for row in csv.DictReader(file)]
        return checkpoint, numpy.array(rows)

    def assert_answers(self, logits: Tensor, expected: numpy.ndarray, tolerance: float = OTHER_KERNELS) -> None:
        self.assertGreater(numpy.ptp(expected, axis=0).max(), LEAST_SPREAD)
        self.assertLess(abs(logits.softmax(1).numpy() - expected).max(), tolerance)

    def serve_onnx(self, path: pathlib.Path) -> Tensor:
        import onnxruntime

        session = onnxruntime.InferenceSession(path)
        self.assertEqual(json.loads(session.get_modelmeta().custom_metadata_map["classes"]), self.classes)
        return torch.from_numpy(session.run(["logits"], {"images": self.images.numpy()})[0])

    def to_pytorch(self, *options: object, python_options: tuple[str, ...] = ()) -> Result:
        return self.run_command([sys.executable, *python_options, TO_PYTORCH, *options])

    def test_every_net_is_here(self) -> None:
        listed = re.search(r"--model NAME.*? one of (.*?)\n +--", self.run_app("fer_dist_train", "--help").out, re.DOTALL)
        self.assertEqual(set(re.findall(r"[\w-]+", listed.group(1))), NETS.keys())
        self.assertEqual({choice["model"] for choice in CHOICES}, NETS.keys())

    @torch.no_grad()
    def test_modules_answer_as_fer_evaluate(self) -> None:
        for choice in CHOICES:
            with self.subTest(**choice):
                checkpoint, expected = self.trained(choice)
                net, classes = load_net(checkpoint)
                self.assertEqual(classes, self.classes)
                net.to(memory_format=torch.channels_last)
                tolerance = SAME_KERNELS if choice["model"] in OF_TORCHVISION else CHAINS
                self.assert_answers(net(self.images), expected, tolerance)

    @unittest.skipIf(MISSING, f"packages are missing: {MISSING}")
    def test_onnx_answers_as_fer_evaluate(self) -> None:
        for choice in CHOICES:
            with self.subTest(**choice):
                checkpoint, expected = self.trained(choice)
                file = self.folder / "net.onnx"
                net, classes = load_net(checkpoint)
                write_onnx(export_program(net, self.images.shape[2:]), file, json.dumps(classes))
                self.assert_answers(self.serve_onnx(file), expected)

    def test_program_serves_without_our_code(self) -> None:
        numpy.save(self.folder / "images.npy", self.images.numpy())
        for choice in ({"model": "fast-s"}, {"model": "resnet18", "input_size": 32}):
            with self.subTest(**choice):
                checkpoint, expected = self.trained(choice)
                written = self.to_pytorch(checkpoint, "--out", self.folder / "net.pt2")
                self.assertEqual((written.code, written.err), (0, ""), written)
                served = self.run_command([sys.executable, "-I", "-c", SERVER,
                                           *(self.folder / name for name in ("net.pt2", "images.npy", "logits.npy"))])
                self.assertEqual(served.out.strip(), str(self.classes), served)
                self.assert_answers(torch.from_numpy(numpy.load(self.folder / "logits.npy")), expected)

    def test_what_is_no_checkpoint_is_refused(self) -> None:
        tensors, text = self.folder / "tensors.safetensors", self.folder / "text.safetensors"
        save_file({"weight": torch.zeros(1)}, tensors)
        text.write_text("no tensors")
        for file in (tensors, text, self.folder / "nothing.safetensors"):
            with self.subTest(file=file.name):
                result = self.to_pytorch(file, "--out", self.folder / "net.pt2")
                self.assertEqual((result.code, result.err.count("\n")), (65, 1), result)
                self.assertIn(file.name, result.err)

    def test_advice(self) -> None:
        nowhere = self.to_pytorch("some.safetensors")
        self.assertEqual(nowhere.code, 2, nowhere)
        without_packages = self.to_pytorch("some.safetensors", "--out", "net.pt2", python_options=("-S",))
        self.assertEqual((without_packages.code, without_packages.err.count("\n")), (2, 1), without_packages)
        self.assertIn("pip install torch", without_packages.err)


if __name__ == "__main__":
    main()
