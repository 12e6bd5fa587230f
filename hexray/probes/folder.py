"""Where probes leave what they found: ``results/KIND/NAME_TIME/``, the newest of each kind kept.

config.yaml    what was asked
probe_log.txt  what was done, with times
results.json   the finding (``probes.finding``)
picture.png    the same to look at
error.txt      instead of a finding: why there is none
"""

import logging
import re
import shutil
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hexray.errors import HexrayError
from hexray.files import atomic_write

CONFIG_FILE, LOG_FILE, ERROR_FILE = "config.yaml", "probe_log.txt", "error.txt"
KEPT = 10
"""Folders of each kind that stay, by default."""
_TIME = "%Y%m%d-%H%M%S"
_NAMED = re.compile(r".+_\d{8}-\d{6}(?:-\d+)?")


class ProbeFolder(NamedTuple):
    """The folder of one run of a probe, and the log that is written into it."""

    path: Path
    log: logging.Logger


@contextmanager
def probe_folder(
    root: Path, kind: str, name: str, asked: Mapping[str, Any], keep: int = KEPT
) -> Iterator[ProbeFolder]:
    """Make a folder for a probe that is run now, and write down what was asked.

    An error is written into it before it goes on its way. In the end the oldest of this kind are
    removed until ``keep`` are left; 0 keeps all.
    """
    path = _new_folder(root / kind, f"{name}_{datetime.now():{_TIME}}")
    text = yaml.safe_dump(dict(asked), sort_keys=False)
    atomic_write(path / CONFIG_FILE, text.encode())
    log = logging.getLogger(f"hexray.probe.{path}")
    log.setLevel(logging.INFO)
    handler = logging.FileHandler(path / LOG_FILE)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    try:
        yield ProbeFolder(path, log)
    except (HexrayError, ArithmeticError, ValueError, RuntimeError, OSError) as error:
        log.error("failed: %s", error)
        atomic_write(path / ERROR_FILE, traceback.format_exc().encode())
        raise
    finally:
        log.removeHandler(handler)
        handler.close()
        if keep:
            _remove_old(root / kind, keep)


def _new_folder(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _remove_old(parent: Path, keep: int) -> None:
    """Remove what is older than the newest ``keep`` folders that a probe has made."""
    made = [each for each in parent.iterdir() if each.is_dir() and _NAMED.fullmatch(each.name)]
    ours = [each for each in made if (each / CONFIG_FILE).is_file()]
    for old in sorted(ours, key=lambda each: each.stat().st_mtime_ns)[:-keep]:
        shutil.rmtree(old)
