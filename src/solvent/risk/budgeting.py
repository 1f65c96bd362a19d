"""Customers' budgets from assessments: a plan that is kept, applied, and taken back.

A plan names every budget before and after. It is kept before anything is changed, so a process that dies half-way
leaves a plan that a repeat finishes or undoes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from solvent.domain.budget import Budget
from solvent.domain.clock import Clock
from solvent.domain.ids import Ids
from solvent.domain.period import Period
from solvent.errors import CallInvalid
from solvent.ports.risk import RiskKind, RiskRecord, RiskStore
from solvent.risk.limits import (
    Change,
    Exposure,
    LimitProposal,
    LimitRules,
    Moved,
    Purse,
    changes,
    move,
    propose,
    undone,
)
from solvent.risk.records import Record


class BudgetRow(Record):
    """A budget as it is kept in a plan."""

    scope: str
    period: Period
    limit_nanos: int
    hard: bool
    time_zone: str
    active: bool
    raise_nanos: int
    raise_until_us: int | None

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """Return the row of *budget*."""
        return cls(**{name: getattr(budget, name) for name in cls.model_fields})

    def budget(self) -> Budget:
        """Return the budget."""
        return Budget(**{name: getattr(self, name) for name in type(self).model_fields})


class ChangeRow(Record):
    """A change as it is kept in a plan."""

    before: BudgetRow | None
    after: BudgetRow

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return the row of a proposed *change*, which always has an after."""
        if change.after is None:
            raise AssertionError("a plan proposes budgets, it takes none away")
        before = None if change.before is None else BudgetRow.of(change.before)
        return cls(before=before, after=BudgetRow.of(change.after))

    def change(self) -> Change:
        """Return the change."""
        after = self.after.budget()
        return Change(after.key, None if self.before is None else self.before.budget(), after)


class PlanRow(Record):
    """The changes of a plan."""

    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class LimitPlan:
    """A proposal for every customer, and the budgets that it would change; advisory until applied."""

    id: str
    proposals: tuple[LimitProposal, ...]
    changes: tuple[Change, ...]


class LimitDesk:
    """Plans of budgets over one store and one purse."""

    def __init__(self, *, store: RiskStore, purse: Purse, clock: Clock, ids: Ids, rules: LimitRules) -> None:
        self._store = store
        self._purse = purse
        self._clock = clock
        self._ids = ids
        self._rules = rules

    async def plan(self, known: Sequence[Exposure]) -> LimitPlan:
        """Return and keep what the budgets of *known* customers should be; no budget is changed."""
        proposals = tuple(propose(each, self._rules) for each in known)
        wanted = await changes(proposals, self._rules.period, self._purse)
        plan_id = self._ids.new("limits", self._clock.now_us())
        row = PlanRow(changes=tuple(ChangeRow.of(change) for change in wanted))
        await self._append(plan_id, RiskKind.LIMITS, None, row.model_dump_json())
        return LimitPlan(plan_id, proposals, wanted)

    async def apply(self, plan_id: str) -> Moved:
        """Put the budgets of a plan in force; a repeat changes nothing more.

        A budget that was changed by somebody since the plan was made is left alone.

        Raises:
            CallInvalid: there is no such plan, or it was taken back.
        """
        wanted = await self._changes(plan_id)
        if await self._store.find(f"{plan_id}.undone") is not None:
            raise CallInvalid(f"the plan {plan_id} was taken back; make a new one")
        await self._append(f"{plan_id}.applied", RiskKind.APPLIED, plan_id, "{}")
        return await move(wanted, self._purse)

    async def undo(self, plan_id: str) -> Moved:
        """Put back the budgets that a plan replaced; a repeat changes nothing more.

        A budget that was changed by somebody since the plan was applied is left alone.

        Raises:
            CallInvalid: there is no such plan, or it was never applied.
        """
        wanted = await self._changes(plan_id)
        if await self._store.find(f"{plan_id}.applied") is None:
            raise CallInvalid(f"the plan {plan_id} was never applied; there is nothing to take back")
        await self._append(f"{plan_id}.undone", RiskKind.UNDONE, plan_id, "{}")
        return await move(undone(wanted), self._purse)

    async def _changes(self, plan_id: str) -> tuple[Change, ...]:
        record = await self._store.find(plan_id)
        if record is None or record.kind is not RiskKind.LIMITS:
            raise CallInvalid(f"there is no plan {plan_id!r}; see: solvent risk limits")
        return tuple(row.change() for row in PlanRow.model_validate_json(record.document).changes)

    async def _append(self, record_id: str, kind: RiskKind, about: str | None, document: str) -> None:
        now_us = self._clock.now_us()
        await self._store.append([RiskRecord(record_id, kind, None, about, now_us, document)])
