"""Structured output: a pydantic model out as a strict JSON schema, and the answer back in as its instance."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from solvent.domain.call import Json
from solvent.errors import Failure, UpstreamRejected

M = TypeVar("M", bound=BaseModel)


def response_format(model: type[BaseModel]) -> Json:
    """Return the ``response_format`` of an OpenAI chat call that must answer with *model*."""
    return schema_format(model.__name__, model.model_json_schema())


def schema_format(name: str, schema: Mapping[str, Any]) -> Json:
    """Return the ``response_format`` of an OpenAI chat call that must answer with an object of *schema*."""
    strict = {"name": name, "strict": True, "schema": _strict(schema)}
    return {"type": "json_schema", "json_schema": strict}


def parsed(model: type[M], text: str, provider: str) -> M:
    """Return *text* as an instance of *model*.

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
        raise UpstreamRejected(
            f"the model's answer is not a {model.__name__} ({told}); the call is paid for, ask again",
            Failure(provider, billed="yes", kind="output_invalid"),
        ) from None


def _strict(node: Any) -> Any:
    """Return a schema in which every object is closed and every property required, as strict mode asks."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    closed = {key: _strict(value) for key, value in node.items() if key != "default"}
    if isinstance(properties := closed.get("properties"), dict):
        closed |= {"required": list(properties), "additionalProperties": False}
    return closed
