"""What the entropy probe may be asked for one prediction."""

from typing import Annotated, Literal

from pydantic import Field

from hexray.config import Settings


class EntropySettings(Settings):
    """One prediction of what an optimizer step does to the entropy of the policy."""

    evaluation_positions: Annotated[int, Field(ge=3)] = 512
    """Positions whose entropy is predicted, from 3."""
    update_positions: Annotated[int, Field(ge=2)] = 256
    """Other positions, which the step is made from, from 2."""
    draws: Annotated[int, Field(ge=2)] = 8
    """Moves drawn from the policy in each position, from 2."""
    learning_rate: Annotated[float, Field(ge=0)] | None = None
    """Learning rate of the step, from 0; none: the one that the run had reached."""
    reward: Literal["search", "outcome"] = "search"
    """Of a move drawn: the network's value after it, or the end of a game that the policy plays."""
    direction: Literal["optimizer", "adam"] = "optimizer"
    """Predicted step: the optimizer's, or the gradient over root mean squares alone (AdamW only).

    The step that is made and measured is the optimizer's in both cases."""
    micro_batch: Annotated[int, Field(ge=1)] = 64
    """Positions differentiated at once, from 1; changes nothing but memory and time."""
    trace_units: Annotated[int, Field(ge=1)] = 32
    """Positions of each batch that stand for all in the trace term, from 1; exact if all do."""
    weight_clip: Annotated[float, Field(gt=1)] = 10.0
    """Importance weights above this are clipped, above 1."""
    precision: Literal["float32", "float64"] = "float32"
    """Number format of the network; softmax and sums are float64 always."""
    board: Annotated[int, Field(ge=2, le=19)] | None = None
    """Board side, 2 to 19; none: the run's."""
