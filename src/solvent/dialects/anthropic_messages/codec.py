"""Anthropic's dialect as one object without state."""

from collections.abc import Iterator

from solvent.dialects.anthropic_messages import call, reply
from solvent.dialects.anthropic_messages.stream import Reading
from solvent.dialects.base import Edits, Facts
from solvent.dialects.passing import PassingTap
from solvent.dialects.sse import EventReader
from solvent.domain.call import Demand, Dialect, Json


class AnthropicMessages:
    """Calls, replies and streams of ``/v1/messages``, and calls and replies of its ``count_tokens``."""

    @property
    def dialect(self) -> Dialect:
        """Which one."""
        return Dialect.ANTHROPIC_MESSAGES

    def demand(self, document: Json, size_bytes: int) -> Demand:
        """Return what the call may make its provider count; see ``call.demand``."""
        return call.demand(document, size_bytes)

    def texts(self, document: Json) -> Iterator[str]:
        """Yield every text that the model will read."""
        return call.texts(document)

    def edit(self, document: Json, edits: Edits) -> Json:
        """Return *document* with *edits* made; the very same object when nothing had to change."""
        return call.edit(document, edits)

    def facts(self, document: Json) -> Facts:
        """Return what a whole reply says of itself; see ``reply.facts``."""
        return reply.facts(document)

    def count(self, document: Json) -> int:
        """Return the number that a reply to ``count_tokens`` tells."""
        return reply.count(document)

    def tap(self, *, hide_usage: bool = False) -> PassingTap:  # noqa: ARG002 — usage comes unasked here
        """Return a reader for one stream; *hide_usage* has nothing to hide, for usage comes unasked."""
        return PassingTap(EventReader(), Reading())
