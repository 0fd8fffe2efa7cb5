"""tests/faults/README.md, docs/measurements.md, README.md, trials.py and tests/run.sh speak of the same groups of trials.

    python3 tests/python/fault_groups_test.py
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
from trials import GROUPS  # noqa: E402


class FaultGroups(unittest.TestCase):
    def test_the_table_tells_each_and_how_many_trials_it_has(self) -> None:
        table = (ROOT / "tests/faults/README.md").read_text()
        told = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", table, re.MULTILINE)
        self.assertEqual(told, [(name, str(group.count)) for name, group in GROUPS.items()])

    def test_the_measurements_have_each_whole_and_without_a_failure(self) -> None:
        table = (ROOT / "docs/measurements.md").read_text()
        told = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| (\d+) \| (\d+) \| (\d+) \|", table, re.MULTILINE)
        planned = [(name, " ".join(group.trial.__doc__.split()), str(group.count)) for name, group in GROUPS.items()]
        self.assertEqual(told, [(name, what, count, count, "0") for name, what, count in planned])

    def test_the_front_page_leaves_none_out(self) -> None:
        section = (ROOT / "README.md").read_text().split("\n## How faults are bounded\n")[1].split("\n## ")[0]
        trials = [int(count) for count in re.findall(r"\| (\d+) \| 0 \| ", section)]
        self.assertEqual(sum(trials), sum(group.count for group in GROUPS.values()))
        self.assertIn(f"all {sum(trials):,} trials", section)

    def test_the_script_runs_each(self) -> None:
        calls = re.findall("tests/faults/trials.py ([a-z -]+)", (ROOT / "tests/run.sh").read_text())
        self.assertEqual([name for call in calls for name in call.split()], list(GROUPS))


if __name__ == "__main__":
    unittest.main()
