"""What the service counts and shows to a Prometheus: totals by account, method and state; no names, no texts.

https://prometheus.io/docs/practices/naming/. Counters begin at 0 with each run; gauges are set when they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from archiver.mirror.apply import StoredCounts
from archiver.service.monitoring.health import ChannelCounts
from archiver.store.outbox import Waiting

KIND = CONTENT_TYPE_LATEST
STATES = ("starting", "mirroring", "offline", "waiting", "silent")


class Metrics:
    """The figures of one run."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._calls = self._counter(
            "calls", "Calls to the server, by what came of them.", "account", "method", "outcome"
        )
        self._messages = self._counter(
            "messages", "Changes of messages that were stored, by kind.", "account", "change"
        )
        self._state = self._gauge("account_state", "1 for the state that the account is in.", "account", "state")
        self._heard = self._gauge(
            "account_last_success_timestamp_seconds", "When the server last told how channels stand.", "account"
        )
        self._flood = self._gauge("flood_wait_seconds", "How long a flood wait of the account still lasts.", "account")
        self._due = self._gauge("due_channels", "Channels in which something happened that is not fetched.", "account")
        self._filling = self._gauge("filling_channels", "Channels whose history is not complete.", "account")
        self._channels = self._gauge("channels", "Channels to mirror, by how they are.", "account", "state")
        self._lag = self._gauge("lag_seconds", "Age of the oldest state among the channels that can be read.")
        self._healthy = self._gauge("healthy", "1 while every channel is mirrored.")
        self._waiting = self._gauge("outbox_messages", "Messages that the index does not know yet.")
        self._age = self._gauge("outbox_age_seconds", "For how long the first of them has been waiting.")

    def count_call(self, account: str, method: str, outcome: str) -> None:
        """A call of this account came to an end."""
        self._calls.labels(account, method, outcome).inc()

    def count_stored(self, account: str, stored: StoredCounts) -> None:
        """An answer was stored."""
        for change in ("inserted", "updated", "revised", "missing"):
            if number := getattr(stored, change):
                self._messages.labels(account, change).inc(number)

    def set_accounts(self, accounts: Mapping[str, Mapping[str, Any]], counts: Mapping[str, ChannelCounts]) -> None:
        """How the accounts and their channels are."""
        for gauge in (self._state, self._heard, self._flood, self._due, self._filling, self._channels):
            gauge.clear()
        for name, account in accounts.items():
            for state in STATES:
                self._state.labels(name, state).set(account["state"] == state)
            self._heard.labels(name).set(account["heard_at"] or 0)
            self._flood.labels(name).set(account["flood_wait"])
            self._due.labels(name).set(account["due"])
            self._filling.labels(name).set(account["filling"])
        for name, count in counts.items():
            self._channels.labels(name, "followed").set(count.channels - count.aside)
            self._channels.labels(name, "aside").set(count.aside)

    def set_health(self, *, healthy: bool, lag: float) -> None:
        """Whether mirroring goes on, and how old the oldest state of a channel is."""
        self._healthy.set(healthy)
        self._lag.set(lag)

    def set_outbox(self, waiting: Waiting, now: float) -> None:
        """How far the index is behind."""
        self._waiting.set(waiting.messages)
        self._age.set(0 if waiting.since is None else max(now - waiting.since, 0))

    def render(self) -> bytes:
        """All of it, in the text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"telekeep_{name}", meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"telekeep_{name}", meaning, labels, registry=self._registry)
