"""Everything that goes wrong on the way: rules that match calls, and what they do to the answer.

faults.add("messages.getHistory", flood(30), skip=2, times=1)
faults.add("*", delay(0.1), probability=0.2)
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import ceil
from typing import Any

from tests.doubles.fault_specs import parse_faults
from tests.doubles.telegram.obedience import Order
from tests.doubles.telegram.rpc import Call
from tests.doubles.telegram.windows import Bucket, Window, lane


@dataclass
class Plan:
    """How one call will be answered. The rules that match it fill this in."""

    delay: float = 0.0
    error: tuple[int, str] | None = None
    flood: int | None = None  # seconds that the account is told to wait
    hang: bool = False
    drop: bool = False  # close the connection before answering
    half: int | None = None  # send so many bytes of the answer, then reset the connection
    cut: int | None = None  # send so many bytes of the answer, then end the connection politely
    empty: bool = False  # answer without a single message
    dup: bool = False
    reorder: float = 0.0  # let the next answer overtake this one, which waits at most for these seconds
    refuse: int | None = None  # bad_msg_notification 16, 17, 32 or bad_server_salt 48
    new_session: bool = False
    skew: int = 0  # seconds by which the answer's msg_id is wrong
    unknown: str | None = None  # alone, container or vector
    transport: int | None = None  # -404, -429
    gzip: bool | None = None
    bomb: tuple[int, str] | None = None  # megabytes that the answer unpacks to, and how it is packed
    lie: Callable[[Any], Any] | None = None  # what the answer, an object of TL, is turned into
    order: Order[Violation] | None = None  # of a flood, whose reading the client is asked about

    @property
    def lost(self) -> bool:
        """Whether the client will not hear this error."""
        broken = self.drop or self.hang or (self.half, self.cut, self.refuse, self.transport) != (None,) * 4
        return broken or self.error is None or not self.error[1].startswith("FLOOD_")


Action = Callable[[Plan], None]
Meter = Callable[[Call], "Action | None"]


def _setter(**fields: Any) -> Action:
    def act(plan: Plan) -> None:
        for name, value in fields.items():
            setattr(plan, name, value)

    return act


def flood(seconds: int) -> Action:
    """FLOOD_WAIT: whoever calls again before the time is over is a violation."""
    return _setter(error=(420, f"FLOOD_WAIT_{seconds}"), flood=seconds)


def premium_flood(seconds: int) -> Action:
    """FLOOD_PREMIUM_WAIT, which those who pay do not get; the rest as of `flood`."""
    return _setter(error=(420, f"FLOOD_PREMIUM_WAIT_{seconds}"), flood=seconds)


def rpc(code: int, message: str) -> Action:
    return _setter(error=(code, message))


def delay(seconds: float) -> Action:
    return _setter(delay=seconds)


def hang() -> Action:
    return _setter(hang=True)


def drop() -> Action:
    return _setter(drop=True)


def half(size: int) -> Action:
    return _setter(half=size)


def cut(size: int) -> Action:
    return _setter(cut=size)


def empty() -> Action:
    return _setter(empty=True)


def dup() -> Action:
    return _setter(dup=True)


def reorder(most: float = 0.1) -> Action:
    return _setter(reorder=most)


def bad_salt() -> Action:
    return _setter(refuse=48)


def bad_msg(code: int) -> Action:
    return _setter(refuse=code)


def new_session() -> Action:
    return _setter(new_session=True)


def msg_id_skew(seconds: int) -> Action:
    return _setter(skew=seconds)


def unknown_ctor(where: str = "alone") -> Action:
    if where not in ("alone", "container", "vector"):
        raise ValueError(where)
    return _setter(unknown=where)


def transport(code: int) -> Action:
    return _setter(transport=code)


def gzip(on: bool = True) -> Action:
    return _setter(gzip=on)


def bomb(megabytes: int, how: str = "once") -> Action:
    """An answer of a thousandth of that size. `how`: once, nested (packed twice), beside (a push does), inside."""
    if how not in ("once", "nested", "beside", "inside"):
        raise ValueError(how)
    return _setter(bomb=(megabytes, how))


def lie(twist: Callable[[Any], Any]) -> Action:
    """The answer is what `twist` returns of the true one. Not for specs: it takes a function."""
    return _setter(lie=twist)


_ALL = (
    flood,
    premium_flood,
    rpc,
    delay,
    hang,
    drop,
    half,
    cut,
    empty,
    dup,
    reorder,
    bad_salt,
    bad_msg,
    new_session,
    msg_id_skew,
    unknown_ctor,
    transport,
    gzip,
    bomb,
)
ACTIONS: dict[str, Callable[..., Action]] = {f.__name__: f for f in _ALL}


@dataclass
class Rule:
    """Which calls an action happens to: by method (a pattern), account, predicate, count and chance."""

    method: str
    action: Action
    predicate: Callable[[Any], bool] | None = None
    account: int | None = None
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    seen: int = 0
    fired: int = 0

    def matches(self, call: Call, chance: random.Random) -> bool:
        if self.times is not None and self.fired >= self.times:
            return False
        if not fnmatchcase(call.method, self.method):
            return False
        if self.account is not None and self.account != call.account:
            return False
        if self.predicate is not None and not self.predicate(call.request):
            return False
        self.seen += 1
        if self.seen <= self.skip or chance.random() >= self.probability:
            return False
        self.fired += 1
        return True


@dataclass(frozen=True)
class Violation:
    """A call that came before a flood wait was over."""

    account: int | None
    method: str
    seconds_early: float


class Faults:
    """The rules of one server, the floods it has declared, and who did not obey them."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self.limits: dict[str, Bucket] = {}
        self.windows: dict[str, Window] = {}
        self.meters: list[Meter] = []  # limits that look into requests
        self.grace: dict[str, float] = {}  # methods called side by side: seconds that a silent client is excused for
        self.told: dict[tuple[int | None, str], Order[Violation]] = {}  # the last order
        self.orders: list[tuple[float, Order[Violation]]] = []  # those of methods with grace, with that
        self.until: dict[tuple[int | None, str], float] = {}
        self._violations: list[Violation] = []
        self._chance = random.Random(seed)

    def add(self, method: str, action: Action, **conditions: Any) -> Rule:
        rule = Rule(method, action, **conditions)
        self.rules.append(rule)
        return rule

    def limit(self, method: str, rate: float, *, burst: float = 1, wait: int = 30) -> None:
        self.limits[method] = Bucket(rate, burst, wait)

    def window(self, method: str, *, calls: int, seconds: float, takeout_calls: int | None = None) -> None:
        """At most so many calls in any so many seconds; within a takeout others, which count by themselves."""
        self.windows[method] = Window(calls, seconds, takeout_calls)

    def clear(self, method: str | None = None) -> None:
        """No rules, limits and flood waits any more; only those of one method (or pattern of a rule) if it is given."""
        self.rules = [r for r in self.rules if method not in (None, r.method)]
        self.limits = {m: b for m, b in self.limits.items() if method not in (None, m)}
        self.windows = {m: w for m, w in self.windows.items() if method not in (None, m)}
        self.until = {key: t for key, t in self.until.items() if method not in (None, key[1].split()[0])}

    def plan(self, call: Call) -> Plan | None:
        """What happens to this call; None when nothing does."""
        now = call.time
        if not (self.rules or self.limits or self.windows or self.until or self.meters):
            return None
        early = self.until.get((call.account, lane(call)), now) - now
        if early > 0:
            return self._too_early(call, early)
        fired = [rule.action for rule in self.rules if rule.matches(call, self._chance)]
        bucket = self.limits.get(call.method)
        if bucket is not None and not bucket.take(call.account, now):
            fired.append(flood(bucket.wait))
        window = self.windows.get(call.method)
        if window is not None and (wait := window.take(call)) is not None:
            fired.append(flood(wait))
        fired += [action for meter in self.meters if (action := meter(call)) is not None]
        if not fired:
            return None
        plan = Plan()
        for action in fired:
            action(plan)
        if plan.flood is not None and not plan.lost:  # an order that never arrives binds nobody
            self.until[call.account, lane(call)] = now + plan.flood
            plan.order = Order(now, (plan.error or (420, "FLOOD_WAIT_0"))[1].rsplit("_", 1)[0])
            self.told[call.account, lane(call)] = plan.order
            if call.method in self.grace:
                self.orders.append((self.grace[call.method], plan.order))
        return plan

    @property
    def violations(self) -> list[Violation]:
        return self._violations + [one for grace, order in self.orders for one in order.blamed(grace)]

    def _too_early(self, call: Call, early: float) -> Plan:
        """Refuse it again; it is a violation unless it was under way when the order was read."""
        order = self.told.get((call.account, lane(call))) or Order(0.0, "FLOOD_WAIT")
        violation = Violation(call.account, lane(call), early)
        if call.method in self.grace:
            order.note_early(call.sent, call.time - order.when, violation)
        elif call.time > order.when:
            self._violations.append(violation)
        return Plan(error=(420, f"{order.name}_{ceil(early)}"), order=order)


def parse(spec: str) -> list[tuple[str, Action, dict[str, Any]]]:
    """`METHOD:ACTION(ARGS)+SKIPxTIMES%PROBABILITY`, several of them with `;` between. Raises ValueError."""
    return parse_faults(spec, r"[\w.*?\[\]]+", ACTIONS)
