"""Which runs cluster/requeue.py has Slurm start again, how cluster/job.sh asks for it, and passes on signals.

    python3 tests/python/requeue_test.py
"""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "cluster/requeue.py"


class Requeue(unittest.TestCase):
    def setUp(self) -> None:
        keeper = tempfile.TemporaryDirectory(prefix="fer-test-")
        self.addCleanup(keeper.cleanup)
        self.run_folder = pathlib.Path(keeper.name) / "run"

    def goes_on(self, code: int, **records: dict[str, object]) -> bool:
        """records: by folder below the run's, run.json of it; `run` is the run's own"""
        for name, record in records.items():
            folder = self.run_folder if name == "run" else self.run_folder / name.replace("_", "-")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "run.json").write_text(json.dumps(record))
        done = subprocess.run([PROGRAM, self.run_folder, str(code)], capture_output=True, text=True,
                              env=os.environ | {"SLURM_JOB_ID": "7"})
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertIn("requeue: yes" if done.returncode == 0 else "requeue: no", done.stdout)
        return done.returncode == 0

    def test_what_can_go_on_does(self) -> None:
        for number, (record, code, expected) in enumerate((
            ({"state": "preempted", "exit_code": 75}, 75, True),
            ({"state": "preempted", "exit_code": 75}, 2, False),  # an older start's, and this one came to nothing
            ({"state": "failed", "exit_code": 76, "why": "rank 1 has died"}, 137, True),
            ({"state": "running", "exit_code": None}, 0, True),  # mpirun's, of ranks that caught its signal
            ({"state": "running", "exit_code": None}, 205, True),
            ({"state": "finished", "exit_code": 0}, 0, False),
            ({"state": "stopped_early", "exit_code": 0}, 0, False),
            ({"state": "finished", "exit_code": 0}, 137, False),  # of a launcher that outlived its run
            ({"state": "failed", "exit_code": 3, "why": "the run has diverged"}, 3, False),
            ({"state": "failed", "exit_code": 3, "why": "the run has diverged"}, 137, False),  # of a rank that srun killed
            ({"state": "failed", "exit_code": 74, "why": "the disk is full"}, 74, False),
        )):
            with self.subTest(record=record, code=code):
                self.assertEqual(self.goes_on(code, run=record | {"saved_step": number}), expected)

    def test_without_a_record_the_exit_code_decides(self) -> None:
        self.assertFalse(self.goes_on(2))
        self.assertFalse(self.goes_on(0))
        self.assertTrue(self.goes_on(205))
        self.assertTrue(self.goes_on(137))

    def test_an_ensemble_goes_on_with_its_members(self) -> None:
        finished, preempted = {"state": "finished", "exit_code": 0}, {"state": "preempted", "exit_code": 75}
        self.assertTrue(self.goes_on(75, member_01=finished, member_02=preempted))
        self.assertFalse(self.goes_on(0, member_01=finished, member_02=finished))
        self.assertTrue(self.goes_on(205, member_01=finished, member_02=finished))  # their common answers are left to do

    def test_what_ended_a_run_is_said_whatever_its_launcher_ended_with(self) -> None:
        self.run_folder.mkdir()
        (self.run_folder / "run.json").write_text(json.dumps({"state": "failed", "exit_code": 74, "why": "the disk is full"}))
        done = subprocess.run([PROGRAM, self.run_folder, "137"], capture_output=True, text=True, env=os.environ | {"SLURM_JOB_ID": "7"})
        self.assertEqual(done.stdout, "requeue: no, it has ended with 137, the disk is full\n")

    def starts(self) -> bool:
        done = subprocess.run([PROGRAM, self.run_folder], capture_output=True, text=True,
                              env=os.environ | {"SLURM_JOB_ID": "7"})
        return done.returncode == 0

    def test_what_an_earlier_start_has_left_says_nothing_of_this_one(self) -> None:
        self.goes_on(74, run={"state": "failed", "exit_code": 74, "why": "the disk is full"})
        self.assertTrue(self.starts())
        self.assertTrue(self.goes_on(205))  # lost its host ahead of its own record
        self.goes_on(137, run={"state": "running", "exit_code": None})
        self.assertTrue(self.starts())
        self.assertFalse(self.goes_on(0))  # with --dry-run

    def test_files_that_cannot_be_read_do_not_end_a_job(self) -> None:
        self.run_folder.mkdir(parents=True)
        for name in ("run.json", "starts.json"):
            (self.run_folder / name).write_text("")
        self.assertTrue(self.starts())
        self.assertTrue(self.goes_on(205))

    def test_three_starts_that_save_nothing_new_are_the_last(self) -> None:
        lost = {"state": "running", "exit_code": None}
        for saved, expected in ((50, True), (50, True), (60, True), (60, True), (60, True), (60, False)):
            self.assertTrue(self.starts())
            self.assertEqual(self.goes_on(137, run=lost | {"saved_step": saved}), expected)

    def test_starts_whose_end_nobody_hears_count(self) -> None:
        self.assertEqual([self.starts() for _ in range(4)], [True, True, True, False])


class EndJob(unittest.TestCase):
    """With a scontrol that answers as it is told."""

    def setUp(self) -> None:
        keeper = tempfile.TemporaryDirectory(prefix="fer-test-")
        self.addCleanup(keeper.cleanup)
        self.folder = pathlib.Path(keeper.name)
        (self.folder / "run.json").write_text(json.dumps({"state": "preempted", "exit_code": 75}))
        self.write_program("sleep", "true")

    def write_program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / name).chmod(0o755)

    def ends(self, state: str, code: int = 75, restarts: int = 0, unanswered: int = 0) -> str:
        """What is said, and what Slurm is asked last."""
        asked = self.folder / "asked"
        asked.write_text("")
        self.write_program("scontrol", f"""echo "$@" >> {asked}
            [ "$(wc -l < {asked})" -gt {unanswered} ] && echo JobState={state} Requeue=1 Restarts={restarts} BatchFlag=1""")
        done = subprocess.run(["bash", "-euc", f". cluster/job.sh; end_job {self.folder} {code}"], cwd=ROOT,
                              env=os.environ | {"SLURM_JOB_ID": "7", "PATH": f"{self.folder}:{os.environ['PATH']}"},
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done)
        return done.stdout + "".join(asked.read_text().splitlines()[-1:])

    def test_a_running_job_is_requeued(self) -> None:
        self.assertRegex(self.ends("RUNNING"), "requeue: yes(.*\n)+requeue 7$")

    def test_one_that_slurm_ends_is_not(self) -> None:
        self.assertRegex(self.ends("COMPLETING"), "requeue: but Slurm ends(.*\n)+show job 7$")

    def test_one_that_has_been_started_elsewhere_is_left_alone(self) -> None:
        self.assertRegex(self.ends("RUNNING", restarts=1), "requeue: but Slurm has started(.*\n)+show job 7$")

    def test_slurm_is_not_asked_about_a_run_that_is_over(self) -> None:
        self.assertRegex(self.ends("RUNNING", code=2), "requeue: no.*\n$")

    def test_a_controller_that_is_out_for_a_while_is_waited_for(self) -> None:
        self.assertRegex(self.ends("RUNNING", unanswered=5), "requeue: yes(.*\n)+requeue 7$")
        self.assertRegex(self.ends("RUNNING", unanswered=1000), "requeue: but Slurm's controller(.*\n)+show job 7$")


class OptionsOfStart(unittest.TestCase):
    def test_a_second_start_goes_on_whatever_the_first_was_told(self) -> None:
        script = '. cluster/job.sh; options_of_start "$@"; echo "${options[*]}"'
        with tempfile.TemporaryDirectory() as folder:
            for run in ("one", "several/member-01"):
                pathlib.Path(folder, run).mkdir(parents=True)
                pathlib.Path(folder, run, "run.json").write_text("{}")
            for restarts, run, resume in ((0, "one", "never"), (1, "one", "auto"), (1, "several", "auto"), (1, "none", "never")):
                done = subprocess.run(["bash", "-euc", script, "job", "--resume", "never", "--out", f"{folder}/{run}"], cwd=ROOT,
                                      env=os.environ | {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": str(restarts)},
                                      capture_output=True, text=True)
                self.assertEqual(done.stdout, f"--out {folder}/{run} --resume {resume}\n", done.stderr)


    def test_the_signal_by_which_a_script_stops_its_run_is_not_to_be_changed(self) -> None:
        for options in (["--preempt-signal", "USR2"], ["--preempt-signal=USR2"]):
            done = subprocess.run(["bash", "-euc", '. cluster/job.sh; options_of_start "$@"', "job", *options], cwd=ROOT,
                                  env=os.environ | {"SLURM_JOB_ID": "7"}, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (2, f"job: it stops its run with USR1: leave {options[0]} out\n"))


class Enter(unittest.TestCase):
    def enters(self, home: pathlib.Path) -> str:
        done = subprocess.run(["bash", "-uc", '. "$1/cluster/job.sh"; enter "$0"; pwd; echo "$bin"', home, ROOT], cwd="/",
                              capture_output=True, text=True)
        return (done.stdout or done.stderr).replace(str(home), "HOME")

    def test_programs_are_those_of_the_project_or_of_an_installation(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            project, installed = pathlib.Path(folder, "project"), pathlib.Path(folder, "share/fer_dist_train")
            for home, program in ((project, project / "build/bin"), (installed, pathlib.Path(folder, "bin"))):
                (home / "recipes").mkdir(parents=True)  # a project's user may have recipes there
                program.mkdir(parents=True)
                (program / "fer_dist_train").touch(mode=0o755)
            (project / "CMakeLists.txt").touch()
            self.assertEqual(self.enters(project), "HOME\nbuild/bin\n")
            self.assertEqual(self.enters(installed), "/\nHOME/../../bin\n")
            (project / "build/bin/fer_dist_train").unlink()
            self.assertEqual(self.enters(project), "job: there is no program build/bin/fer_dist_train\n")


class PassSignals(unittest.TestCase):
    """With a program in place of the launcher, which ends some time behind USR1."""

    def ends(self, program: str, *asked: signal.Signals, run: str = "nowhere") -> int:
        script = '. cluster/job.sh; linger_seconds=2; run_and_pass_signals "$0" bash -c "$1"'
        launcher = f"{program}; echo; for _ in {{1..100}}; do sleep 0.1; done"
        with subprocess.Popen(["bash", "-uc", script, run, launcher], cwd=ROOT, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as job:
            job.stdout.readline()
            for number in asked:
                job.send_signal(number)
                time.sleep(0.1)
            return job.wait(timeout=20)

    def test_what_asks_the_script_to_stop_asks_the_launcher(self) -> None:
        for number in (signal.SIGUSR1, signal.SIGTERM):
            self.assertEqual(self.ends("trap 'exit 75' USR1", number), 75)

    def test_it_is_waited_for_whatever_comes_meanwhile(self) -> None:
        self.assertEqual(self.ends("trap 'sleep 1; exit 75' USR1", signal.SIGTERM, signal.SIGUSR1, signal.SIGTERM), 75)

    def test_what_comes_ahead_of_the_launcher_stops_the_job(self) -> None:
        script = '. cluster/job.sh; kill -USR1 $$; run_and_pass_signals nowhere sleep 20'
        done = subprocess.run(["bash", "-uc", script], cwd=ROOT, capture_output=True, text=True, timeout=10)
        self.assertEqual((done.returncode, done.stderr), (75, "job: asked to stop\n"))

    def test_without_a_signal_its_code_is_the_script_s(self) -> None:
        self.assertEqual(self.ends("echo; exit 3"), 3)

    def test_a_launcher_that_outlives_its_run_is_killed(self) -> None:
        with tempfile.TemporaryDirectory() as run:
            record = pathlib.Path(run, "run.json")
            for state, code in (("running", 0), ("failed", 137), ("finished", 137)):
                record.write_text('{\n  "state": "running",\n}')
                self.assertEqual(self.ends(f"""printf '{{\\n  "state": "{state}",\\n}}' > {record}""", run=run), code, state)
            self.assertEqual(self.ends("true", run=run), 0)  # over before: that was an earlier start

    def test_a_launcher_is_killed_when_a_member_s_rank_was_lost_and_not_when_one_is_done(self) -> None:
        with tempfile.TemporaryDirectory() as run:
            for member in ("member-01", "member-02"):
                pathlib.Path(run, member).mkdir()
            earlier = '{\n  "exit_code": 76,\n  "state": "failed",\n  "watchdog": {\n  }\n}'
            for code, ended in ((0, '{\n  "exit_code": 0,\n  "state": "finished",\n}'),
                                (0, '{\n  "exit_code": 3,\n  "state": "failed",\n}'),
                                (0, '{\n  "exit_code": 76,\n  "state": "failed",\n}'),  # its ranks have agreed on that
                                (137, earlier), (137, '{\n  "alone": true,\n  "state": "failed",\n}')):
                pathlib.Path(run, "member-01/run.json").write_text(earlier)
                pathlib.Path(run, "new").write_text(ended)
                self.assertEqual(self.ends(f"cat {run}/new > {run}/member-02/run.json", run=run), code, ended)


if __name__ == "__main__":
    unittest.main()
