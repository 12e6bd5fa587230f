"""What one measurement found, in a sentence: ``single`` and ``debug``."""

from collections.abc import Sequence
from math import floor, log10
from typing import Any

from hexray.probes.entropy.one import Single
from hexray.probes.entropy.study import Outcome
from hexray.probes.finding import Finding

FAILED = "failed"
_SIGMAS = 3.0
_HOW = {
    (True, True): "as predicted",
    (False, True): "as predicted but curved",
    (False, False): "not as predicted",
}
_TOLD = 2.0


def all_failed(name: str, outcomes: Sequence[Outcome]) -> Finding:
    """Say that no run of a probe ended, and why the first did not."""
    last = outcomes[0].error.strip().splitlines()[-1]
    sentence = f"all {len(outcomes)} runs failed, the first by {last}"
    return Finding(name, FAILED, sentence, False, {"runs": len(outcomes), "failed": len(outcomes)})


def single(name: str, found: Single) -> Finding:
    """Judge one prediction by the exact change.

    as predicted               the exact change is within three conditional standard errors
    as predicted but curved    it is not, but the exact first-order change is: the step is too large
    not as predicted           neither is
    """
    reach = _SIGMAS * found.se_given_update
    is_near = abs(found.predicted - found.exact) <= reach
    is_sound = is_near or abs(found.predicted - found.first_order) <= reach
    verdict = f"{_direction(found.exact)} the entropy, {_HOW[is_near, is_sound]}"
    if not (found.exact or found.predicted):
        verdict = "no change, as predicted"
    numbers: dict[str, Any] = {**found._asdict(), "runs": 1, "failed": 0}
    return Finding(name, verdict, _sentence(found, is_near, is_sound), is_sound, numbers)


def _sentence(found: Single, is_near: bool, is_sound: bool) -> str:
    digits = _digits(found.se_given_update or found.predicted or 1.0)
    predicted = f"{abs(found.predicted):.{digits}f} +- {found.se_given_update:.{digits}f} nats"
    said = f"this step {_direction(found.predicted)} the entropy of the policy by {predicted}"
    if abs(found.predicted) < _TOLD * found.se_given_update:
        said += " (which cannot be told from none)"
    truth = f"{abs(found.exact):.{digits}f}"
    if _direction(found.exact) == _direction(found.predicted):
        said += f"; in truth by {truth}"
    else:
        said += f"; in truth it {_direction(found.exact)} it by {truth}"
    said += f", of {found.entropy:.3f} nats"
    if is_near:
        return said
    first = f"{said}; the exact first order is {found.first_order:+.{digits}f}"
    if is_sound:
        return f"{first}: the step is too large to be foreseen to first order"
    return f"{first}: the estimate is off; sanity-check says whether always"


def _direction(change: float) -> str:
    return "raises" if change > 0 else "lowers"


def _digits(error: float) -> int:
    """Return the decimals that show two digits of a standard error, at least 4."""
    return max(4, 1 - floor(log10(abs(error))))
