"""Every way out of the path closes the reservation exactly once, and books what it must."""

import asyncio
import runpy
from pathlib import Path

import orjson
import pytest

from solvent.app import Outside, opened
from solvent.domain.budget import Budget
from solvent.domain.call import Call, CallOptions, Dialect, Operation
from solvent.domain.entry import Certainty, Outcome
from solvent.domain.period import Period
from solvent.domain.scope import Attribution
from solvent.errors import (
    CallInvalid,
    ConfigurationError,
    Failure,
    SolventError,
    StorageUnavailable,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from solvent.ports.storage import Filter
from solvent.providers.config import ProviderConfig
from solvent.settings import Settings
from solvent.testing import SeededIds

FAKES = runpy.run_path(str(Path(__file__).with_name("fake_provider.py")))
Reply, Provider = FAKES["Reply"], FAKES["Provider"]

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
WHOLE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    "usage": USAGE,
}
EXACT = 9 * 150 + 3 * 600


def event(finish=None, content="hi", **more):
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return (
        b"data: "
        + orjson.dumps(
            {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
            | {"choices": [choice]}
            | more
        )
        + b"\n\n"
    )


STREAM = (event(), event("stop", "", usage=USAGE), b"data: [DONE]\n\n")


class Counted:
    """Stands before a port, counts the verbs that took effect, and fails those that are to fail."""

    def __init__(self, inner, *failing):
        self.inner = inner
        self.failing = set(failing)
        self.done = []

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found):
            return found

        def verb(*args, **named):
            if name in self.failing:
                raise StorageUnavailable("no room")
            self.done.append(name)
            return found(*args, **named)

        return verb

    @property
    def closings(self):
        return [name for name in self.done if name in ("settle", "release")]


class Desk:
    """One open path over fakes, and what is to be asserted of its books."""

    def __init__(self, app, provider, store, journal):
        self.app = app
        self.provider = provider
        self.store = store
        self.journal = journal

    def call(self, *, stream=False, text="hello", **fields):
        messages = [{"role": "user", "content": text}]
        document = {"model": "openai/gpt-4o-mini", "messages": messages, "max_tokens": 50, **fields}
        if stream:
            document["stream"] = True
        now_us = self.app.clock.now_us()
        return Call(
            id=self.app.ids.new("call", now_us),
            operation=Operation.GENERATE,
            dialect=Dialect.OPENAI_CHAT,
            model=document["model"],
            stream=stream,
            attribution=Attribution(customer_id="c1"),
            received_us=now_us,
            document=document,
            raw=orjson.dumps(document),
            options=CallOptions(),
        )

    async def made(self, call):
        """Make the call as the gateway does, and return all bytes of its answer."""
        async with self.app.path.open(call) as answer:
            if not answer.streams:
                return answer.body
            return b"".join([chunk async for chunk in answer.chunks()])

    async def entries(self):
        return [entry async for page in self.app.store.entries(Filter()) for entry in page]

    async def entry(self):
        (entry,) = await self.entries()
        return entry

    async def is_closed_once(self):
        assert len(self.store.closings) == 1, self.store.closings
        assert not await self.app.desk.holds()
        assert not await self.app.store.verify()
        assert self.app.desk.owed == 0


@pytest.fixture
async def desk_of(clock):
    """Opens a path whose provider answers as the test wants."""
    exits = []

    async def opener(reply, *, store_fails=(), journal_fails=(), auth="none"):
        provider = Provider(reply)
        rows = {"openai": ProviderConfig(base_url="http://provider.test/v1", auth=auth)}
        settings = Settings.load({"database_url": "memory:", "providers": rows}, environment={})
        context = opened(settings, Outside(clock, SeededIds(), provider))
        app = await context.__aenter__()
        exits.append(context)
        await app.desk.define(Budget("customer:c1", Period.DAILY, 10**9))
        store, journal = Counted(app.store, *store_fails), Counted(app.journal, *journal_fails)
        app.desk._store = store
        app.path._journal = journal
        return Desk(app, provider, store, journal)

    yield opener
    for context in exits:
        await context.__aexit__(None, None, None)


async def test_a_whole_answer_is_settled_before_it_is_handed_over(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)))
    async with desk.app.path.open(desk.call()) as answer:
        assert desk.store.closings == ["settle"]
        assert answer.receipt.cost_nanos == EXACT
    await desk.is_closed_once()
    assert desk.journal.done == ["dispatched", "settled", "closed"]
    assert desk.provider.reply.closed


async def test_a_stream_is_settled_when_it_has_ended(desk_of):
    desk = await desk_of(Reply(*STREAM))
    assert b"[DONE]" in await desk.made(desk.call(stream=True))
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.cost_nanos, entry.certainty, entry.outcome) == (EXACT, Certainty.EXACT, Outcome.OK)


REFUSED = b'{"error": {"message": "no", "type": "invalid_request_error", "code": null}}'
FAILURES = {
    "rejected": (Reply(REFUSED, status=400), 0),
    "unreachable": (UpstreamUnavailable("gone", Failure("openai", billed="no", kind="unreachable")), 0),
    "broken": (UpstreamUnavailable("broke", Failure("openai", kind="broken")), None),
    "late": (UpstreamTimeout("late", Failure("openai", kind="timeout")), None),
    "broken in the body": (Reply(UpstreamUnavailable("broke", Failure("openai", kind="broken"))), None),
    "no JSON": (Reply(b"<html>"), None),
    "an empty body": (Reply(b""), None),
    "a list": (Reply(b"[]"), None),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("way", FAILURES)
async def test_a_provider_that_does_not_deliver_is_booked_once(desk_of, way, stream):
    reply, cost = FAILURES[way]
    desk = await desk_of(reply)
    with pytest.raises(SolventError):
        await desk.made(desk.call(stream=stream))
    await desk.is_closed_once()
    entry = await desk.entry()
    assert entry.cost_nanos == (entry.bound_nanos if cost is None else cost)


async def test_a_call_that_cannot_be_written_is_given_back_unsent(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)))
    deep = {}
    for _ in range(300):
        deep = {"a": deep}
    call = desk.call(stream=True)
    call.document["metadata"] = deep
    with pytest.raises(CallInvalid):
        await desk.made(call)
    await desk.is_closed_once()
    assert desk.store.closings == ["release"]
    assert (desk.provider.sent, await desk.entries()) == ([], [])


async def test_a_call_without_a_credential_is_given_back_unsent(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)), auth="bearer")
    with pytest.raises(ConfigurationError):
        await desk.made(desk.call())
    await desk.is_closed_once()
    assert (desk.store.closings, desk.provider.sent) == (["release"], [])


async def test_a_journal_that_cannot_be_written_before_sending_sends_nothing(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)), journal_fails=["dispatched"])
    with pytest.raises(StorageUnavailable):
        await desk.made(desk.call())
    await desk.is_closed_once()
    assert (desk.store.closings, desk.provider.sent) == (["release"], [])


async def test_a_journal_that_is_full_when_the_answer_is_there_loses_no_settlement(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)), journal_fails=["settled"])
    assert orjson.loads(await desk.made(desk.call()))["usage"] == USAGE
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.cost_nanos, entry.certainty) == (EXACT, Certainty.EXACT)


async def test_a_store_that_fails_when_the_answer_is_there_does_not_keep_it_from_the_caller(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)), store_fails=["settle"])
    assert await desk.made(desk.call())
    assert (desk.app.desk.owed, await desk.entries()) == (1, [])
    desk.store.failing.clear()
    assert len(await desk.app.desk.pay_owed()) == 1
    await desk.is_closed_once()
    assert (await desk.entry()).cost_nanos == EXACT


async def test_a_caller_that_raises_after_the_answer_changes_nothing_that_is_booked(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)))
    with pytest.raises(KeyError):
        async with desk.app.path.open(desk.call()):
            raise KeyError("the caller's own")
    await desk.is_closed_once()
    assert (await desk.entry()).cost_nanos == EXACT


async def test_a_defect_after_dispatch_is_charged_at_the_bound(desk_of):
    desk = await desk_of(RuntimeError("a defect"))
    with pytest.raises(RuntimeError):
        await desk.made(desk.call())
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.outcome, entry.cost_nanos) == (Outcome.LOST, entry.bound_nanos)


@pytest.mark.parametrize(
    "reply", [asyncio.Event, lambda: Reply(asyncio.Event()), lambda: Reply(b"{", asyncio.Event())]
)
async def test_a_call_cancelled_before_its_answer_is_charged_at_the_bound_and_hung_up(desk_of, reply):
    desk = await desk_of(reply())
    task = asyncio.create_task(desk.made(desk.call()))
    await until(lambda: desk.provider.sent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.outcome, entry.cost_nanos) == (Outcome.LOST, entry.bound_nanos)


async def until(holds):
    """Let other tasks run until *holds* says so, and once more."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - the path knows nothing of the test
            await asyncio.sleep(0)
    await asyncio.sleep(0)


async def left_after(desk, count):
    """Read *count* chunks of a stream and go away while the next is awaited."""
    seen = []

    async def read():
        async with desk.app.path.open(desk.call(stream=True)) as answer:
            async for chunk in answer.chunks():
                seen.append(chunk)  # noqa: PERF401 - what was seen when the reader left counts

    task = asyncio.create_task(read())
    await until(lambda: len(seen) == count)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_stream_left_in_the_middle_is_charged_for_what_was_said(desk_of):
    desk = await desk_of(Reply(event(content="one two three"), asyncio.Event()))
    await left_after(desk, 1)
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.outcome, entry.certainty, entry.usage.output) == (Outcome.ABORTED, Certainty.COUNTED, 3)
    assert desk.provider.reply.closed


async def test_a_stream_left_after_its_end_mark_is_whole_though_the_provider_still_holds_the_line(desk_of):
    desk = await desk_of(Reply(*STREAM, asyncio.Event()))
    await left_after(desk, len(STREAM))
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.outcome, entry.certainty, entry.cost_nanos) == (Outcome.OK, Certainty.EXACT, EXACT)


async def test_a_stream_that_was_opened_and_never_read_is_charged_at_its_bound(desk_of):
    desk = await desk_of(Reply(*STREAM))
    async with desk.app.path.open(desk.call(stream=True)):
        pass
    await desk.is_closed_once()
    entry = await desk.entry()
    assert entry.cost_nanos == entry.bound_nanos


async def test_a_stream_with_an_endless_event_is_an_error_and_charged_at_its_bound(desk_of):
    desk = await desk_of(Reply(event(), b"data: " + b"x" * 2**25, asyncio.Event()))
    with pytest.raises(UpstreamUnavailable, match="cannot be read"):
        await desk.made(desk.call(stream=True))
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.outcome, entry.certainty) == (Outcome.CUT, Certainty.PRESUMED)


@pytest.mark.parametrize("count", [10**12 - 1, 10**12, 2**63, 2**64 - 1, -1, 1.5, True, "many"])
async def test_a_usage_that_no_account_could_hold_is_charged_at_the_bound(desk_of, count):
    told = {"prompt_tokens": 9, "completion_tokens": count, "total_tokens": 9}
    desk = await desk_of(Reply(orjson.dumps(WHOLE | {"model": "gpt-4", "usage": told})))
    await desk.made(desk.call())
    await desk.is_closed_once()
    entry = await desk.entry()
    assert (entry.certainty, entry.cost_nanos) == (Certainty.PRESUMED, entry.bound_nanos)
    assert entry.detail == "usage_contradictory"


async def test_a_cancellation_that_comes_while_the_books_are_closed_waits_for_them(desk_of):
    desk = await desk_of(Reply(orjson.dumps(WHOLE)))
    begun, go_on = asyncio.Event(), asyncio.Event()
    settle = desk.app.desk._closed

    async def slowly(*args):
        begun.set()
        await go_on.wait()
        return await settle(*args)

    desk.app.desk._closed = slowly
    task = asyncio.create_task(desk.made(desk.call()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await desk.is_closed_once()
    assert (await desk.entry()).cost_nanos == EXACT
