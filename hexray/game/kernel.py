"""How every compiled function of hexray is compiled, and where the result is kept."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable)

_numba: Any = numba  # its published types know neither _nrt nor config
_PACKAGE = Path(__file__).parents[1]


def kernel(function: Function) -> Function:
    """Compile without the GIL and without numba's reference counting.

    ``_nrt=False`` forbids allocation inside a kernel; in exchange, passing a tuple of sixty arrays
    costs nothing, which makes the search several times faster. Kernels never check their
    arguments: whoever calls one has done so.
    """
    return _numba.njit(cache=True, nogil=True, _nrt=False)(function)


def cache_folder(package: Path) -> Path:
    """Return a folder for compiled kernels that is named after the sources of them all.

    numba looks only at the file of the function it caches: a kernel would go on running the old
    code of another file that it calls.
    """
    sources = sorted(path for part in ("game", "search") for path in package.glob(f"{part}/*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    beside = package / "__pycache__"
    is_ours = os.access(beside if beside.exists() else package, os.W_OK)
    home = beside if is_ours else Path.home() / ".cache" / "hexray"
    return home / f"kernels-{digest[:16]}"


if not _numba.config.CACHE_DIR:
    _numba.config.CACHE_DIR = str(cache_folder(_PACKAGE))
