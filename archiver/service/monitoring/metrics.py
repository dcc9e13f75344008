"""Prometheus metrics of the service: totals by account, method and state; no channel names, no texts.

https://prometheus.io/docs/practices/naming/. Counters start at 0 with each run; gauges are set on each scrape.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from archiver.mirror.write_changes import StoredCounts
from archiver.model.account_status import ACTIVITIES, AccountStatus
from archiver.service.monitoring.health import ChannelCounts
from archiver.store.index.outbox import Waiting

KIND = CONTENT_TYPE_LATEST


class Metrics:
    """The metrics of one run."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._calls = self._counter("calls", "Calls to the server, by outcome.", "account", "method", "outcome")
        self._messages = self._counter("messages", "Stored changes of messages, by kind.", "account", "change")
        self._state = self._gauge("account_state", "1 for the account's current state.", "account", "state")
        self._heard = self._gauge(
            "account_last_success_timestamp_seconds", "When the server last reported the state of channels.", "account"
        )
        self._flood = self._gauge("flood_wait_seconds", "Seconds left of the account's longest flood wait.", "account")
        self._due = self._gauge("due_channels", "Channels with changes to fetch.", "account")
        self._filling = self._gauge("filling_channels", "Channels with history to fetch.", "account")
        self._channels = self._gauge("channels", "Channels to mirror, by whether they can be read.", "account", "state")
        self._lag = self._gauge(
            "lag_seconds",
            "Time since the oldest sync among the channels that can be read.",
        )
        self._healthy = self._gauge("healthy", "1 while every channel is mirrored.")
        self._outbox = self._gauge("outbox_messages", "Messages not yet in the index.")
        self._outbox_age = self._gauge("outbox_age_seconds", "Age of the oldest of them.")

    def count_call(self, account: str, method: str, outcome: str) -> None:
        """Count a finished call."""
        self._calls.labels(account, method, outcome).inc()

    def count_stored(self, account: str, stored: StoredCounts) -> None:
        """Count the changes of one stored answer."""
        for change in ("inserted", "updated", "revised", "missing"):
            if number := getattr(stored, change):
                self._messages.labels(account, change).inc(number)

    def set_accounts(self, accounts: Mapping[str, AccountStatus], counts: Mapping[str, ChannelCounts]) -> None:
        """Set the gauges of all accounts and their channels."""
        for gauge in (self._state, self._heard, self._flood, self._due, self._filling, self._channels):
            gauge.clear()
        for name, account in accounts.items():
            for state in ACTIVITIES:
                self._state.labels(name, state).set(account.state == state)
            self._heard.labels(name).set(account.heard_at or 0)
            self._flood.labels(name).set(account.flood_wait)
            self._due.labels(name).set(account.due)
            self._filling.labels(name).set(account.filling)
        for name, count in counts.items():
            self._channels.labels(name, "followed").set(count.channels - count.aside)
            self._channels.labels(name, "aside").set(count.aside)

    def set_health(self, *, healthy: bool, lag: float) -> None:
        """Set the verdict, and the seconds since the oldest sync."""
        self._healthy.set(healthy)
        self._lag.set(lag)

    def set_outbox(self, waiting: Waiting, now: float) -> None:
        """Set the index lag."""
        self._outbox.set(waiting.messages)
        self._outbox_age.set(0 if waiting.since is None else max(now - waiting.since, 0))

    def render(self) -> bytes:
        """Render all metrics in the text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"telekeep_{name}", meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"telekeep_{name}", meaning, labels, registry=self._registry)
