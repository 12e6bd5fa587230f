"""The files of the page, read once: no path from a client is ever opened."""

from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}


class PageFile(NamedTuple):
    """A file of the page and its media type."""

    content: bytes
    kind: str


def page_files(folder: Path = _FOLDER) -> dict[str, PageFile]:
    """Read the files of a page by their names relative to ``folder``, of the kinds known here."""
    return {
        path.relative_to(folder).as_posix(): PageFile(path.read_bytes(), _KINDS[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.suffix in _KINDS and path.is_file()
    }
