"""What the machine offers a network: a device, the faster number format, a compiler."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import torch
from torch import nn

from hexray.config import Precision
from hexray.errors import SettingsError

Format = Literal["float32", "bfloat16"]
Forward = Callable[..., Any]
Net = TypeVar("Net", bound=nn.Module)

FORMATS: tuple[Format, ...] = ("float32", "bfloat16")
ROUNDS = 3


def pick_device() -> torch.device:
    """Return the GPU of this process, or the CPU where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def place(net: Net, device: torch.device, dtype: torch.dtype) -> Net:
    """Move ``net`` in place to a device and a number format, its kernels channels last."""
    net.to(device, dtype)
    return net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def choose_precision(
    wanted: Precision,
    work: Callable[[Format], None],
    clock: Callable[[], float] = time.perf_counter,
) -> Format:
    """Return ``wanted``, or for ``auto`` the format in which ``work`` takes least time.

    Each format is warmed up once, then timed ROUNDS times in turn, and its best time counts.
    ``work`` must not return before the device is done.
    """
    if wanted != "auto":
        return wanted
    for number_format in FORMATS:
        work(number_format)
    seconds = {number_format: float("inf") for number_format in FORMATS}
    for _ in range(ROUNDS):
        for number_format in FORMATS:
            begin = clock()
            work(number_format)
            seconds[number_format] = min(seconds[number_format], clock() - begin)
    return min(FORMATS, key=seconds.__getitem__)


def compiled(net: nn.Module, setting: str) -> Forward:
    """Return ``net`` compiled, at the first call for each board size; ``setting`` asked for it.

    It goes on to use the weights of ``net`` as they change. Raises SettingsError when there is no
    C++ compiler.
    """
    compiler = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(compiler) is None:
        raise SettingsError(
            f"{setting} = true needs a C++ compiler and {compiler!r} was not found; install g++, "
            f"name another in the environment variable CXX, or set {setting} to false"
        )
    return torch.compile(net, dynamic=False)
