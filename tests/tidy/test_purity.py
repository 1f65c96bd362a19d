"""What code may not do: money in floats, swallowed errors, hidden clocks and dice, state that outlives a call."""

import ast

import pytest

MONEY_FILES = (
    "src/solvent/domain/money.py",
    "src/solvent/domain/budget.py",
    "src/solvent/domain/reservation.py",
    "src/solvent/domain/entry.py",
    "src/solvent/pricing/rate.py",
    "src/solvent/pricing/bound.py",
)
TIMELESS_ROOMS = ("domain", "ports", "dialects", "resilience", "budgets", "pricing", "ledger", "calls")
OWNERS_OF_TIME = ("src/solvent/domain/clock.py", "src/solvent/domain/ids.py")
CLOCKS_AND_DICE = {
    "time": None,
    "random": None,
    "secrets": None,
    "uuid": None,
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter"}
BROAD = {"Exception", "BaseException", "everything"}
SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "sleep"}


def dotted(node):
    """The name of what is called or read, such as ``datetime.now``; empty when it is no plain name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def is_money(node):
    return dotted(node).endswith("_nanos")


def floats_in_money_files(source):
    if source.path not in MONEY_FILES:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield source.at(node, f"the float {node.value}")
        elif isinstance(node, ast.Call) and dotted(node.func) == "float":
            yield source.at(node, "float(…)")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield source.at(node, "true division")


def names_of_money_that_hold_floats(source):
    for node in ast.walk(source.tree):
        name, annotation = declared(node)
        if name.endswith("_nanos") and annotation and "float" in ast.unparse(annotation):
            yield source.at(node, f"{name} is a float")


def declared(node):
    """The name and annotation of a field, an argument or a function; an empty name for anything else."""
    if isinstance(node, ast.AnnAssign):
        return dotted(node.target), node.annotation
    if isinstance(node, ast.arg):
        return node.arg, node.annotation
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name, node.returns
    return "", None


def money_that_turns_into_a_float(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if is_money(node.left) or is_money(node.right):
                yield source.at(node, f"{ast.unparse(node)} divides money into a float")
        elif isinstance(node, ast.Call) and dotted(node.func) == "float" and any(map(is_money, node.args)):
            yield source.at(node, f"{ast.unparse(node)} makes a float of money")


def broad_excepts(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            named = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            caught = {dotted(kind) if kind else "everything" for kind in named} & BROAD
            if caught and not ends_with_raise(node.body):
                yield source.at(node, f"catches {', '.join(sorted(caught))} and goes on")
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("suppress"):
            broad = {dotted(kind) for kind in node.args} & BROAD
            yield from (source.at(node, f"suppresses {kind}") for kind in broad)


def ends_with_raise(body):
    return isinstance(body[-1], ast.Raise) and body[-1].exc is None


def hidden_clocks_and_dice(source):
    room = source.path.removeprefix("src/solvent/").partition("/")[0]
    if room not in TIMELESS_ROOMS or source.path in OWNERS_OF_TIME:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            owner, _, verb = dotted(node.func).rpartition(".")
            owner = owner.rpartition(".")[2]
            if owner in CLOCKS_AND_DICE and verb in (CLOCKS_AND_DICE[owner] or {verb}):
                yield source.at(node, f"{owner}.{verb}(…)")


def sleeps(source):
    for node in ast.walk(source.tree):
        waits = isinstance(node, ast.Call) and dotted(node.func) in SLEEPS
        if waits and [ast.unparse(argument) for argument in node.args] != ["0"]:
            yield source.at(node, ast.unparse(node))


def module_state(source):
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and is_mutable(node.value):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if dotted(target) != "__all__" and not shown_read_only(node):
                yield source.at(node, f"{ast.unparse(target)} can be changed by anyone")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Global):
            yield source.at(node, f"global {', '.join(node.names)}")


def shown_read_only(node):
    """Whether the type checker holds it: Final, and of a type without a way to change it."""
    told = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
    return told.startswith(("Final[Mapping[", "Final[Sequence[", "Final[Set["))


def is_mutable(value):
    if isinstance(value, ast.Call):
        return dotted(value.func).rpartition(".")[2] in MUTABLE_CALLS
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


RULES = (
    (floats_in_money_files, "Money is whole nano-dollars; use //, divmod, Decimal or Fraction"),
    (names_of_money_that_hold_floats, "A name that ends in _nanos is an int"),
    (money_that_turns_into_a_float, "Show money with Money.show or Money.plain; never divide it with /"),
    (broad_excepts, "Catch what you can handle, by name; clean up with finally"),
    (hidden_clocks_and_dice, "Take a Clock, Ids or a random source as an argument"),
    (module_state, "Use a tuple, a frozenset or Final[Mapping[…]], or hand the state in"),
)


@pytest.mark.parametrize(("rule", "advice"), RULES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_library_does_nothing_behind_your_back(library, rule, advice):
    broken = [fault for source in library for fault in rule(source)]
    assert not broken, f"{advice}:\n" + "\n".join(broken)


def test_no_test_waits_by_sleeping(suite):
    broken = [fault for source in suite for fault in sleeps(source)]
    assert not broken, "Wait for the event itself, or move a manual clock:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (floats_in_money_files, "share = 0.5"),
        (floats_in_money_files, "def f(a): return float(a)"),
        (floats_in_money_files, "def f(a, b): return a / b"),
        (floats_in_money_files, "def f(a, b):\n    a /= b"),
        (names_of_money_that_hold_floats, "class A:\n    cost_nanos: float"),
        (names_of_money_that_hold_floats, "def f(cost_nanos: float | None): ..."),
        (names_of_money_that_hold_floats, "def cost_nanos() -> float: ..."),
        (money_that_turns_into_a_float, "def f(row): return row.cost_nanos / 10**9"),
        (money_that_turns_into_a_float, "def f(cost_nanos): return float(cost_nanos)"),
        (broad_excepts, "try:\n    pass\nexcept:\n    pass"),
        (broad_excepts, "try:\n    pass\nexcept (ValueError, Exception) as e:\n    print(e)"),
        (broad_excepts, "with contextlib.suppress(BaseException): pass"),
        (hidden_clocks_and_dice, "def f(): return time.monotonic()"),
        (hidden_clocks_and_dice, "def f(): return datetime.datetime.now(UTC)"),
        (hidden_clocks_and_dice, "def f(): return random.random()"),
        (sleeps, "async def f(): await asyncio.sleep(0.1)"),
        (module_state, "SEEN = {}"),
        (module_state, "SEEN: Final = {}"),
        (module_state, "SEEN: Final[dict[str, int]] = defaultdict(int)"),
        (module_state, "def f():\n    global x\n    x = 1"),
    ],
)
def test_a_breach_of_purity_is_caught(source, rule, text):
    assert list(rule(source(text, MONEY_FILES[1])))


@pytest.mark.parametrize(
    "text",
    [
        "def half(a): return a // 2",
        "try:\n    pass\nexcept BaseException:\n    undo()\n    raise",
        "TABLE: Final = MappingProxyType({'a': 1})",
        "TABLE: Final[Mapping[str, int]] = {'a': 1}",
        "KINDS = ('a', 'b')\n__all__ = ['KINDS']",
        "def f(clock): return clock.now_us()",
    ],
)
def test_pure_code_is_left_alone(source, text):
    made = source(text, MONEY_FILES[1])
    assert not [fault for rule, _ in RULES for fault in rule(made)]
