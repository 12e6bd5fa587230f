"""``hexray export``: a network for programs that have neither hexray nor torch."""

from pathlib import Path
from typing import Annotated

import tyro

from hexray.cli.networks import found_net
from hexray.cli.output_file import check_output
from hexray.net.onnx import CHECKED_SIZES, export_onnx


def export(
    net: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="NET")]],
    /,
    onnx: Annotated[Path, tyro.conf.arg(metavar="FILE")],
) -> int:
    """Write the served network as one ONNX file, for any number of boards of any side.

    Its input is ``cells`` int8[batch, side, side] in the mover frame (1 own, -1 the opponent's),
    its outputs are ``logits`` [batch, side * side] and ``value`` [batch]. It is compared with
    torch first, and not written when an answer differs. Needs pip install "hexray[onnx]".

    Args:
        net: Run folder, RUN@best, checkpoint, a network that a run kept, or shipped.
        onnx: File to write.
    """
    check_output("--onnx", onnx)
    found = found_net(net)
    difference = export_onnx(found, onnx)
    sides = ", ".join(str(size) for size in CHECKED_SIZES)
    print(f"network: version {found.version} of {net}")
    print(f"checked: at most {difference:.1e} from torch on boards of side {sides}")
    print(f"file: {onnx}, {onnx.stat().st_size} bytes")
    return 0
