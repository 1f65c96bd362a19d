"""Solvent's own reading of what the simulated provider says is what the simulated provider bills."""

import orjson
import pytest

from solvent.dialects.table import codec
from solvent.domain.call import Dialect, Operation
from solvent.ports.upstream import Deadlines
from solvent.providers.catalog import Catalog
from solvent.providers.http import HttpUpstream
from solvent.providers.request import build
from solvent.testing import SimulatedProvider

TEXT = "hello [[sim input=100 cached=30 output=20 reasoning=5 {}]]"
GENERATE = (
    Dialect.OPENAI_CHAT,
    Dialect.OPENAI_RESPONSES,
    Dialect.ANTHROPIC_MESSAGES,
    Dialect.GOOGLE_GENERATE,
)


def document(dialect, directive, *, stream):
    text = TEXT.format(directive)
    messages = [{"role": "user", "content": text}]
    return {
        Dialect.OPENAI_CHAT: {
            "model": "m",
            "messages": messages,
            "stream": stream,
            "stream_options": {"include_usage": True},
        },
        Dialect.OPENAI_RESPONSES: {"model": "m", "input": text, "stream": stream},
        Dialect.OPENAI_EMBEDDINGS: {"model": "m", "input": text},
        Dialect.ANTHROPIC_MESSAGES: {"model": "m", "max_tokens": 99, "messages": messages, "stream": stream},
        Dialect.GOOGLE_GENERATE: {"contents": [{"role": "user", "parts": [{"text": text}]}]},
        Dialect.GOOGLE_EMBED: {"content": {"parts": [{"text": text}]}},
    }[dialect]


@pytest.fixture
async def sim():
    async with SimulatedProvider() as provider:
        yield provider


@pytest.fixture
def exchanged(sim):
    async def exchange(dialect, directive="", *, stream=False):
        """Return the body that came, as a document or as the chunks of a stream."""
        deployment = Catalog.bundled().with_operator(sim.as_providers()).resolve("simulated/m")
        embeds = dialect in (Dialect.OPENAI_EMBEDDINGS, Dialect.GOOGLE_EMBED)
        call = build(
            deployment,
            dialect,
            Operation.EMBED if embeds else Operation.GENERATE,
            stream=stream,
            body=orjson.dumps(document(dialect, directive, stream=stream)),
            credential=None,
            deadlines=Deadlines(10, 30, 30, 60),
        )
        async with await HttpUpstream.open() as upstream:
            reply = await upstream.send(call)
            try:
                return [chunk async for chunk in reply.chunks()] if stream else await reply.read(10**6)
            finally:
                await reply.close()

    return exchange


def tapped(dialect, chunks):
    tap = codec(dialect).tap()
    passed = b"".join([*map(tap.feed, chunks), tap.end()])
    assert passed == b"".join(chunks)
    return tap.facts()


def check(facts, line):
    assert facts.complete
    assert facts.error is None
    assert (facts.reply_id, facts.model) == (line.id, line.model)
    usage, counts = facts.usage, line.counts
    assert (usage.input, usage.cached_input) == (counts.input, counts.cached_input) == (70, 30)
    assert usage.output_tokens == counts.output + counts.reasoning == 25
    assert usage.reasoning == counts.reasoning == 5


@pytest.mark.parametrize("dialect", GENERATE)
@pytest.mark.parametrize("tool", ["", "tool=find"])
async def test_a_whole_reply_says_what_the_invoice_says(sim, exchanged, dialect, tool):
    body = await exchanged(dialect, tool)
    check(codec(dialect).facts(orjson.loads(body)), sim.invoice().lines[0])


@pytest.mark.parametrize("dialect", GENERATE)
@pytest.mark.parametrize("tool", ["", "tool=find"])
async def test_a_stream_says_what_the_invoice_says(sim, exchanged, dialect, tool):
    chunks = await exchanged(dialect, tool, stream=True)
    check(tapped(dialect, chunks), sim.invoice().lines[0])


@pytest.mark.parametrize("dialect", GENERATE)
@pytest.mark.parametrize("fault", ["end=0", "end=2", "error_after=2"])
async def test_a_stream_that_ends_early_never_looks_complete(exchanged, dialect, fault):
    facts = tapped(dialect, await exchanged(dialect, fault, stream=True))
    assert not facts.complete
    assert (facts.error is not None) == fault.startswith("error")


@pytest.mark.parametrize("dialect", GENERATE)
async def test_a_reply_without_usage_has_none_for_solvent_either(exchanged, dialect):
    assert codec(dialect).facts(orjson.loads(await exchanged(dialect, "usage=none"))).usage is None
    assert tapped(dialect, await exchanged(dialect, "usage=none", stream=True)).usage is None


async def test_embeddings_say_what_the_invoice_says(sim, exchanged):
    body = await exchanged(Dialect.OPENAI_EMBEDDINGS)
    assert codec(Dialect.OPENAI_EMBEDDINGS).facts(orjson.loads(body)).usage.input_tokens == 100
    assert sim.invoice().lines[0].counts.input + sim.invoice().lines[0].counts.cached_input == 100
