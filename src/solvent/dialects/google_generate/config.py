"""The settings of a generation in Google's dialect, read for a translation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from solvent.dialects.canonical import Format
from solvent.dialects.google_generate.call import LIMIT
from solvent.dialects.google_generate.schema import json_schema
from solvent.dialects.reading import Field
from solvent.dialects.refusals import only, untranslatable

_MIME: Final = ("responseMimeType", "response_mime_type")
_SCHEMA: Final = ("responseSchema", "response_schema")
_JSON_SCHEMA: Final = ("responseJsonSchema", "response_json_schema", "_responseJsonSchema")
_THINKING: Final = ("thinkingConfig", "thinking_config")
_KNOWN: Final = frozenset(
    {"candidateCount", "candidate_count", "temperature", "topP", "top_p", "topK", "top_k", "seed"}
    | {"presencePenalty", "presence_penalty", "frequencyPenalty", "frequency_penalty"}
    | {"stopSequences", "stop_sequences", *LIMIT, *_MIME, *_SCHEMA, *_JSON_SCHEMA, *_THINKING}
)
_DEFAULTS: Final[Mapping[str, tuple[object, ...]]] = {
    "responseModalities": (["TEXT"], []),
    "response_modalities": (["TEXT"], []),
    "responseLogprobs": (False,),
    "response_logprobs": (False,),
    "mediaResolution": ("MEDIA_RESOLUTION_UNSPECIFIED",),
    "media_resolution": ("MEDIA_RESOLUTION_UNSPECIFIED",),
}


@dataclass(frozen=True, slots=True)
class Config:
    """What a generation's settings say in canonical words."""

    format: Format | None = None
    output_limit: int | None = None
    choices: int = 1
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()
    effort: str | None = None
    thinking_tokens: int | None = None


def read_config(config: Field) -> Config:
    """Return the settings.

    Raises:
        CallInvalid: one is not as the dialect says, or only that dialect has it.
    """
    only(config, _KNOWN, (), _DEFAULTS)
    effort, thinking_tokens = _thinking(config.get(*_THINKING))
    return Config(
        format=_format(config),
        output_limit=config.count_of(*LIMIT),
        choices=config.count_of("candidateCount", "candidate_count") or 1,
        temperature=config.number_of("temperature"),
        top_p=config.number_of("topP", "top_p"),
        top_k=config.count_of("topK", "top_k"),
        seed=_seed(config.get("seed")),
        presence_penalty=config.number_of("presencePenalty", "presence_penalty"),
        frequency_penalty=config.number_of("frequencyPenalty", "frequency_penalty"),
        stop=tuple(stop.text() for stop in config.list_of("stopSequences", "stop_sequences")),
        effort=effort,
        thinking_tokens=thinking_tokens,
    )


def _seed(told: Field | None) -> int | None:
    """Return the seed, the one whole number that may be negative."""
    if told is None:
        return None
    if type(told.value) is not int:
        raise told.invalid("must be a whole number")
    return told.value


def _format(config: Field) -> Format | None:
    mime = config.get(*_MIME)
    own, schema = config.get(*_SCHEMA), config.get(*_JSON_SCHEMA)
    if mime is None or mime.value == "text/plain":
        if own is not None or schema is not None:
            raise (own or schema or config).invalid("needs responseMimeType application/json")
        return None
    if mime.text() != "application/json":
        raise untranslatable(mime)
    if own is not None:
        return Format("schema", schema=json_schema(own))
    return Format("schema", schema=schema.object()) if schema is not None else Format("json")


def _thinking(told: Field | None) -> tuple[str | None, int | None]:
    """Return effort and budget; a budget of −1 leaves it to the model, as where nothing is said."""
    if told is None:
        return None, None
    budget, level = ("thinkingBudget", "thinking_budget"), ("thinkingLevel", "thinking_level")
    only(told, (*budget, *level), ("includeThoughts", "include_thoughts"))
    effort = told.text_of(*level)
    tokens = told.get(*budget)
    automatic = tokens is None or tokens.value == -1
    return (
        None if effort in (None, "THINKING_LEVEL_UNSPECIFIED") else effort.lower(),
        None if automatic or tokens is None else tokens.count(),
    )
