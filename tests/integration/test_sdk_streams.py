"""Streams that go wrong, as the official SDKs see them: they raise, and what came never looks complete."""

import asyncio

import anthropic
import openai
import pytest
from google.genai import errors as google_errors

from solvent.domain.entry import Certainty, Outcome

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""google-genai inherits from aiohttp's session."""

EVERYONE = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "google/gemini-2.5-flash")
RAISED = (openai.APIError, anthropic.APIError, google_errors.APIError)
SURFACES = ("chat", "chat_helper", "responses", "responses_helper", "messages", "messages_helper", "google")


def said(text):
    return [{"role": "user", "content": text}]


async def _opened(clients, surface, model, text):
    """Return the stream of a surface and, for the SDK's helpers, the context that it lives in."""
    chat = {"model": model, "messages": said(text), "max_tokens": 500}
    respond = {"model": model, "input": text, "max_output_tokens": 500}
    openers = {
        "chat": lambda: clients.openai.chat.completions.create(**chat, stream=True),
        "chat_helper": lambda: clients.openai.chat.completions.stream(**chat),
        "responses": lambda: clients.openai.responses.create(**respond, stream=True),
        "responses_helper": lambda: clients.openai.responses.stream(**respond),
        "messages": lambda: clients.anthropic.messages.create(**chat, stream=True),
        "messages_helper": lambda: clients.anthropic.messages.stream(**chat),
        "google": lambda: clients.google.models.generate_content_stream(
            model=model, contents=text, config={"max_output_tokens": 500}
        ),
    }
    opened = openers[surface]()
    return opened if surface.endswith("_helper") else await opened


async def read(clients, surface, model, text, *, at_most=None):
    """Read a stream, all of it or *at_most* so many pieces, and close it as a program would."""
    stream = await _opened(clients, surface, model, text)
    if not surface.endswith("_helper"):
        return await _pieces(stream, at_most)
    async with stream as events:
        return await _pieces(events, at_most)


async def _pieces(stream, at_most):
    pieces = []
    try:
        async for piece in stream:
            pieces.append(piece)
            if len(pieces) == at_most:
                break
    finally:
        await (stream.aclose() if hasattr(stream, "aclose") else stream.close())
    return pieces


@pytest.mark.parametrize("model", EVERYONE)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("fault", ["cut=2", "end=2", "error_after=2"])
async def test_a_stream_that_breaks_raises_in_every_sdk(gateway, clients, surface, model, fault):
    if "responses" in surface and model == EVERYONE[0] and fault == "error_after=2":
        kinds = [piece.type for piece in await read(clients, surface, model, f"[[sim output=40 {fault}]]")]
        assert kinds[-1] == "error", (
            "OpenAI's SDK hands out this event of its own provider, and raises nothing"
        )
        assert "response.completed" not in kinds
    else:
        with pytest.raises(RAISED):
            await read(clients, surface, model, f"[[sim output=40 {fault}]]")
    entry = await first_entry(gateway)
    assert entry.outcome is Outcome.CUT
    assert (entry.certainty, entry.cost_nanos) == (Certainty.PRESUMED, entry.bound_nanos)
    await gateway.books_balance()


@pytest.mark.parametrize("model", EVERYONE)
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_stream_that_breaks_before_its_first_word_raises_in_every_sdk(
    gateway, clients, surface, model
):
    clients.openai = clients.openai.with_options(max_retries=0)
    clients.anthropic = clients.anthropic.with_options(max_retries=0)
    with pytest.raises(RAISED):
        await read(clients, surface, model, "[[sim output=40 reset=true]]")
    entry = await first_entry(gateway)
    assert entry.certainty is Certainty.PRESUMED
    await gateway.books_balance()


@pytest.mark.parametrize("model", EVERYONE)
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_stream_that_its_reader_leaves_is_cancelled_and_paid_for_as_far_as_it_came(
    gateway, clients, surface, model
):
    await read(clients, surface, model, "[[sim output=400 chunk_tokens=1 chunk_ms=50]]", at_most=3)
    entry = await first_entry(gateway)
    assert entry.outcome is Outcome.ABORTED
    assert entry.certainty is Certainty.COUNTED
    assert 0 < entry.cost_nanos < entry.bound_nanos
    assert gateway.sim.abandoned == 1
    await gateway.books_balance()


async def first_entry(gateway):
    async with asyncio.timeout(10):
        while not (entries := await gateway.entries()):
            await gateway.get("/healthz")
    (entry,) = entries
    return entry
