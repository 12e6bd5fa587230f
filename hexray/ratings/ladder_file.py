"""The ladder of a run on disk: ``ratings.json`` in its folder, always whole."""

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hexray.errors import FileFormatError
from hexray.files import atomic_write
from hexray.ratings.ladder import Ladder

LADDER_FILE = "ratings.json"
_SCHEMA = 1
_LADDER = TypeAdapter(Ladder)


def write_ladder(run: Path, ladder: Ladder) -> None:
    """Write the ladder into the folder of its run. Raises OSError."""
    batches = [{**batch._asdict(), "pairs": batch.pairs._asdict()} for batch in ladder.batches]
    record = {"schema": _SCHEMA, **ladder._asdict(), "batches": batches}
    atomic_write(run / LADDER_FILE, (json.dumps(record, indent=1) + "\n").encode())


def read_ladder(run: Path) -> Ladder:
    """Read the ladder of a run; an empty one where there is none yet.

    Raises FileFormatError naming the file when it is damaged or something else.
    """
    file = run / LADDER_FILE
    if not file.exists():
        return Ladder()
    try:
        record = json.loads(file.read_bytes())
        if record.pop("schema") != _SCHEMA:
            raise ValueError(f"this program reads schema {_SCHEMA}")
        ladder = _LADDER.validate_python(record)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FileFormatError(f"{file}:1:1: {_said(error)}; remove it to rate anew") from error
    if any(player == opponent or min(pairs) < 0 for player, opponent, pairs in ladder.batches):
        raise FileFormatError(f"{file}:1:1: games that cannot have been; remove it to rate anew")
    return ladder


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error) or type(error).__name__
