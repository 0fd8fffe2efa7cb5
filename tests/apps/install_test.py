"""An installation works from wherever it is moved to, without the project's build folder and without settings.

    python3 tests/apps/install_test.py build/bin
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from app_test import BIN, ROOT, main

BUILD = BIN.resolve().parent
PROGRAMS = ("fer_dist_train", "fer_dataset", "fer_doctor", "fer_evaluate", "fer_predict")
# What any Debian has, and what the packages of Open MPI, HDF5 and Boost bring.
OF_THE_SYSTEM = re.compile(r"ld-linux.*|lib(c|m|dl|rt|util|pthread|gcc_s|stdc\+\+|z)\.so\.\d+|"
                           r"lib(mpi|open-rte|open-pal|hdf5|boost)[^/]*")
BARE = {"PATH": os.defpath}  # in which Open MPI looks for ssh; else nothing


def run(*command: object, **settings: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, **settings)
    assert done.returncode == 0, done
    return done.stdout


def cached(name: str) -> str:
    """What the build was configured with."""
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found[1] if found else ""


def entries(library: pathlib.Path, kind: str) -> list[str]:
    """Of the dynamic section: NEEDED, RUNPATH or RPATH."""
    return re.findall(rf"\({kind}\).*\[(.*)\]", run("readelf", "--dynamic", "--wide", library))


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.keeper = tempfile.TemporaryDirectory(prefix="fer-test-")
        cls.addClassCleanup(cls.keeper.cleanup)
        first, cls.prefix = (pathlib.Path(cls.keeper.name) / name for name in ("first", "moved here"))
        run("cmake", "--install", BUILD, "--prefix", first)
        first.rename(cls.prefix)

    def test_nothing_else_is_there(self) -> None:
        files = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if not path.is_dir()}
        share = "share/fer_dist_train"
        wanted = {f"bin/{program}" for program in PROGRAMS}
        wanted |= {f"share/bash-completion/completions/{program}" for program in PROGRAMS}
        wanted |= {f"{share}/recipes/{path.name}" for path in (ROOT / "launch/recipes").glob("*.ini")}
        wanted |= {f"{share}/cluster/{name}" for name in ("README.md", "job.sh", "requeue.py", "train.sbatch",
                                                          "train-srun.sbatch")}
        wanted |= {f"{share}/launch/env.sh", f"{share}/completions/options.awk", "share/zsh/site-functions/_fer_dist_train",
                   "share/doc/fer_dist_train/README.md", "share/doc/fer_dist_train/LICENSE"}
        self.assertEqual({name for name in files if not name.startswith("lib/")}, wanted)
        self.assertEqual((self.prefix / "lib").exists(), cached("FER_BUNDLE") == "ON")

    def test_programs_run_without_settings(self) -> None:
        for program in PROGRAMS:
            self.assertRegex(run(self.prefix / "bin" / program, "--version", env=BARE, cwd="/"), rf"^{program} \d")

    def test_recipes_are_found(self) -> None:
        program = self.prefix / "bin/fer_dist_train"
        self.assertRegex(run(program, "--print-config", "--recipe", "fast-s", env=BARE, cwd="/"), "(?m)^model = fast-s$")
        (self.prefix / "share/fer_dist_train/recipes/mine.ini").write_text("model = mlp\n")
        self.addCleanup((self.prefix / "share/fer_dist_train/recipes/mine.ini").unlink)
        self.assertRegex(run(program, "--print-config", "--recipe", "mine", env=BARE, cwd="/"), "(?m)^model = mlp$")

    def test_nothing_leads_to_the_build_folder(self) -> None:
        for path in self.prefix.rglob("*"):
            if path.is_file():
                self.assertNotIn(f"{BUILD}/".encode(), path.read_bytes(), path)

    def test_run_paths(self) -> None:
        torch = str(pathlib.Path(cached("TorchWheel_CPU_LIBRARY")).parent)
        for program in PROGRAMS:
            (run_path,) = entries(self.prefix / "bin" / program, "RUNPATH")
            if cached("FER_BUNDLE") == "ON":
                self.assertEqual(run_path, "$ORIGIN/../lib")
            else:
                self.assertEqual(run_path.split(":")[0], torch)
                self.assertTrue(all(folder.startswith("/") for folder in run_path.split(":")), run_path)

    @unittest.skipIf(cached("FER_CUDA") == "ON", "a bundle is for CPUs")
    def test_a_bundle_would_be_complete(self) -> None:
        programs = [BIN / program for program in PROGRAMS]
        listed = run("cmake", f"-DPROGRAMS={';'.join(str(program.resolve()) for program in programs)}", "-P",
                     ROOT / "src/cmake/FerBundle.cmake").split("\n")[:-1]
        bundle = {pathlib.Path(line).name: pathlib.Path(line) for line in listed}
        self.assertLess({"libtorch_cpu.so", "libc10.so", "libgomp.so.1"}, set(bundle))
        self.assertEqual([name for name in bundle if OF_THE_SYSTEM.fullmatch(name) or "cuda.so" in name], [])
        needed = {program: entries(program, "NEEDED") for program in programs}
        of_programs = set.intersection(*map(set, needed.values()))
        for library in bundle.values():
            needed[library] = entries(library, "NEEDED")
            # In P/lib a library finds what it needs by its own run path, or the programs have loaded it already.
            if not any(path.endswith("$ORIGIN") for path in entries(library, "R(?:UN)?PATH")):
                self.assertEqual(set(needed[library]) & set(bundle) - of_programs, set(), library)
        missing = {name for names in needed.values() for name in names} - set(bundle)
        self.assertEqual([name for name in missing if not OF_THE_SYSTEM.fullmatch(name)], [])

    @unittest.skipUnless(shutil.which("bash"), "there is no bash here")
    def test_completion_in_bash(self) -> None:
        ask = """. "$1"; COMP_WORDS=("$2" --recipe fast-); COMP_CWORD=2; _fer; echo "${COMPREPLY[@]}" """
        offered = run("bash", "--norc", "-c", ask, "bash", self.prefix / "share/bash-completion/completions/fer_dist_train",
                      self.prefix / "bin/fer_dist_train", env=BARE, cwd="/")
        self.assertEqual(offered.split(), sorted(path.stem for path in (ROOT / "launch/recipes").glob("fast-*.ini")))

    def test_a_job_script_finds_its_program(self) -> None:
        home = self.prefix / "share/fer_dist_train"
        start = '. "$1/cluster/job.sh"; enter "$1"; pwd; "$bin/fer_dist_train" --version'
        told = run("bash", "-euc", start, "bash", home, cwd="/")
        self.assertRegex(told, r"^/\nfer_dist_train \d")


if __name__ == "__main__":
    main()
