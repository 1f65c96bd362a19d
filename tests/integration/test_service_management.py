"""Management under ``/api``: every route with good and hostile input; a refusal changes nothing."""

import math

import pytest
from fastapi.openapi.models import OpenAPI

GOOD = {"scope": "customer:c1", "period": "daily", "limit_usd": "5.00"}


async def ask(gateway, method, path, body=None, **query):
    """Return (status, parsed body) of a request of any method."""
    sent = {"data": body} if isinstance(body, bytes) else {"json": body}
    async with gateway.http.request(method, gateway.url + path, params=query, **sent) as reply:
        return reply.status, await reply.json()


async def chat(gateway, **headers):
    body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "[[sim output=7]]"}]}
    status, head, _ = await gateway.post("/v1/chat/completions", body, headers=headers)
    assert status == 200
    return head["x-solvent-call-id"]


async def test_a_budget_is_put_in_force_listed_replaced_and_removed(gateway):
    assert await ask(gateway, "GET", "/api/budgets") == (200, [])
    status, made = await ask(gateway, "PUT", "/api/budgets", GOOD)
    assert (status, made["limit"]) == (200, {"nanos": 5_000_000_000, "usd": "5"})
    again = await ask(gateway, "PUT", "/api/budgets", GOOD)
    assert again == (200, made)
    raised = GOOD | {
        "limit_usd": "6",
        "time_zone": "Europe/Zurich",
        "raise_usd": "1.5",
        "raise_until": "2126-01-01T00:00:00+01:00",
    }
    _, replaced = await ask(gateway, "PUT", "/api/budgets", raised)
    assert (replaced["raised_by"]["usd"], replaced["raised_until"][:19]) == ("1.5", "2125-12-31T23:00:00")
    await ask(gateway, "PUT", "/api/budgets", GOOD | {"hard": False})
    _, listed = await ask(gateway, "GET", "/api/budgets")
    assert len(listed) == 2
    status, gone = await ask(gateway, "DELETE", "/api/budgets", scope="customer:c1", period="daily")
    assert (status, gone) == (200, replaced)
    absent = await ask(gateway, "DELETE", "/api/budgets", scope="customer:c1", period="daily")
    assert absent == (200, None)
    _, left = await ask(gateway, "GET", "/api/budgets")
    assert [budget["hard"] for budget in left] == [False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit_usd": "-1"},
        {"limit_usd": "NaN"},
        {"limit_usd": "Infinity"},
        {"limit_usd": "1e400"},
        {"limit_usd": "9007199.254740992"},
        {"limit_usd": "99999999999999999999"},
        {"limit_usd": "five"},
        {"limit_usd": ""},
        {"limit_usd": "1" * 41},
        {"limit_usd": 5},
        {"limit_usd": 5.0},
        {"limit_usd": None},
        {"limit": "5"},
        {"scope": ""},
        {"scope": "customer"},
        {"scope": "customer:"},
        {"scope": "nobody:x"},
        {"scope": "total:x"},
        {"scope": "customer:a\nb"},
        {"scope": "customer:" + "x" * 256},
        {"scope": "tag:team"},
        {"scope": 5},
        {"period": "fortnightly"},
        {"period": 5},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": ""},
        {"time_zone": "x" * 101},
        {"hard": "yes"},
        {"hard": 1},
        {"active": None},
        {"raise_usd": "1"},
        {"raise_usd": "-1", "raise_until": "2126-01-01T00:00:00Z"},
        {"raise_usd": "9007199", "raise_until": "2126-01-01T00:00:00Z"},
        {"raise_usd": "1", "raise_until": "2126-01-01T00:00:00"},
        {"raise_usd": "1", "raise_until": "2126-13-01T00:00:00Z"},
        {"raise_usd": "1", "raise_until": "soon"},
        {"raise_usd": "1", "raise_until": "0001-01-01T00:00:00+14:00"},
        {"raise_usd": "1", "raise_until": "9999-12-31T23:00:00-14:00"},
        {"raise_usd": "1", "raise_until": math.inf},
        {"raise_usd": "1", "raise_until": 10**30},
        {"color": "red"},
    ],
    ids=str,
)
async def test_a_budget_that_cannot_hold_is_refused_in_words_and_changes_nothing(gateway, wrong):
    await ask(gateway, "PUT", "/api/budgets", GOOD)
    before = await ask(gateway, "GET", "/api/budgets")
    status, told = await ask(gateway, "PUT", "/api/budgets", GOOD | wrong)
    assert status in (400, 422), told
    assert told["error"]["code"] in ("call_invalid", "limit_out_of_range")
    assert told["error"]["message"]
    assert await ask(gateway, "GET", "/api/budgets") == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 9000, b'{"scope": "total"}']
)
async def test_a_body_that_is_no_budget_is_refused_in_words(gateway, body):
    status, told = await ask(gateway, "PUT", "/api/budgets", body)
    assert (status, told["error"]["code"]) == (400, "call_invalid")
    assert await ask(gateway, "GET", "/api/budgets") == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"scope": "total"},
        {"scope": "", "period": "daily"},
        {"scope": "nobody:x", "period": "daily"},
        {"scope": "total", "period": "never"},
        {"scope": "total", "period": "daily", "kind": "firm"},
        {"scope": "customer:" + "x" * 999, "period": "daily"},
    ],
    ids=str,
)
async def test_a_removal_that_names_no_budget_is_refused_and_removes_none(gateway, query):
    await ask(gateway, "PUT", "/api/budgets", GOOD)
    status, told = await ask(gateway, "DELETE", "/api/budgets", **query)
    assert (status, told["error"]["code"]) == (400, "call_invalid")
    assert len((await ask(gateway, "GET", "/api/budgets"))[1]) == 1


async def test_balances_show_every_budget_that_counts_and_the_default_it_comes_from(gateway):
    await ask(gateway, "PUT", "/api/budgets", GOOD | {"scope": "customer:*"})
    await ask(gateway, "PUT", "/api/budgets", GOOD | {"scope": "total", "period": "lifetime"})
    await chat(gateway, **{"x-solvent-customer": "c9"})
    _, every = await ask(gateway, "GET", "/api/balances")
    by_scope = {row["scope"]: row for row in every}
    (entry,) = await gateway.entries()
    assert set(by_scope) == {"customer:c9", "total"}
    assert by_scope["customer:c9"]["from_default"] == "customer:*"
    assert by_scope["total"]["resets_at"] is None
    for row in every:
        assert (row["spent"]["nanos"], row["held"]["nanos"]) == (entry.cost_nanos, 0)
        assert row["available"]["nanos"] == row["limit"]["nanos"] - entry.cost_nanos
    assert (await ask(gateway, "GET", "/api/balances", scope="customer:c9"))[1] == [by_scope["customer:c9"]]
    assert (await ask(gateway, "GET", "/api/balances", scope="agent:nobody"))[1] == []


@pytest.mark.parametrize("scope", ["nobody:x", "customer:", "customer:*", "x" * 401, "total:5"])
async def test_balances_of_what_is_no_scope_are_refused(gateway, scope):
    status, told = await ask(gateway, "GET", "/api/balances", scope=scope)
    assert (status, told["error"]["code"]) == (400, "call_invalid")


async def test_holds_are_empty_when_nothing_is_in_flight(gateway):
    await chat(gateway)
    assert await ask(gateway, "GET", "/api/holds") == (200, [])


async def test_usage_is_grouped_and_filtered(gateway):
    await chat(gateway, **{"x-solvent-customer": "a", "x-solvent-tag-team": "blue"})
    await chat(gateway, **{"x-solvent-customer": "b", "x-solvent-agent": "g", "x-solvent-campaign": "q"})
    (whole,) = (await ask(gateway, "GET", "/api/usage"))[1]
    by_customer = (await ask(gateway, "GET", "/api/usage", by="customer"))[1]
    assert (whole["calls"], whole["group"], whole["usage"]["output"]) == (2, {}, 14)
    assert sum(row["cost"]["nanos"] for row in by_customer) == whole["cost"]["nanos"] > 0
    assert {row["group"]["customer"] for row in by_customer} == {"a", "b"}
    async with gateway.http.get(gateway.url + "/api/usage?by=model&by=tag:team&by=day&by=hour") as reply:
        assert {row["group"]["tag:team"] for row in await reply.json()} == {"blue", None}
    for query in (
        {"customer": "b"},
        {"agent": "g"},
        {"campaign": "q"},
        {"tag": "team=blue"},
        {"customer": "a", "model": "gpt-4o-mini", "provider": "openai", "from": "2020-01-01"},
    ):
        assert [row["calls"] for row in (await ask(gateway, "GET", "/api/usage", **query))[1]] == [1], query
    for query in ({"customer": "nobody"}, {"to": "2020-01-01T00:00:00Z"}, {"model": "' OR 1=1 --"}):
        assert sum(row["calls"] for row in (await ask(gateway, "GET", "/api/usage", **query))[1]) == 0, query


@pytest.mark.parametrize(
    "query",
    [
        {"by": "color"},
        {"by": "tag"},
        {"by": "tag:"},
        {"by": "model; DROP TABLE"},
        {"tag": "team"},
        {"tag": "=x"},
        {"tag": "team="},
        {"from": "yesterday"},
        {"from": "2026-02-30"},
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"from": "9" * 30},
        {"customer": "x" * 401},
        {"colour": "red"},
    ],
    ids=str,
)
async def test_a_question_that_has_no_meaning_is_refused(gateway, query):
    status, told = await ask(gateway, "GET", "/api/usage", **query)
    assert (status, told["error"]["code"]) == (400, "call_invalid")


async def test_a_call_shows_its_entries_and_an_unknown_one_has_none(gateway):
    call_id = await chat(gateway, **{"x-solvent-customer": "a"})
    status, (entry,) = await ask(gateway, "GET", f"/api/calls/{call_id}")
    assert status == 200
    assert (entry["kind"], entry["certainty"], entry["outcome"]) == ("attempt", "exact", "ok")
    assert entry["usage"]["output"] == 7
    assert "customer:a" in entry["scopes"]
    assert "[[sim" not in str(entry)
    assert await ask(gateway, "GET", "/api/calls/call_unknown") == (200, [])


async def test_prices_are_found_by_part_of_a_name(gateway):
    status, found = await ask(gateway, "GET", "/api/prices", text="gpt-4o-mini")
    assert status == 200
    assert {"openai"} <= {row["source"] for row in found}
    assert (await ask(gateway, "GET", "/api/prices", text="no such model"))[1] == []
    assert len((await ask(gateway, "GET", "/api/prices"))[1]) <= 500
    assert (await ask(gateway, "GET", "/api/prices", text="x" * 201))[0] == 400


async def test_what_is_not_served_is_said_as_json(gateway):
    for method, path in (("POST", "/api/budgets"), ("GET", "/api/nothing"), ("GET", "/api/calls/a/b")):
        status, told = await ask(gateway, method, path)
        assert status in (404, 405)
        assert told["error"]["code"] == "address_unknown"


async def test_the_description_is_valid_and_names_every_route(gateway):
    status, document = await ask(gateway, "GET", "/api/openapi.json")
    described = OpenAPI.model_validate(document)
    assert status == 200
    assert {path.removeprefix("/api") for path in described.paths} >= {
        "/budgets",
        "/balances",
        "/holds",
        "/usage",
        "/calls/{call_id}",
        "/prices",
    }
    servers = [server["url"] for server in document.get("servers", [{"url": ""}])]
    path = next(iter(document["paths"]))
    assert (await ask(gateway, "GET", servers[0] + path))[0] == 200
