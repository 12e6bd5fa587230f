"""``hexray data compare``: is the learner fed what was played?"""

import sys
from pathlib import Path

import numpy as np
import rich.console
import tyro
from rich.progress import track

from hexray.data.archive import Archive
from hexray.data.comparison import differences, records_by_number
from hexray.data.inspection import lots
from hexray.errors import SettingsError


def compare(
    rows: tyro.conf.Positional[tuple[Path, ...]],
    /,
    store: tuple[Path, ...],
    sample: int = 0,
    seed: int = 0,
) -> int:
    """Compare training rows with the games they are of, row by row.

    A row is made again from the record of its game, by the slow engine and the definitions of frame
    and targets, and compared column by column; a half turn is undone. Every difference is told; the
    exit status is then 1.

    Args:
        rows: Files of rows, or folders of them, such as that of a shuffle step.
        store: Folders of the stores or runs with the games.
        sample: Rows of each file drawn by lot; 0 for all.
        seed: Seed of the lots.
    """
    if not rows:
        raise SettingsError("no files; name a file of rows or a folder of them")
    archives = [Archive(folder, may_write=False) for folder in store]
    rng, compared, wrong = np.random.default_rng(seed), 0, 0
    records: dict[int, dict] = {}
    err = rich.console.Console(stderr=True)
    for lot in track(lots(rows), "comparing", console=err, transient=True):
        if lot.size not in records:
            records[lot.size] = {
                number: record
                for archive in archives
                for number, record in records_by_number(archive, lot.size).items()
            }
        count = len(lot.placed.ply)
        places = range(count)
        if 0 < sample < count:
            places = sorted(rng.choice(count, sample, replace=False).tolist())
        for words in differences(lot, records[lot.size], places):
            wrong += 1
            print(words, file=sys.stderr)
        compared += len(places)
    print(f"{compared:,} rows compared, {wrong:,} differ")
    return 1 if wrong else 0
