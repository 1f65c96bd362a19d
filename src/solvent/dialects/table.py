"""Which object speaks which dialect: the one explicit table."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from solvent.dialects.anthropic_messages.codec import AnthropicMessages
from solvent.dialects.base import Codec, Counter, Embedder, Translator
from solvent.dialects.google_embed import GoogleEmbed
from solvent.dialects.google_generate.codec import GoogleGenerate
from solvent.dialects.openai_chat.codec import OpenAIChat
from solvent.dialects.openai_embeddings import OpenAIEmbeddings
from solvent.dialects.openai_responses.codec import OpenAIResponses
from solvent.domain.call import Dialect

TRANSLATORS: Final[Mapping[Dialect, Translator]] = MappingProxyType(
    {
        Dialect.OPENAI_CHAT: OpenAIChat(),
        Dialect.OPENAI_RESPONSES: OpenAIResponses(),
        Dialect.ANTHROPIC_MESSAGES: AnthropicMessages(),
        Dialect.GOOGLE_GENERATE: GoogleGenerate(),
    }
)
"""The dialects of conversations; each can be written in each other."""

COUNTERS: Final[Mapping[Dialect, Counter]] = MappingProxyType(
    {
        Dialect.ANTHROPIC_MESSAGES: AnthropicMessages(),
        Dialect.GOOGLE_GENERATE: GoogleGenerate(),
    }
)
"""The dialects in which tokens are counted; each can be written in each other."""

EMBEDDERS: Final[Mapping[Dialect, Embedder]] = MappingProxyType(
    {
        Dialect.OPENAI_EMBEDDINGS: OpenAIEmbeddings(),
        Dialect.GOOGLE_EMBED: GoogleEmbed(),
    }
)
"""The dialects of embeddings; each can be written in each other."""


def codec(dialect: Dialect) -> Codec:
    """Return the object that speaks *dialect*."""
    return TRANSLATORS.get(dialect) or EMBEDDERS[dialect]
