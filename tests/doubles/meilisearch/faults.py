"""What goes wrong on purpose: rules that match requests by `METHOD /path`, and rules that match tasks by their type.

faults.add("POST /indexes/*/documents", status(503, "too_many_search_requests"), times=2)
faults.add("POST *", reset_after())            # the request is carried out, the answer never comes
faults.fail_task("documentAdditionOrUpdate", "no_space_left_on_device")
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.doubles.fault_specs import parse_faults
from tests.doubles.meilisearch.errors import DEVICE_FULL, TASK_QUEUE_FULL, ApiError
from tests.doubles.meilisearch.tasks import Task

RETRY_AFTER = 10  # seconds that a 503 of Meilisearch asks for


@dataclass
class Plan:
    """How one request will be answered. The rules that match it fill this in."""

    name: str = ""
    delay: float = 0.0
    reset: str | None = None  # "before" the request is carried out, or "after" it
    hang: bool = False
    status: int | None = None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    half: bool = False  # only half of the answer is sent
    stall: bool = False  # the head of the answer is sent, and nothing more
    drip: float = 0.0  # seconds between two bytes of the answer, after its head
    forget_task: bool = False  # the task that the request makes is gone at once


Action = Callable[[Plan], None]


def _setter(name: str, **fields: Any) -> Action:
    def act(plan: Plan) -> None:
        plan.name = name
        for key, value in fields.items():
            setattr(plan, key, value)

    return act


def slow(seconds: float) -> Action:
    return _setter("slow", delay=seconds)


def hang() -> Action:
    """No answer ever; the connection stays open until the server stops."""
    return _setter("hang", hang=True)


def reset_before() -> Action:
    """The connection breaks before anything is done."""
    return _setter("reset_before", reset="before")


def reset_after() -> Action:
    """The request is carried out, then the connection breaks: the answer is lost."""
    return _setter("reset_after", reset="after")


def half() -> Action:
    """Half of the answer, then the end of the connection."""
    return _setter("half", half=True)


def stall() -> Action:
    """The head of the answer, and nothing more; the connection stays open until the server stops."""
    return _setter("stall", stall=True)


def drip(seconds: float) -> Action:
    """The head of the answer, and the rest byte by byte, with so many seconds between."""
    return _setter("drip", drip=seconds)


def status(code: int, error: str = "internal", message: str = "", retry_after: int | None = None) -> Action:
    """An answer as given; a 503 carries Retry-After as Meilisearch's does."""
    fault = ApiError(error, message or _MESSAGES.get(error, "An error on purpose."))
    wait = RETRY_AFTER if retry_after is None and code == 503 else retry_after
    headers = () if wait is None else (("Retry-After", str(wait)),)
    return _setter(f"status {code}", status=code, body=json.dumps(fault.body()).encode(), headers=headers)


def queue_full() -> Action:
    """The task database is full: 422 to every write."""
    return status(422, "no_space_left_on_device", TASK_QUEUE_FULL)


def vanish() -> Action:
    """The task that the request makes is not to be found any more, and never done."""
    return _setter("vanish", forget_task=True)


_MESSAGES = {
    "too_many_search_requests": "Too many search requests running at the same time: 1000. Retry after 10s.",
    "no_space_left_on_device": DEVICE_FULL,
    "payload_too_large": "The provided payload reached the size limit. The maximum accepted payload size is 100 MB.",
    "database_size_limit_reached": "Maximum database size has been reached.",
    "internal": "An internal error has occurred.",
    "io_error": "I/O error. This error generally happens when you have no space left on device or when your database "
    "doesn't have read or write right.",
}
ACTIONS: dict[str, Callable[..., Action]] = {
    act.__name__: act for act in (slow, hang, reset_before, reset_after, half, stall, drip, status, queue_full, vanish)
}


@dataclass
class Rule:
    """Which requests (or tasks) something happens to: by pattern, predicate, count and chance."""

    pattern: str
    action: Any
    predicate: Callable[[Any], bool] | None = None
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    seen: int = 0
    fired: int = 0

    def matches(self, name: str, what: Any, chance: random.Random) -> bool:
        if self.times is not None and self.fired >= self.times:
            return False
        if not fnmatchcase(name, self.pattern) or (self.predicate is not None and not self.predicate(what)):
            return False
        self.seen += 1
        if self.seen <= self.skip or chance.random() >= self.probability:
            return False
        self.fired += 1
        return True


class Faults:
    def __init__(self, seed: int = 0) -> None:
        self.requests: list[Rule] = []
        self.tasks: list[Rule] = []
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def add(self, pattern: str, action: Action, **conditions: Any) -> Rule:
        """For requests. Conditions: predicate (of the Call), skip, times, probability."""
        rule = Rule(pattern, action, **conditions)
        self.requests.append(rule)
        return rule

    def fail_task(self, kind: str, code: str, message: str = "", **conditions: Any) -> Rule:
        """Tasks of a kind (a pattern) fail with a code. Conditions as in add; the predicate sees the Task."""
        error = ApiError(code, message or _MESSAGES.get(code, "A failure on purpose."))
        rule = Rule(kind, error, **conditions)
        self.tasks.append(rule)
        return rule

    def clear(self, pattern: str | None = None) -> None:
        self.requests = [rule for rule in self.requests if pattern not in (None, rule.pattern)]
        self.tasks = [rule for rule in self.tasks if pattern not in (None, rule.pattern)]

    def plan(self, target: str, call: Any) -> Plan:
        found = Plan()
        with self._lock:
            for rule in self.requests:
                if rule.matches(target, call, self._chance):
                    rule.action(found)
        return found

    def before_task(self, task: Task) -> None:
        """Raises ApiError when the task is to fail."""
        with self._lock:
            for rule in self.tasks:
                if rule.matches(task.kind, task, self._chance):
                    raise rule.action


def parse(spec: str) -> list[tuple[str, Action, dict[str, Any]]]:
    """`METHOD PATH:ACTION(ARGS)+SKIPxTIMES%CHANCE`, several of them with `;` between. Raises ValueError."""
    return parse_faults(spec, r"[A-Z*]+ [^:]+", ACTIONS)
