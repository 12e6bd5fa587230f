"""The file that a command line wants its result in, looked at before the work begins."""

from pathlib import Path

from hexray.errors import SettingsError


def check_output(option: str, file: Path) -> None:
    """Raise SettingsError where no file of that name can be made; ``option`` is what named it."""
    if file.is_dir():
        raise SettingsError(f"{option} {file}: this is a folder; name a file")
    if not file.parent.is_dir():
        raise SettingsError(f"{option} {file}: there is no folder {file.parent}; make it first")
