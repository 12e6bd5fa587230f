"""A list of files that nothing is to be learnt from: whole paths, one a line."""

from collections.abc import Iterable
from pathlib import Path

from hexray.errors import StoreError
from hexray.files import atomic_write


def write_exclusions(path: Path, files: Iterable[str]) -> None:
    """List files, wherever they are named from."""
    atomic_write(path, "".join(f"{Path(file).resolve()}\n" for file in files).encode())


def read_exclusions(path: Path) -> frozenset[Path]:
    """Return the files listed; StoreError when there is no list."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} is no list of files to leave out ({error})") from error
    return frozenset(Path(line) for line in lines if line)
