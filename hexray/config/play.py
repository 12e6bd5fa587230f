"""Settings of what makes games: search, self-play, the network and how it is asked."""

from typing import Annotated, Literal

from pydantic import Field

from hexray.config.base import Precision, Seconds, ServingBackend, Settings, Share


class SearchSettings(Settings):
    """How a move is searched."""

    kind: Literal["mcts", "minimax"] = "mcts"
    """Tree search that samples (mcts) or a full tree of fixed widths (minimax)."""
    root: Literal["gumbel", "puct"] = "gumbel"
    """Rule of mcts: Gumbel with sequential halving (Danihelka 2022), or PUCT (AlphaZero)."""
    simulations: Annotated[int, Field(ge=1, le=100_000)] = 16
    """Simulations a move, 1 to 100000; each asks for at most one evaluation."""
    reuse_tree: bool = False
    """Mcts in self-play: keep what lies below the move played, so that less is left to search."""
    connections: bool = True
    """Mcts: fill-in and virtual connections end the search; threats leave only their answers."""
    candidates: Annotated[int, Field(ge=1, le=361)] = 8
    """Moves considered at a Gumbel root, 1 to 361."""
    c_visit: Annotated[float, Field(ge=0)] = 50.0
    """Gumbel: visits added to the largest count when completed Q values are scaled."""
    c_scale: Annotated[float, Field(ge=0)] = 1.0
    """Gumbel: factor on the completed Q values, taken as winning probabilities in [0, 1]."""
    puct_init: Annotated[float, Field(ge=0)] = 1.25
    """PUCT: exploration factor c_init."""
    puct_base: Annotated[float, Field(gt=0)] = 19652.0
    """PUCT: visits at which exploration begins to grow, c_base."""
    unvisited_reduction: Annotated[float, Field(ge=0, le=2)] = 0.2
    """PUCT: an unvisited move is valued at its node's mean value less this, 0 to 2."""
    dirichlet_total: Annotated[float, Field(gt=0)] = 10.0
    """PUCT: sum of the Dirichlet parameters, shared by the legal moves."""
    dirichlet_share: Share = 0.25
    """PUCT: share of noise in the root prior during self-play, 0 to 1."""
    temperature: Annotated[float, Field(ge=0)] = 1.0
    """PUCT and minimax: self-play temperature of the first moves; 0 plays the best move."""
    temperature_plies: Annotated[int, Field(ge=0)] = 8
    """PUCT and minimax: searched moves of a game that use the temperature."""
    widths: Annotated[tuple[Annotated[int, Field(ge=1, le=361)], ...], Field(min_length=1)] = (
        13,
        8,
    )
    """Minimax: children kept at each ply, the best by prior."""
    width_temperature: Annotated[float, Field(ge=0)] = 1.0
    """Minimax: self-play draws children from the prior at this temperature; 0 keeps the best."""


def candidates_for(simulations: int) -> int:
    """Return the candidates of a Gumbel root in measurements, matches and benchmarks."""
    return max(1, min(16, simulations))


def measuring(simulations: int) -> SearchSettings:
    """Return the search by which positions are judged: PUCT that explores little, without noise.

    Of 3722 solved positions it named the winner wrongly in 66 with 64 simulations, Gumbel in 92.
    """
    return SearchSettings(
        root="puct", simulations=simulations, puct_init=0.8, unvisited_reduction=0.0
    )


class SelfplaySettings(Settings):
    """How games are made."""

    players: Annotated[int, Field(ge=1)] = 1
    """Player processes for each inference server."""
    halves: Annotated[int, Field(ge=1, le=8)] = 2
    """Groups of games in one player; one searches while the others wait, 1 to 8."""
    games: Annotated[int, Field(ge=1, le=4096)] = 256
    """Games in progress in each group, 1 to 4096."""
    random_share: Share = 0.5
    """Share of games that begin with random stones, up to random_stones; the rest have 1 or 2."""
    random_stones: Share = 0.5
    """Upper bound of the random stones, as a share of the board."""
    random_clusters: Share = 0.0
    """Random stones: the chance of lying at most two steps from another is drawn from 0 to this."""
    opening_choices: Annotated[int, Field(ge=1, le=64)] = 1
    """Openings drawn for a game, 1 to 64; the network's values choose one, even ones rather."""
    opening_evenness: Annotated[float, Field(ge=0, le=20)] = 2.0
    """An opening of value v is chosen with weight (1 - v * v) to this power, and a hundredth."""
    adjudicate_share: Share = 0.8
    """Share of games that end as soon as the search has proven the result."""
    decided_simulations: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Mcts: at most so many simulations a move in a decided game, 0 to 100000; 0 spares none."""
    decided_value: Annotated[float, Field(gt=0, le=1)] = 0.95
    """A game is decided when the root value for one colour has reached this, above 0 to 1."""
    decided_plies: Annotated[int, Field(ge=1, le=361)] = 3
    """Plies in a row for which it must have, 1 to 361; below it the game is open again."""
    decided_verify: Share = 0.1
    """Share of games searched in full even when decided, to count how often that was wrong."""
    round_seconds: Seconds = 1.0
    """Seconds between two deliveries of finished games."""


class NetSettings(Settings):
    """The shape of the network."""

    kind: Literal["pooled", "resnet", "simple"] = "pooled"
    """Residual tower with global pooling (KataGo), without it (AlphaZero), or 3 convolutions."""
    norm: Literal["batch", "none"] = "batch"
    """BatchNorm, or none: standardised kernels (Brock 2021), the same for any mix of boards."""
    stem: Literal[3, 5] = 3
    """Width of the first convolution in cells, 3 or 5."""
    blocks: Annotated[int, Field(ge=1, le=80)] = 3
    """Residual blocks, 1 to 80; kind simple has none."""
    channels: Annotated[int, Field(ge=4, le=1024, multiple_of=2)] = 32
    """Channels of the trunk, even, 4 to 1024."""
    pool_every: Annotated[int, Field(ge=1)] = 2
    """Kind pooled: every how many blocks global pooling feeds back into the trunk."""
    value_hidden: Annotated[int, Field(ge=4, le=4096, multiple_of=2)] = 64
    """Hidden units of the value head, even, 4 to 4096."""
    half_turn: bool = True
    """A board and its half turn get the same answer, by weights that come in pairs."""


class InferenceSettings(Settings):
    """How leaves are evaluated."""

    servers: Annotated[int, Field(ge=0)] = 0
    """Inference server processes, each with a GPU or half of one; 0: one for each GPU there is."""
    precision: Precision = "auto"
    """Number format; auto measures and takes the faster. What auto finds is remembered."""
    backend: ServingBackend = "eager"
    """Eager; compiled, 5 to 25 % faster and some 20 s later; graphs, CUDA only; auto measures."""
    threads: Annotated[int, Field(ge=0)] = 1
    """CPU threads of a server; 0 measures. More than one collapses beside busy neighbours."""
    batch_rows: Annotated[int, Field(ge=1, le=65_536)] = 512
    """Most positions in one batch."""
    wait_ms: Annotated[float, Field(ge=0)] = 2.0
    """Milliseconds the oldest request waits for others before its batch goes."""
    cache_positions: Annotated[int, Field(ge=0)] = 0
    """Positions remembered for each set of weights, 0 for none; 3 bytes a cell and 17 for each."""
