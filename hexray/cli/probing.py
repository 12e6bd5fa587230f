"""What all of ``hexray probe`` have in common: their folder, and how they say what they found."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import tyro

from hexray.probes.finding import PICTURE_FILE, Draw, Finding, write_finding
from hexray.probes.folder import ProbeFolder, probe_folder

Results = Annotated[Path, tyro.conf.arg(name="results", metavar="DIR")]
Keep = Annotated[int, tyro.conf.arg(metavar="0..")]
Json = Annotated[bool, tyro.conf.arg(name="json")]
RESULTS = Path("results")


def probed(
    results: Path,
    keep: int,
    asked: Mapping[str, Any],
    probe: Callable[[ProbeFolder], tuple[Finding, Draw | None]],
    json_output: bool,
) -> int:
    """Run a probe in a new folder, write and say what it found; return the exit status.

    ``asked`` are its arguments by name, ``probe`` among them: its name. 0: all is as it should be,
    1: something is wrong.
    """
    kind = str(asked["probe"])
    with probe_folder(results, kind, kind, asked, keep) as folder:
        finding, draw = probe(folder)
        folder.log.info("%s: %s", finding.verdict, finding.sentence)
        write_finding(folder.path, finding, draw)
    if json_output:
        print(json.dumps({**finding._asdict(), "folder": str(folder.path)}))
    else:
        print(f"{finding.verdict}: {finding.sentence}")
        shown = folder.path if draw is None else folder.path / PICTURE_FILE
        print(f"see {shown}")
    return 0 if finding.is_sound else 1
