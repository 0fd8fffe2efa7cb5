"""One import of a CSV file of faces by a peer: `python import_csv_peers.py split|fromstring CSV OUT.h5`.

Both read the file by pandas and write pixels and labels by h5py, a file per split. `split` makes the pixels of a row as
most notebooks do, by str.split() and numpy; `fromstring` by numpy's own parser of numbers, which is faster. Neither
checks the values (256 may become 0), takes a digest, or waits until the disk has what was written; ours does.
"""

import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

PARSERS = {
    "split": lambda text: np.array(text.split(), dtype=np.uint8),
    "fromstring": lambda text: np.fromstring(text, dtype=np.uint8, sep=" "),
}


def main() -> None:
    parse, source, out = PARSERS[sys.argv[1]], sys.argv[2], Path(sys.argv[3])
    warnings.simplefilter("ignore", DeprecationWarning)
    table = pd.read_csv(source)
    table.columns = table.columns.str.strip()
    groups = table.groupby("Usage") if "Usage" in table else [("Training", table)]
    for usage, rows in groups:
        pixels = np.stack([parse(text) for text in rows["pixels"]])
        side = round(pixels.shape[1] ** 0.5)
        with h5py.File(out.with_name(f"{out.stem}-{usage.strip()}{out.suffix}"), "w") as file:
            file.create_dataset("images", data=pixels.reshape(-1, side, side), chunks=(64, side, side), fletcher32=True)
            file.create_dataset("labels", data=rows["emotion"].to_numpy(np.uint8), fletcher32=True)


main()
