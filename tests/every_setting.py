"""Every single setting of a run, found by walking the models, with its path and its limits."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hexray.config import RunConfig


def fields_of(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Yield the path and the field of every single setting."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from fields_of(kind, (*path, name))
        else:
            yield (*path, name), field


FIELDS = dict(fields_of(RunConfig))
SECTIONS = [name for name, field in RunConfig.model_fields.items() if (name,) not in FIELDS]


def nested(path: tuple[str, ...], value: object) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def at(config: BaseModel, path: tuple[str, ...]) -> Any:
    value: Any = config
    for name in path:
        value = getattr(value, name)
    return value


def bounds(field: FieldInfo) -> dict[str, float]:
    """Return the limits ge, gt, le, lt of a number."""
    return {
        side: getattr(mark, side)
        for mark in field.metadata
        for side in ("ge", "gt", "le", "lt")
        if hasattr(mark, side)
    }


def step(field: FieldInfo) -> int:
    """Return what a number is a multiple of."""
    return next((m.multiple_of for m in field.metadata if hasattr(m, "multiple_of")), 1)


NUMBERS = {path: field for path, field in FIELDS.items() if field.annotation in (int, float)}
MAY_BE_ZERO = [path for path, field in NUMBERS.items() if bounds(field).get("ge") == 0]


def of_path(path: tuple[str, ...]) -> str:
    return ".".join(path)
