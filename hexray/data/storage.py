"""Storage that outlives a machine, as named files: a folder, S3, Google Cloud Storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from hexray.errors import StorageError


class Storage:
    """The files below an address; names are relative to it, with slashes.

    Every method raises StorageError when the storage refuses or cannot be reached.
    """

    def __init__(self, url: str) -> None:
        """Name the storage at ``url``: s3://BUCKET/PATH, gs://BUCKET/PATH, or a folder.

        S3 is asked here where the bucket is, unless ``?region=`` says it.
        """
        self.url = url
        with self._naming("it"):
            place = url if "://" in url else str(Path(url).absolute())
            self._base, self._path = fs.FileSystem.from_uri(place)
            self._is_folder = self._base.type_name == "local"
            self._files = fs.SubTreeFileSystem(self._path, self._base)

    def sizes(self) -> dict[str, int]:
        """Return every file with its size in bytes."""
        with self._naming("its list of files"):
            everything = fs.FileSelector("", recursive=True, allow_not_found=True)
            found = self._files.get_file_info(everything)
        return {file.path: file.size for file in found if file.is_file}

    def get(self, name: str) -> bytes:
        """Return what a file holds."""
        with self._naming(name), self._files.open_input_stream(name) as file:
            return file.read()

    def put(self, name: str, content: bytes) -> None:
        """Write a file or replace it; others see the old content or the new."""
        with self._naming(name):
            if not self._is_folder:  # object stores have no folders, and show what is whole
                self._write(name, content)
                return
            folder, _, last = name.rpartition("/")
            beside = f"{folder}/.{last}.partial" if folder else f".{last}.partial"
            self._base.create_dir(f"{self._path}/{folder}", recursive=True)
            self._write(beside, content)
            self._files.move(beside, name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._naming(name):
            self._files.delete_file(name)

    def _write(self, name: str, content: bytes) -> None:
        with self._files.open_output_stream(name) as file:
            file.write(content)

    @contextmanager
    def _naming(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise StorageError(f"storage {self.url}, {what}: {error}") from error
