"""Writes fer_plus_votes.json: what the reader that FER+'s authors publish makes of random votes.

    python3 tests/golden/make_fer_plus_golden.py FERPlus/src/ferplus.py

Of that file the rule alone is run, FERPlusReader._process_data; what it imports for pictures is replaced by nothing.
"""

import importlib.util
import json
import pathlib
import random
import sys
from unittest import mock

COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
EDGES = ([5, 0, 0, 0, 0, 0, 0, 0, 5, 0], [1] * 10, [10] + [0] * 9, [0] * 8 + [10, 0], [0] * 9 + [10],
         [3, 3, 2, 2, 0, 0, 0, 0, 0, 0], [2, 2, 2, 2, 2, 0, 0, 0, 0, 0], [4, 3, 0, 0, 0, 0, 0, 0, 3, 0],
         [5, 4, 0, 0, 0, 0, 0, 0, 0, 0])


def load_reader(path: str) -> type:
    for name in ("numpy", "PIL", "PIL.Image", "matplotlib", "matplotlib.pyplot", "rect_util", "img_util"):
        sys.modules[name] = mock.MagicMock()
    sys.modules["numpy"].argmax = lambda values: values.index(max(values))
    spec = importlib.util.spec_from_file_location("ferplus", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FERPlusReader


def counted(reader: type, votes: list[int], mode: str) -> list[int] | None:
    """Votes of the classes that count, or None where the authors leave the picture out."""
    shares = reader._process_data(None, [float(v) for v in votes], mode)
    if shares.index(max(shares)) >= 8:
        return None
    return [v if share > 0 else 0 for v, share in zip(votes[:8], shares)]


def main() -> None:
    reader = load_reader(sys.argv[1])
    draw = random.Random(5)
    all_votes = []
    for _ in range(400):
        weights = [draw.random() ** 3 for _ in COLUMNS]
        taggers = draw.choices(range(10), weights, k=10)
        all_votes.append([taggers.count(i) for i in range(10)])
    rows = [{"votes": votes, "majority": counted(reader, votes, "majority"),
             "soft": counted(reader, votes, "crossentropy")} for votes in (*all_votes, *EDGES)]
    text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    out = pathlib.Path(__file__).with_name("fer_plus_votes.json")
    out.write_text(f'{{"columns":{json.dumps(COLUMNS)},\n"rows":[\n{text}\n]}}\n')


if __name__ == "__main__":
    main()
