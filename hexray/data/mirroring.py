"""The second home of a run, kept up to date by a thread of its own while the run goes on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hexray.config import StorageSettings
from hexray.data.mirror import Mirror, bring_back
from hexray.data.storage import Storage
from hexray.errors import HexrayError, StorageError

_TELL_S = 600.0
"""Seconds between two words about a storage that fails."""
_LAST_S = 600.0
"""Seconds that the last files may take when a run has ended."""


def bring_back_run(settings: StorageSettings, folder: Path, note: Callable[[str], None]) -> None:
    """Fetch a run that is in storage and not here; check that it is not another one that is.

    Raises StorageError when storage cannot be reached and so nobody knows whether the run is new,
    and RunFolderError when it holds another run. A run that is here goes on without its storage.
    """
    if settings.url is None:
        return
    is_new = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    try:
        storage = Storage(settings.url)
        if not is_new:
            Mirror(folder, storage)
        elif bring_back(folder, storage, note):
            note(f"the run was brought back from {settings.url}")
    except StorageError as error:
        if is_new:
            raise
        note(f"{error}; the run goes on, and storage is tried again later")


@contextmanager
def mirroring(
    settings: StorageSettings, folder: Path, tell: Callable[[str], None]
) -> Iterator[None]:
    """Keep a run folder in storage meanwhile, and write what is new once more in the end.

    A storage that fails is told, and tried again; nothing else comes of it.
    """
    if settings.url is None:
        yield
        return
    ended = threading.Event()
    keeper = _Keeper(settings.url, folder, tell)

    def keep() -> None:
        keeper.push()
        while not ended.wait(settings.every_seconds):
            keeper.push()
        keeper.push()

    # A storage that hangs must not keep the process from ending.
    thread = threading.Thread(target=keep, name="mirroring", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_LAST_S)
        if thread.is_alive():
            tell(f"storage {settings.url} is not up to date: it takes longer than {_LAST_S:.0f} s")


class _Keeper:
    """Pushes, and tells when that begins to fail, goes on to, and works again."""

    def __init__(self, url: str, folder: Path, tell: Callable[[str], None]) -> None:
        self._url, self._folder, self._tell = url, folder, tell
        self._mirror: Mirror | None = None
        self._told: float | None = None

    def push(self) -> None:
        try:
            if self._mirror is None:
                self._mirror = Mirror(self._folder, Storage(self._url))
            self._mirror.push()
        except (HexrayError, OSError) as error:
            self._mirror = None  # look again at what is there
            if self._told is None or time.monotonic() - self._told >= _TELL_S:
                self._told = time.monotonic()
                self._tell(f"{error}; the run goes on, and storage is tried again")
            return
        if self._told is not None:
            self._told = None
            self._tell(f"storage {self._url} works again and is up to date")
