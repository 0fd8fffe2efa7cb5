"""A log that finds no room, and an output that nobody reads, cost lines, which are counted, and nothing else."""

import contextlib
import os
import pathlib
import re
import subprocess

from app_test import Result, main
from broken_runs import BrokenRunTest

NO_ROOM = "No space left on device"


def close_standard_descriptors() -> None:
    for descriptor in (0, 1, 2):
        os.close(descriptor)


class LogTest(BrokenRunTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.expected = cls.folder / "space"
        for ranks, name in ((2, "space"), (0, "alone")):
            made = cls.run_command(cls.training(name, {}, ranks))
            assert made.code == 0, made

    @classmethod
    def training(cls, name: str, options: dict[str, object], ranks: int = 2) -> list[str]:
        return super().training(name, {"--epochs": 3, "--threads": 1} | options, ranks)

    def run_into_full_disk(self, command: list[str]) -> Result:
        with open("/dev/full", "w") as full:
            return self.run_command(command, output=full.fileno())

    def run_without_reader(self, command: list[str]) -> Result:
        reader, output = os.pipe()
        os.close(reader)
        try:
            return self.run_command(command, output=output)
        finally:
            os.close(output)

    def full_log_folder(self, name: str) -> pathlib.Path:
        """That of a run to come, on a disk of its own of 64 KiB, which a file fills."""
        log = self.folder / name / "log"
        log.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", log], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"a disk of its own wants root: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", log], check=True)
        with contextlib.suppress(OSError), open(log / "filler", "wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass
        return log

    def lines_of(self, log: pathlib.Path) -> list[str]:
        lines = [line for path in sorted(log.glob("rank-*.txt")) for line in path.read_text().splitlines()]
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [DIWE] ")
        return lines

    def test_a_run_keeps_all_lines_where_there_is_room(self) -> None:
        self.assertEqual(self.record(self.expected)["lost_log_lines"], 0)
        self.assertGreater(len(self.lines_of(self.expected / "log")), 10)

    def test_a_log_without_room_changes_nothing_but_the_log(self) -> None:
        log = self.full_log_folder("full")
        result = self.run_command(self.training("full", {}))
        self.assertEqual(result.code, 0, result)
        self.assertEqual(self.lines_of(log), [])
        for rank in (0, 1):
            self.assertRegex(result.err, f"cannot write to the log '.*/rank-{rank}.txt': {NO_ROOM}")
        lost = self.record(self.folder / "full")["lost_log_lines"]
        self.assertGreater(lost, 10)
        self.assertIn(f"log    {lost} lines that ranks had to say are lost", result.out)
        self.expect_same(self.folder / "full", self.expected)

    def test_lines_come_back_with_room_and_say_how_many_are_missing(self) -> None:
        log = self.full_log_folder("room")
        out = self.folder / "room"
        job = self.start("room", {"--epochs": 20, "--early-stop-patience": 50})
        self.wait_for(job, lambda: self.epochs_done(out) >= 2)
        (log / "filler").unlink()
        self.assertEqual(job.wait(timeout=60), 0)
        lines = self.lines_of(log)
        missing = [int(found[1]) for line in lines if (found := re.search(r"lines missing here: (\d+)", line))]
        self.assertEqual(len(missing), 2, lines)  # one of each rank
        self.assertEqual(sum(missing), self.record(out)["lost_log_lines"])
        self.assertGreater(len(lines), 20)

    def test_a_full_standard_output_ends_no_training(self) -> None:
        result = self.run_into_full_disk(self.training("into-full", {}, ranks=0))
        self.assertEqual(result.code, 0, result)
        self.assertIn(f"fer_dist_train: cannot write to standard output: {NO_ROOM}", result.err)
        self.expect_same(self.folder / "into-full", self.folder / "alone")
        self.assertEqual(len(self.lines_of(self.folder / "into-full/log")), len(self.lines_of(self.folder / "alone/log")))

    def test_a_reader_that_has_gone_ends_no_training(self) -> None:
        result = self.run_without_reader(self.training("unread", {}, ranks=0))
        self.assertEqual(result.code, 0, result)
        self.assertIn("cannot write to standard output: Broken pipe", result.err)
        self.expect_same(self.folder / "unread", self.folder / "alone")

    def test_a_launcher_whose_output_finds_no_room_ends_no_training(self) -> None:
        result = self.run_into_full_disk(self.training("launcher-full", {}))
        self.assertEqual(result.code, 0, result)
        self.expect_same(self.folder / "launcher-full", self.expected)

    def test_a_launcher_without_a_reader_costs_no_more_than_a_resumption(self) -> None:
        """mpirun itself ends a job behind some ten lines that nobody takes."""
        self.run_without_reader(self.training("launcher-unread", {}))
        self.assertEqual(self.left_over(), [])
        self.expect_same(self.run_to("launcher-unread", {}), self.expected)

    def test_closed_outputs_do_not_end_up_in_files(self) -> None:
        """What is opened next would get the number of a closed one."""
        result = self.run_command(self.training("closed", {}, ranks=0), before=close_standard_descriptors)
        self.assertEqual(result.code, 0, result)
        self.expect_same(self.folder / "closed", self.folder / "alone")
        scored = self.run_app("fer_evaluate", "--checkpoint", self.folder / "closed/checkpoints/last.safetensors",
                              "--dataset", self.faces, "--split", "test", "--out", self.folder / "closed-scores")
        self.assertEqual(scored.code, 0, scored)

    def test_an_answer_that_finds_no_room_is_an_error(self) -> None:
        for question in ("--help", "--version", "--print-config"):
            command = self.command("fer_dist_train", "--dataset", self.faces, question)
            result = self.run_into_full_disk(command)
            self.assertEqual(result.code, 74, result)
            self.assertIn(NO_ROOM, result.err)
            self.assertEqual(self.run_without_reader(command).code, 0)


if __name__ == "__main__":
    main()
