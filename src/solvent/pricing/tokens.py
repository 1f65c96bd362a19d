"""Counting tokens exactly, without a network, where the vocabulary of a model is public.

Only OpenAI's families are: for every other the bound by bytes stands (``bound`` says why it is safe).
"""

from collections.abc import Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final, Protocol

from solvent.errors import ConfigurationError
from solvent.pricing.models import bare

_O200K: Final = "o200k_base"
_CL100K: Final = "cl100k_base"
_SOURCES: Final = frozenset({"openai", "azure", "openrouter"})
_ENCODINGS: Final = (
    ("gpt-4o", _O200K),
    ("gpt-4.1", _O200K),
    ("gpt-4.5", _O200K),
    ("gpt-5", _O200K),
    ("chatgpt-4o", _O200K),
    ("o1", _O200K),
    ("o3", _O200K),
    ("o4", _O200K),
    ("gpt-4", _CL100K),
    ("gpt-3.5", _CL100K),
    ("gpt-35", _CL100K),
    ("text-embedding-3", _CL100K),
    ("text-embedding-ada-002", _CL100K),
)

_PER_CALL: Final = 16
_PER_MESSAGE: Final = 5
_PER_TEXT: Final = 2
_PER_TOOL: Final = 16
_TOOLS_PREAMBLE: Final = 32
"""Framing, from cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken (3 a message, 1 a name, 3 before
the reply, 7 to 12 a function), made safe: instructions are a message more, a schema has a heading, a tool call
and its answer have marks, and a text that is read apart may be cut in two at its ends."""


class _Vocabulary(Protocol):
    def count(self, text: str) -> int: ...


class TokenCounter:
    """Counts what a model will read. Loads each vocabulary once, when it is first needed."""

    def __init__(self) -> None:
        self._vocabularies: dict[str, _Vocabulary] = {}

    def count(self, source: str, model: str, texts: Iterable[str], messages: int, tools: int) -> int | None:
        """Return the tokens of *texts* with the framing of *messages* and *tools*; None without a vocabulary.

        Never below the provider's own count of the same texts. With no messages and no tools nothing is framed.
        """
        encoding = _encoding(source, model)
        if encoding is None:
            return None
        vocabulary = self._vocabulary(encoding)
        counts = [vocabulary.count(_encodable(text)) for text in texts]
        if not messages and not tools:
            return sum(counts)
        framing = _PER_CALL + messages * _PER_MESSAGE + len(counts) * _PER_TEXT
        if tools:
            framing += _TOOLS_PREAMBLE + tools * _PER_TOOL
        return sum(counts) + framing

    def _vocabulary(self, encoding: str) -> _Vocabulary:
        known = self._vocabularies.get(encoding)
        if known is None:
            known = self._vocabularies[encoding] = _load(encoding)
        return known


def _encoding(source: str, model: str) -> str | None:
    if source not in _SOURCES or (source == "openrouter" and not model.lower().startswith("openai/")):
        return None
    name = bare(model)
    return next((encoding for prefix, encoding in _ENCODINGS if name.startswith(prefix)), None)


def _encodable(text: str) -> str:
    """Return *text* with lone surrogates replaced, as a provider reads them: they have no UTF-8 form."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _load(encoding: str) -> _Vocabulary:
    """Load the compiled tokenizer alone: the package around it unpacks every vocabulary again, in Python."""
    package = find_spec("bpe_openai")
    folders = (package and package.submodule_search_locations) or []
    files = (Path(folder, "_bindings" + suffix) for folder in folders for suffix in EXTENSION_SUFFIXES)
    library = next((file for file in files if file.is_file()), None)
    spec = spec_from_file_location("bpe_openai._bindings", library) if library else None
    if spec is None or spec.loader is None:
        raise ConfigurationError("bpe-openai is not installed whole; install it again to count tokens")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    vocabulary: _Vocabulary = module.tokenizer_for_encoding(encoding)
    return vocabulary
