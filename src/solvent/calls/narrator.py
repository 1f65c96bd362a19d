"""The narrator over the path of a call: each question is one call, paid by the customer it is about."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from solvent.calls.face import CallFace
from solvent.calls.structured import schema_format
from solvent.ports.narrator import Question, Told

PURPOSE: Final[Mapping[str, str]] = MappingProxyType({"purpose": "risk"})
"""The tag of every call for payment risk, so that usage and budgets can tell them apart."""


class CallNarrator:
    """See ``Narrator``: asks *model* through *face*."""

    def __init__(self, face: CallFace, model: str) -> None:
        self._face = face
        self._model = model

    async def ask(self, question: Question) -> Told:
        """See ``Narrator.ask``; raises the errors of ``CallFace.chat``."""
        reply = await self._face.chat(
            self._model,
            [
                {"role": "system", "content": question.instructions},
                {"role": "user", "content": question.case},
            ],
            customer_id=question.customer_id,
            tags=PURPOSE,
            max_tokens=question.output_tokens,
            extra={"response_format": schema_format(question.name, question.schema)},
        )
        usage = reply.usage
        return Told(
            text=reply.text,
            whole=reply.finish == "stop",
            call_id=reply.call_id,
            provider=reply.provider,
            model=reply.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_nanos=reply.cost_nanos,
        )
