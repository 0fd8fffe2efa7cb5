"""Holds README.md to what is there: its commands run, its files and links exist, its messages are the programs' own.

Of its fenced blocks those marked `sh` hold commands, and only those. All of them run in one shell, in order, as printed,
in a folder with the project's own folders and with what a reader would bring along; but for those of NOT_RUN.
"""

import csv
import pathlib
import re
import shlex
import subprocess

from app_test import BIN, ROOT, AppTest, main
from predict_test import write_png

README = (ROOT / "README.md").read_text()
TEXTS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md"),
         *ROOT.glob("*/*/README.md"), ROOT / "README.md"]

# How a command begins that is not run here, and why.
NOT_RUN = {
    "./launch/quickstart.sh": "installs and builds; .ci/run starts it",
    "./tests/run.sh": "runs this test",
    "FER_CUDA=ON": "builds all anew, for GPUs",
    "mpirun -np 8 --host": "wants two hosts, which tests/faults/cables.py has, or eight GPUs",
    "sbatch": "wants Slurm; slurm_test has it",
    "tensorboard": "wants TensorBoard; tests/look/tensorboard.py has it",
    "cmake --install": "install_test installs into a folder of its own",
    "docker build": "wants Docker",
    "apptainer build": "wants Apptainer",
}

# What the table of a run's files says is not of every run, and what makes it.
NOT_OF_EVERY_RUN = {
    "member-01/": "--members; ensemble_test has it",
    "ensemble.json": "--members; ensemble_test has it",
    "starts.json": "a Slurm job; requeue_test has it",
    "non_finite.safetensors": "a gradient that is not finite; fault_test has it",
}

# Words of messages that other programs print, or of which only a user's file is told, and of commands.
OF_OTHERS = ("mpirun", "not enough slots", "No space left", "unable to lock", "line 17", "launch/env.sh")


def commands() -> list[str]:
    """Without comments; one that goes on in the next line is one."""
    text = "".join(re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s)#.*", "", line).strip())]


def reason_not_to_run(command: str) -> str:
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), "")


def first_column(heading: str) -> list[str]:
    """The cells below the heads of the tables of a section."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return [cell for cell in rows if "`" in cell]


def code(text: str) -> list[str]:
    """What stands in backticks, outside of blocks."""
    return re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Readme(AppTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.home = cls.folder / "home"
        (cls.home / "build").mkdir(parents=True)
        (cls.home / "build/bin").symlink_to(BIN.resolve())
        (cls.home / "launch").symlink_to(ROOT / "launch")
        cls.bring_faces()

    @classmethod
    def bring_faces(cls) -> None:
        """datasets/demo, fer2013.csv with its usages, folders of photos by class, a selfie, a competition's files."""
        demo = cls.home / "datasets/demo"
        for app in (["synth", "--out", demo, "--train", 350, "--validation", 70, "--test", 70],
                    ["export", demo, "--out", cls.home / "fer2013.csv"]):
            done = cls.run_app("fer_dataset", *app)
            assert done.code == 0, done
        with open(cls.home / "fer2013.csv", newline="") as file:
            for i, row in enumerate(row for row in csv.DictReader(file) if row["Usage"] == "Training"):
                picture = cls.home / f"photos/{row['emotion']}/{i}.png"
                picture.parent.mkdir(parents=True, exist_ok=True)
                write_png(picture, 48, bytes(map(int, row["pixels"].split())))
        picture.rename(cls.home / "selfie.jpg")  # what a file is, its first bytes say
        (cls.home / "photos/3").rename(cls.home / "photos/happy")
        with open(cls.home / "fer2013.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        kaggle = cls.home / "kaggle"
        kaggle.mkdir()
        train = [row for row in rows if row["Usage"] == "Training"]
        test = list(enumerate(row for row in rows if row["Usage"] == "PrivateTest"))
        for name, lines in (("train.csv", ["emotion,pixels", *(f"{row['emotion']},{row['pixels']}" for row in train)]),
                            ("test.csv", ["id,pixels", *(f"{i + 100},{row['pixels']}" for i, row in test)]),
                            ("sample_submission.csv", ["id,emotion", *(f"{i + 100},0" for i, _ in reversed(test))])):
            (kaggle / name).write_text("\n".join(lines) + "\n")

    def test_every_command_runs_as_printed(self) -> None:
        lines = ["set -eu -o pipefail"]
        for command in commands():
            if not reason_not_to_run(command):
                lines += [f"echo {shlex.quote('$ ' + command)} >&2", command]
        self.assertGreater(len(lines), 20)
        done = subprocess.run(["bash", "-c", "\n".join(lines)], cwd=self.home, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        left = [name for cell in first_column("What a run leaves") for name in code(cell)]
        self.assertLessEqual(NOT_OF_EVERY_RUN.keys(), set(left))
        self.assert_left("runs/mine", [name.replace("-N", "-0") for name in left if name not in NOT_OF_EVERY_RUN])
        self.assert_left(".", ["labels.csv", "explained.png", "submission.csv", "runs/compared/comparison.html",
                               "runs/kaggle/submission.csv", "runs/mine/flip/report.html", "runs/mine/test/metrics.json", "datasets/fer2013.html"])

    def assert_left(self, folder: str, names: list[str]) -> None:
        for name in names:
            self.assertTrue(list((self.home / folder).glob(name)), f"{folder} has no {name}")

    def test_what_is_not_run_is_printed(self) -> None:
        for start in NOT_RUN:
            self.assertTrue(any(command.startswith(start) for command in commands()), start)

    def test_every_link_leads_somewhere(self) -> None:
        for path in TEXTS:
            for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
                if re.match("https?:", target):
                    continue
                name, _, anchor = target.partition("#")
                there = path.parent / name if name else path
                self.assertTrue(there.exists(), f"{path.relative_to(ROOT)} links to {target}")
                if anchor:
                    self.assertIn(anchor, anchors(there.read_text()), path)

    def test_every_file_that_is_named_is_there(self) -> None:
        names = set(code(README + (ROOT / "CONTRIBUTING.md").read_text()))
        ours = [name for name in names if re.fullmatch(r"(src|tests|launch|docs|cluster)/[\w./-]+", name)]
        self.assertGreater(len(ours), 10)
        self.assertEqual([name for name in ours if not (ROOT / name).exists()], [])

    def test_every_recipe_is_named_and_there(self) -> None:
        section = README.split("\n## Recipes\n")[1].split("\n## ")[0]
        there = {path.stem for path in (ROOT / "launch/recipes").glob("*.ini")}
        self.assertEqual(there - set(code(section)), set())
        self.assertEqual({name for cell in first_column("Recipes") for name in code(cell)} - there, set())

    # Numbers and names of a message differ, and may stand anywhere in it: a quarter of it in a row has to be in the sources.
    def test_every_message_is_one_of_the_programs(self) -> None:
        sources = "".join(path.read_text() for ending in ("h", "cpp") for path in (ROOT / "src").rglob(f"*.{ending}"))
        sources = re.sub(r'"\n\s*"', "", sources)

        def is_ours(message: str) -> bool:
            size = min(max(len(message) // 4, 10), len(message))
            return any(message[i : i + size] in sources for i in range(len(message) - size + 1))

        messages = [text for cell in first_column("When something goes wrong") for text in code(cell)
                    if " " in text and not any(words in text for words in OF_OTHERS)]
        self.assertGreater(len(messages), 20)
        self.assertEqual([message for message in messages if not is_ours(message)], [])


if __name__ == "__main__":
    main()
