"""Structured output: a pydantic model out as a strict JSON schema, and the answer back in as its instance."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from solvent.domain.call import Json
from solvent.errors import CallInvalid, Failure, UpstreamRejected

M = TypeVar("M", bound=BaseModel)
_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {"length": "it was cut at its output limit, raise max_tokens", "refused": "the model refused to answer"}
)
_NAMED: Final = ("properties", "$defs")
"""Where the keys of a schema are names of the caller's, and no words of the schema."""


def response_format(model: object) -> Json:
    """Return the ``response_format`` of an OpenAI chat call that must answer with *model*.

    Raises:
        CallInvalid: it is no pydantic model, or has a field that JSON cannot hold.
    """
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise CallInvalid(f"output is a pydantic model, not {model!r}")
    try:
        schema = model.model_json_schema()
    except PydanticInvalidForJsonSchema as error:
        raise CallInvalid(f"{model.__name__} has no JSON schema: {error.message}") from error
    return schema_format(model.__name__, schema)


def schema_format(name: str, schema: Mapping[str, Any]) -> Json:
    """Return the ``response_format`` of an OpenAI chat call that must answer with an object of *schema*."""
    strict = {"name": name, "strict": True, "schema": _strict(schema)}
    return {"type": "json_schema", "json_schema": strict}


def parsed(model: type[M], text: str, provider: str, finish: str) -> M:
    """Return *text* as an instance of *model*; *finish* is why the model stopped there.

    Raises:
        UpstreamRejected: it is not one; the call was answered and is paid for.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        issues = error.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(
            f"{'.'.join(map(str, issue['loc'])) or 'answer'}: {issue['msg']}" for issue in issues
        )
        advice = _ADVICE.get(finish, "ask again")
        raise UpstreamRejected(
            f"the model's answer is not a {model.__name__} ({told}); the call is paid for: {advice}",
            Failure(provider, billed="yes", kind="output_invalid"),
        ) from None


def _strict(node: Any) -> Any:
    """Return a schema in which every object is closed and every property required, as strict mode asks."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    closed = {
        key: {name: _strict(inner) for name, inner in value.items()} if key in _NAMED else _strict(value)
        for key, value in node.items()
        if key != "default"
    }
    if isinstance(properties := closed.get("properties"), dict):
        closed |= {"required": list(properties), "additionalProperties": False}
    return closed
