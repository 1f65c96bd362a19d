"""A process that spends from a shared file as fast as it can. Run by the tests, never collected.

Arguments: database URL, a name for its calls, how many calls, a seed, and ``exact`` or ``mixed`` costs.
Prints as JSON how many calls were admitted, what they cost, and what each customer paid.
"""

import asyncio
import json
import random
import runpy
import sys
from pathlib import Path

from solvent.domain.clock import SystemClock
from solvent.domain.reservation import Reservation
from solvent.errors import StorageUnavailable
from solvent.storage.open import open_store

Teller = runpy.run_path(str(Path(__file__).parents[1] / "teller.py"))["Teller"]
BOUND_NANOS = 1000
IN_FLIGHT = 16


async def patiently(verb, *arguments):
    """Repeat a verb until the file is free; every verb may be repeated."""
    while True:
        try:
            return await verb(*arguments)
        except StorageUnavailable:
            await asyncio.sleep(0)


async def spend(url, name, calls, seed, costs):
    clock, dice = SystemClock(), random.Random(seed)
    teller = Teller(clock, owner=name)
    store = await open_store(url, clock=clock)
    numbers = iter(range(calls))
    paid = {"c1": 0, "c2": 0}
    admitted = 0

    async def worker():
        nonlocal admitted
        for number in numbers:
            customer = dice.choice(["c1", "c2"])
            ask = teller.ask(
                f"{name}_{number}", BOUND_NANOS, customer=customer, tags=[("team", dice.choice("xy"))]
            )
            held = await patiently(store.reserve, ask)
            if not isinstance(held, Reservation):
                continue
            admitted += 1
            if costs == "mixed" and dice.random() < 0.1:
                await patiently(store.release, ask.id)
                continue
            cost = BOUND_NANOS if costs == "exact" else dice.randrange(BOUND_NANOS + 1)
            await patiently(store.settle, ask.id, (teller.paid(ask, cost),))
            paid[customer] += cost

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    await store.close()
    print(json.dumps({"admitted": admitted, "cost": sum(paid.values()), "paid": paid}))


if __name__ == "__main__":
    url, name, calls, seed, costs = sys.argv[1:]
    asyncio.run(spend(url, name, int(calls), int(seed), costs))
