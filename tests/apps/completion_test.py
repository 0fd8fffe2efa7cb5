"""What bash and zsh offer for the command lines of the programs: what --help says, and what lies in the folder.

    python3 tests/apps/completion_test.py build/bin      zsh is left out where there is none
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from app_test import BIN, ROOT, main
from typed_line import BASH, ZSH, TypedLine

COMPLETIONS = ROOT / "launch/completions"
PROGRAMS = ("fer_dist_train", "fer_dataset", "fer_doctor", "fer_evaluate", "fer_predict")

# Asks for the last of the arguments as bash would, which cuts words at a =.
ASK = r"""
. "$1"
shift
[[ $(complete -p "${1##*/}") =~ -F\ ([a-z_]+) ]]
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
for times in 1 2; do "${BASH_REMATCH[1]}"; done
printf '%s\n' "${COMPREPLY[@]}"
"""


class Folder(unittest.TestCase):
    """Programs on the path, in a folder with a picture, a folder and a file of options."""

    def setUp(self) -> None:
        keeper = tempfile.TemporaryDirectory(prefix="fer-test-")
        self.addCleanup(keeper.cleanup)
        self.folder = pathlib.Path(keeper.name)
        (self.folder / "faces").mkdir()
        for name in ("a face.jpg", "mine.ini"):
            (self.folder / name).touch()
        self.environment = os.environ | {"PATH": f"{BIN.resolve()}:{os.environ['PATH']}"}
        self.environment.pop("FER_RECIPES", None)


class Bash(Folder):
    def offers(self, *words: str) -> list[str]:
        done = subprocess.run(["bash", "--norc", "-c", ASK, "bash", COMPLETIONS / "fer.bash", *words], cwd=self.folder,
                              env=self.environment, capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return sorted(done.stdout.split("\n")[:-1]) if done.stdout != "\n" else []

    def test_options_are_those_of_help(self) -> None:
        for program in PROGRAMS:
            with self.subTest(program=program):
                help_text = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True).stdout
                options = re.findall(r"^  (--[a-z0-9-]+)", help_text, re.MULTILINE)
                self.assertGreater(len(options), 5)
                self.assertEqual(self.offers(program, "-"), sorted(options))
                self.assertEqual(self.offers(str(BIN.resolve() / program), "-"), sorted(options))

    def test_values_that_help_names(self) -> None:
        for words, offered in ((("--device", ""), ["auto", "cpu", "cuda"]), (("--device", "=", "cu"), ["cuda"]),
                               (("--device", "="), ["auto", "cpu", "cuda"]), (("--schedule", "co"), ["constant", "cosine"]),
                               (("--optimizer", "ada"), ["adam", "adamw"]), (("--freeze", ""), ["none"]),
                               (("--quiet", "--mode"), ["--model"]), (("--epochs", ""), [])):
            with self.subTest(words=words):
                self.assertEqual(self.offers("fer_dist_train", *words), offered)
        self.assertLess({"cnn3-mlp", "fast-s", "strong"}, set(self.offers("fer_dist_train", "--model", "")))
        self.assertEqual(self.offers("fer_evaluate", "--views", "f"), ["five", "flip"])

    def test_recipes_by_name_and_by_file(self) -> None:
        recipes = [path.stem for path in (ROOT / "launch/recipes").glob("*.ini")]
        self.assertEqual(self.offers("fer_dist_train", "--recipe", ""),
                         sorted([*recipes, "a face.jpg", "faces", "mine.ini"]))
        self.environment["FER_RECIPES"] = str(self.folder)
        self.assertEqual(self.offers("fer_dist_train", "--recipe", "mi"), ["mine", "mine.ini"])

    def test_files_and_folders(self) -> None:
        self.assertEqual(self.offers("fer_dist_train", "--dataset", ""), ["faces"])
        self.assertEqual(self.offers("fer_dist_train", "--config", "m"), ["mine.ini"])
        self.assertEqual(self.offers("fer_dist_train", "--resume", "a"), ["a face.jpg", "auto"])
        self.assertEqual(self.offers("fer_predict", "--quiet", "a"), ["a face.jpg"])

    def test_commands_of_fer_dataset_and_the_options_of_each(self) -> None:
        commands = ["export", "import", "inspect", "split", "synth", "verify"]
        self.assertEqual(self.offers("fer_dataset", ""), commands)
        self.assertEqual(self.offers("fer_dataset", "--quiet", "s"), ["split", "synth"])
        self.assertEqual(self.offers("fer_dataset", "import", "m"), ["mine.ini"])
        for command, own in (("import", "--on-error"), ("synth", "--train"), ("split", "--fractions"),
                             ("inspect", "--gallery"), ("export", "--copies")):
            offered = self.offers("fer_dataset", command, "--")
            self.assertLess({own, "--out", "--help"}, set(offered))
            self.assertEqual({"--on-error", "--train", "--fractions", "--gallery", "--copies"} & set(offered), {own})

    def test_behind_a_launcher(self) -> None:
        program = str(BIN.resolve() / "fer_dist_train")
        self.assertEqual(self.offers("mpirun", "-np", "2", program, "--backend", "n"), ["nccl"])
        self.assertEqual(self.offers("mpirun", "-np", ""), [])

    def test_a_program_that_is_not_there(self) -> None:
        self.assertEqual(self.offers("fer_dist_train/elsewhere/fer_dist_train", "--de"), [])

    # Asked twice in a shell; a project of its own holds a program that counts.
    def test_help_is_read_once(self) -> None:
        (self.folder / "build/bin").mkdir(parents=True)
        (self.folder / "launch").symlink_to(ROOT / "launch")
        program = self.folder / "build/bin/fer_doctor"
        program.write_text(f'#!/bin/sh\necho >> {self.folder}/calls\nexec {BIN.resolve()}/fer_doctor "$@"\n')
        program.chmod(0o755)
        self.assertEqual(self.offers(str(program), "--backend", "m"), ["mpi"])
        self.assertEqual((self.folder / "calls").read_text(), "\n")


class Keys:
    """What Tab makes of a line, by either shell."""

    def open(self) -> TypedLine:
        raise NotImplementedError

    def test_lines(self) -> None:
        line = self.open()
        self.addCleanup(line.close)
        program = BIN.resolve() / "fer_dist_train"
        for typed, becomes in (("fer_dist_train --det", "fer_dist_train --deterministic "),
                               (f"{program} --schedule tri", f"{program} --schedule triangular "),
                               ("fer_dist_train --device=cu", "fer_dist_train --device=cuda "),
                               ("fer_dist_train --recipe s0", "fer_dist_train --recipe s0-three-class "),
                               ("fer_dist_train --recipe mi", "fer_dist_train --recipe mine.ini "),
                               ("fer_dist_train --epochs mi", "fer_dist_train --epochs mi"),
                               ("fer_dist_train --dataset ", "fer_dist_train --dataset faces/"),
                               ("fer_evaluate --average so", "fer_evaluate --average softmax "),
                               ("fer_doctor --all", "fer_doctor --all-reduce "),
                               ("fer_predict a", "fer_predict a\\ face.jpg "),
                               ("fer_predict --format js", "fer_predict --format json "),
                               ("fer_dataset ins", "fer_dataset inspect "),
                               ("fer_dataset synth --tr", "fer_dataset synth --train "),
                               ("fer_dataset import --tr", "fer_dataset import --tr"),
                               ("mpirun -np 2 fer_dist_train --back", "mpirun -np 2 fer_dist_train --backend ")):
            with self.subTest(typed=typed):
                self.assertEqual(line.press_tab(typed), becomes)


class BashKeys(Keys, Folder):
    def open(self) -> TypedLine:
        setup = f". {COMPLETIONS}/fer.bash\n{BASH}\n"
        return TypedLine(["bash", "--norc", "--noprofile", "-i"], setup, self.folder, self.environment)


@unittest.skipUnless(shutil.which("zsh"), "there is no zsh here")
class ZshKeys(Keys, Folder):
    def open(self) -> TypedLine:
        setup = f"fpath=({COMPLETIONS} $fpath)\nautoload -Uz compinit\ncompinit -u -D\n{ZSH}\n"
        return TypedLine(["zsh", "-f", "-i"], setup, self.folder, self.environment)


if __name__ == "__main__":
    main()
