"""What a search has found, as text for people and for HexGui."""

from hexray.game.notation import move_name
from hexray.play.think import Choice


def live_block(choice: Choice, size: int) -> str:
    """Return the block that HexGui shows on its board while the search goes on."""
    moves = " ".join(
        f"info move {move_name(cell, size)} visits {choice.visits[cell]} "
        f"winrate {_winrate(choice.values[cell]):.4f} scoreLead 0.0 order {order}"
        for order, cell in enumerate(choice.best_first())
    )
    return f"gogui-gfx:\nkata\n{moves}\n\n"


def labels(choice: Choice, size: int) -> str:
    """Return pairs of a cell and its label, chance of winning in percent and visits, best first."""
    return "\n".join(
        f"{move_name(cell, size)} {100 * _winrate(choice.values[cell]):.0f}@{choice.visits[cell]}"
        for cell in choice.best_first()
    )


def _winrate(value: float) -> float:
    return (value + 1) / 2
