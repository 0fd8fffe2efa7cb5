"""tests/faults/README.md, trials.py and tests/run.sh speak of the same groups of trials.

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

    def test_the_script_runs_each(self) -> None:
        calls = re.findall("tests/faults/trials.py ([a-z -]+)", (ROOT / "tests/run.sh").read_text())
        self.assertEqual([name for call in calls for name in call.split()], list(GROUPS))


if __name__ == "__main__":
    unittest.main()
