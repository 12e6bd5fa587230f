"""What every group of settings has in common, and how their faults are explained."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0)]
Precision = Literal["auto", "float32", "bfloat16"]
Backend = Literal["auto", "eager", "compiled"]
ServingBackend = Literal["auto", "eager", "compiled", "graphs"]


class Settings(BaseModel):
    """Common behaviour: immutable, unknown keys refused, descriptions shown by ``--help``."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false where a number belongs; Python would take them for 1 and 0."""
        if (
            isinstance(value, bool)
            and cls.model_fields[info.field_name or ""].annotation is not bool
        ):
            raise ValueError(f"expected a value, found {str(value).lower()}")
        return value


def explain(error: ValidationError) -> str:
    """Say which settings are wrong, one line each: full path, value, what is allowed."""
    lines = []
    for item in error.errors():
        path = ".".join(str(part) for part in item["loc"]) or "settings"
        value = "" if item["type"] == "missing" or not item["loc"] else f" = {item['input']!r}"
        lines.append(f"{path}{value}: {item['msg']}")
    return "\n".join(lines)


def settings_hash(settings: BaseModel) -> str:
    """Return twelve hexadecimal digits that identify the values of ``settings``."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:12]


def merged(base: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``overrides`` laid over it, dictionary by dictionary (a copy)."""
    result = dict(base)
    for key, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result
