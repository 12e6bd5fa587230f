"""What machine a run works on, and with which versions: ``machine.json`` in its folder."""

import json
import os
import platform
import shutil
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from hexray import __version__
from hexray.files import atomic_write

MACHINE_FILE = "machine.json"
_LIBRARIES = ("ray", "torch", "numba", "numpy")
_GPU_SECONDS = 10.0


def cpu_model() -> str:
    """Return the name of the processor, where Linux tells it, else what Python knows of it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def write_machine(run: Path) -> None:
    """Describe this machine in the folder of a run. Raises OSError."""
    facts = {
        "host": socket.gethostname(),
        "system": platform.platform(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": _gpus(),
        "python": platform.python_version(),
        "hexray": __version__,
        **{name: version(name) for name in _LIBRARIES},
    }
    atomic_write(run / MACHINE_FILE, (json.dumps(facts, indent=2) + "\n").encode())


def read_machine(run: Path) -> dict[str, Any]:
    """Return what ``write_machine`` found at the last start; nothing where that is not known."""
    try:
        facts = json.loads((run / MACHINE_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _gpus() -> list[str]:
    """Return the names of the GPUs; none where there is no driver of NVIDIA's."""
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        found = subprocess.run(
            query, capture_output=True, text=True, check=True, timeout=_GPU_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        return [f"not known ({type(error).__name__})"]
    return [line.strip() for line in found.stdout.splitlines() if line.strip()]
