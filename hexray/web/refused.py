"""Requests that are not answered, and why."""

from hexray.errors import BadRequest


class Refused(BadRequest):
    """A request that is not answered: the status, and the field that is wrong, if it is one."""

    status = 400
    field = ""


def refusal(reason: str, field: str = "", status: int = 400) -> Refused:
    """Make the error that answers a request with ``reason``."""
    error = Refused(reason)
    error.field, error.status = field, status
    return error
