"""How every compiled function of hexray is compiled."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable)


def kernel(function: Function) -> Function:
    """Compile without the GIL and without numba's reference counting.

    ``_nrt=False`` forbids allocation inside a kernel; in exchange, passing a tuple of sixty arrays
    costs nothing, which makes the search several times faster. Kernels never check their
    arguments: whoever calls one has done so.
    """
    compiler: Any = njit  # its published types do not know _nrt
    return compiler(cache=True, nogil=True, _nrt=False)(function)
