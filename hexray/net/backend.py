"""What the machine offers a network: a device, number formats, memory, a compiler."""

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import torch
from torch import nn

from hexray.config import Backend, Precision, ServingBackend
from hexray.errors import SettingsError
from hexray.machine import cpu_model

Format = Literal["float32", "bfloat16"]
Forward = Callable[..., Any]
Net = TypeVar("Net", bound=nn.Module)

FORMATS: tuple[Format, ...] = ("float32", "bfloat16")
# From glibc's malloc.h: one arena for all threads, no mmap below 32 MB, give back beyond 512 MB.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MALLOC = ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, 2**25), (_M_TRIM_THRESHOLD, 2**29))


def pick_device() -> torch.device:
    """Return the GPU of this process, or the CPU where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def place(net: Net, device: torch.device, dtype: torch.dtype) -> Net:
    """Move ``net`` in place to a device and a number format, its kernels channels last."""
    net.to(device, dtype)
    return net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def keep_freed_memory() -> None:
    """Let this process keep the memory that tensors give back, where the C library is glibc.

    By default large blocks go back to the system when a batch is done and are faulted in again,
    page by page, for the next one: a third of the time of a small network.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    for parameter, value in _MALLOC:
        mallopt(parameter, value)


def formats(wanted: Precision) -> tuple[Format, ...]:
    """Return the number formats that a setting leaves to choose from, the exact one first."""
    return FORMATS if wanted == "auto" else (wanted,)


def describe_machine(device: torch.device) -> dict[str, Any]:
    """Return what the speed of a network on ``device`` depends on, made of what JSON can hold."""
    processor = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    cpu = {**torch.cpu.get_capabilities(), "model": cpu_model(), "cores": os.cpu_count()}
    return {"torch": torch.__version__, "device": processor, "cpu": cpu}


def may_compile(wanted: Backend | ServingBackend, setting: str) -> bool:
    """Say whether to compile: for ``auto`` if there is a C++ compiler.

    Raises SettingsError naming ``setting`` when what it asks for needs one and there is none.
    """
    compiler = cxx_compiler()
    is_there = shutil.which(compiler) is not None
    if wanted in ("compiled", "graphs") and not is_there:
        raise SettingsError(
            f"{setting} = {wanted} needs a C++ compiler and {compiler!r} was not found; install "
            f"g++, name another in the environment variable CXX, or set {setting} to auto or eager"
        )
    return wanted != "eager" and is_there


def cxx_compiler() -> str:
    """Return the name of the compiler that torch would use."""
    return os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")


def compiled(net: nn.Module) -> Forward:
    """Return ``net`` compiled, at the first call for each board size.

    It goes on to use the weights of ``net`` as they change.
    """
    return torch.compile(net, dynamic=False)
