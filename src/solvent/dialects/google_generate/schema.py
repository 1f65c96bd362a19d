"""Google's own schema dialect, a part of OpenAPI 3.0, as JSON Schema."""

from collections.abc import Mapping
from typing import Any, Final

from solvent.dialects.reading import Field
from solvent.domain.call import Json

_SAME: Final = frozenset(
    {
        "description",
        "title",
        "enum",
        "required",
        "minimum",
        "maximum",
        "pattern",
        "default",
        "example",
        "format",
    }
    | {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "nullable"}
    | {"additionalProperties"}
)
_NAMES: Final[Mapping[str, str]] = {"any_of": "anyOf", "property_ordering": "propertyOrdering"}
_FORMATS: Final = ("enum", "float", "double", "int32", "int64")
"""Formats that JSON Schema does not have: they repeat what the type and the enumeration say."""


def json_schema(told: Field, depth: int = 64) -> Json:
    """Return the schema *told* in JSON Schema; the order that properties are written in is a hint and left out.

    Raises:
        CallInvalid: a keyword is unknown, or it is nested deeper than *depth*.
    """
    if depth == 0:
        raise told.invalid("is nested too deeply to be translated; flatten the schema")
    schema: Json = {}
    for member in told.members():
        schema |= _keyword(member, depth)
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema


def _keyword(member: Field, depth: int) -> Json:
    name: str = _NAMES.get(member.name, member.name)
    value: Any = member.value
    match name:
        case "type":
            value = member.text().lower()
        case "items":
            value = json_schema(member, depth - 1)
        case "properties":
            value = {inner.name: json_schema(inner, depth - 1) for inner in member.members()}
        case "anyOf":
            value = [json_schema(inner, depth - 1) for inner in member.each()]
        case "propertyOrdering" | "format" if name != "format" or value in _FORMATS:
            return {}
        case _ if name not in _SAME:
            raise member.invalid("is no keyword of Google's schemas; give the schema as JSON Schema instead")
        case _ if name.startswith(("min", "max")):
            value = _whole(value)
    return {name: value}


def _whole(value: Any) -> Any:
    """Return a bound as a number: Google writes 64-bit numbers as strings."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value
