"""The simulated provider over HTTP: reads a call, finds its behavior, answers it and writes the invoice."""

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from solvent.domain.call import Dialect, Operation
from solvent.domain.clock import US_PER_S, Clock, SystemClock
from solvent.errors import ConfigurationError
from solvent.providers.config import ProviderConfig
from solvent.providers.simulated import anthropic, google, openai_chat, openai_responses
from solvent.providers.simulated.answer import Answer, invent
from solvent.providers.simulated.ask import Ask, AskInvalid, Place, place, read
from solvent.providers.simulated.behavior import Behavior, DirectiveInvalid, directive
from solvent.providers.simulated.delivery import Delivery, Pace
from solvent.providers.simulated.invoice import Counts, Invoice, InvoiceLine, ModelPrice

MAX_BODY_BYTES: Final = 64 * 2**20
DEFAULT_PRICES: Final = MappingProxyType({"*": ModelPrice.per_token(input_nanos=100, output_nanos=400)})
"""Ten cents for a million tokens read, forty for a million written, whatever the model."""

_ERRORS: Final = MappingProxyType(
    {
        Dialect.ANTHROPIC_MESSAGES: anthropic.error,
        Dialect.GOOGLE_GENERATE: google.error,
        Dialect.GOOGLE_EMBED: google.error,
    }
)
_SCRIPTS: Final = MappingProxyType(
    {
        Dialect.OPENAI_CHAT: openai_chat.script,
        Dialect.OPENAI_RESPONSES: openai_responses.script,
        Dialect.ANTHROPIC_MESSAGES: anthropic.script,
    }
)
_WHOLES: Final = MappingProxyType(
    {
        Dialect.OPENAI_CHAT: openai_chat.whole,
        Dialect.OPENAI_RESPONSES: openai_responses.whole,
        Dialect.ANTHROPIC_MESSAGES: anthropic.whole,
        Dialect.GOOGLE_GENERATE: google.whole,
        Dialect.OPENAI_EMBEDDINGS: openai_chat.embeddings,
        Dialect.GOOGLE_EMBED: google.embeddings,
    }
)


class SimulatedProvider:
    """A provider in this process, on a port of its own: ``async with SimulatedProvider() as sim: sim.url``.

    *prices* are by model, ``"*"`` for any other; a model without a price is unknown. Delays hold for every call
    whose directive does not name its own. What is billed: an answered call in full, also where its client left
    before the answer; a stream for the pieces written and, once one is, for its reasoning; an error or a call
    that is never answered for nothing; counting tokens for nothing.

    ``calls`` counts the calls that came, ``abandoned`` those whose client left before their end.

    Raises:
        ConfigurationError: a delay is negative, or a piece holds no token.
    """

    def __init__(
        self,
        prices: Mapping[str, ModelPrice] = DEFAULT_PRICES,
        *,
        latency_ms: int = 0,
        chunk_ms: int = 0,
        chunk_tokens: int = 4,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        if min(latency_ms, chunk_ms, chunk_tokens - 1) < 0:
            raise ConfigurationError("latency_ms and chunk_ms are 0 or more, chunk_tokens 1 or more")
        self._prices = dict(prices)
        self._pace = Pace(latency_ms, chunk_ms, chunk_tokens)
        self._host = host
        self._port = port
        self._clock = clock or SystemClock()
        self._runner: web.ServerRunner | None = None
        self._lines: list[InvoiceLine] = []
        self._scripted: deque[Behavior] = deque()
        self.calls = 0
        self.abandoned = 0

    async def start(self) -> None:
        """Listen; with port 0, on a free one."""
        server = web.Server(self._handle, request_factory=self._request, handler_cancellation=True)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=4096)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and break what is in flight; the invoice stays readable. Repeats do nothing."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """The address of the server, without a path; OpenAI's and Anthropic's base is ``/v1`` under it."""
        return f"http://{self._host}:{self._port}"

    def invoice(self) -> Invoice:
        """Return what was billed so far."""
        return Invoice(tuple(self._lines))

    def script(self, *behaviors: Behavior) -> None:
        """Let the next calls behave so, one each and in this order, whatever their prompts direct."""
        self._scripted.extend(behaviors)

    def fail_next(self, status: int = 503, times: int = 1) -> None:
        """Answer the next *times* calls with an error of *status*."""
        self.script(*[Behavior(status=status)] * times)

    def as_providers(self) -> dict[str, ProviderConfig]:
        """Return rows that bring calls for OpenAI, Anthropic and Google (and ``simulated``) here, without keys."""
        bases = {"openai": "/v1", "anthropic": "/v1", "google": "/v1beta", "simulated": "/v1"}
        return {name: ProviderConfig(base_url=self.url + path, auth="none") for name, path in bases.items()}

    def _request(self, *parts: Any) -> web.BaseRequest:
        message, payload, protocol, writer, task = parts
        return web.BaseRequest(
            message, payload, protocol, writer, task, task.get_loop(), client_max_size=MAX_BODY_BYTES
        )

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and request.path == "/invoice":
            return _json(200, self.invoice().document())
        where = place(request.path)
        if where is None or request.method != "POST":
            return _json(404, openai_chat.error(404, "not_found", f"nothing lives at {request.path}"))
        self.calls = number = self.calls + 1
        try:
            ask = read(where, orjson.loads(await request.read()))
            said = directive(ask.text)
        except (AskInvalid, DirectiveInvalid, orjson.JSONDecodeError) as error:
            return _refusal(where, 400, "", str(error))
        behavior = self._scripted.popleft() if self._scripted else said or _PLAIN
        answer = invent(ask, behavior, number, self._clock.now_us() // US_PER_S)
        return await self._answer(request, ask, answer, behavior)

    async def _answer(
        self, request: web.BaseRequest, ask: Ask, answer: Answer, behavior: Behavior
    ) -> web.StreamResponse:
        price = self._prices.get(answer.model, self._prices.get("*"))
        if price is None:
            return _refusal(ask.place, 404, "", f"The model `{answer.model}` does not exist")
        delivery = Delivery(request, self._pace, behavior)
        try:
            return await self._deliver(delivery, ask, answer, behavior)
        finally:
            self.abandoned += delivery.abandoned
            counts = _billed(ask, answer, behavior, delivery)
            if counts is not None:
                self._lines.append(_line(ask, answer, price, counts, delivery))

    async def _deliver(
        self, delivery: Delivery, ask: Ask, answer: Answer, behavior: Behavior
    ) -> web.StreamResponse:
        await delivery.wait()
        if behavior.status:
            return _refusal(
                ask.place, behavior.status, behavior.error, "simulated failure", behavior.retry_after_s
            )
        if ask.stream and ask.place.operation is Operation.GENERATE:
            size_tokens = behavior.chunk_tokens or self._pace.chunk_tokens
            if ask.place.dialect is Dialect.GOOGLE_GENERATE:
                array = parse_qs(delivery.query).get("alt") != ["sse"]
                return await delivery.stream(google.script(ask, answer, size_tokens, array=array))
            return await delivery.stream(_SCRIPTS[ask.place.dialect](ask, answer, size_tokens))
        return await delivery.whole(orjson.dumps(_reply(ask, answer)))


_PLAIN: Final = Behavior()


def _reply(ask: Ask, answer: Answer) -> dict[str, Any]:
    if ask.place.operation is Operation.COUNT:
        counted = google.counted if ask.place.dialect is Dialect.GOOGLE_GENERATE else anthropic.counted
        return counted(answer)
    return _WHOLES[ask.place.dialect](ask, answer)


def _billed(ask: Ask, answer: Answer, behavior: Behavior, delivery: Delivery) -> Counts | None:
    """Return what is charged for the call, None where nothing is."""
    if ask.place.operation is Operation.COUNT or behavior.bill == "none":
        return None
    if behavior.bill == "full":
        return answer.counts
    if behavior.status or behavior.hang:
        return None
    if not ask.stream or ask.place.operation is Operation.EMBED or delivery.complete:
        return answer.counts
    counts = answer.counts
    return Counts(
        input=counts.input,
        cached_input=counts.cached_input,
        cache_write=counts.cache_write,
        output=delivery.said_tokens,
        reasoning=counts.reasoning if delivery.said_tokens else 0,
    )


def _line(ask: Ask, answer: Answer, price: ModelPrice, counts: Counts, delivery: Delivery) -> InvoiceLine:
    return InvoiceLine(
        id=answer.id,
        dialect=ask.place.dialect.value,
        model=answer.model,
        counts=counts,
        cost_nanos=price.cost_nanos(counts),
        streamed=ask.stream,
        complete=delivery.complete,
    )


def _json(status: int, document: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")


def _refusal(
    where: Place, status: int, code: str, message: str, retry_after_s: int | None = None
) -> web.Response:
    response = _json(status, _ERRORS.get(where.dialect, openai_chat.error)(status, code, message))
    if retry_after_s is not None:
        response.headers["retry-after"] = str(retry_after_s)
    return response
