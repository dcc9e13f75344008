"""Which addresses of an account's data centres are tried, and what its session file knows of them.

A data centre in the settings is asked at that address only; any other one at the addresses that the servers give. An
address learned from one network is never used in another: each session records which self-hosted server it is for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from archiver.telegram.data_centres import BUILT_IN, FIRST, DcAddress, order
from archiver.telegram.server_address import ServerAddress
from archiver.telegram.session import GuestKey, SessionData, read_session, write_session

_NOWHERE = "0.0.0.0"  # noqa: S104  # nothing is bound to it


class Route:
    """The data centres of one account."""

    def __init__(self, address: ServerAddress, path: Path) -> None:
        self._address = address
        self._path = path
        self.via = f"{address.dc}@{address.host}:{address.port}" if address.dc_addresses else ""
        """Identifies this network in the session; empty for Telegram itself."""

    @property
    def home(self) -> int:
        """The account's data centre, as far as known."""
        first = self._address.dc_addresses[0].dc if self._address.dc_addresses else FIRST
        stored = read_session(self._path)
        if stored is None or (stored.via is None and self._address.dc_addresses):
            return first
        if stored.via not in (None, self.via) and stored.auth_key is None:
            return first  # no key ties it to the old one
        return stored.dc

    def addresses(self, dc: int) -> list[DcAddress]:
        """The known addresses of this data centre, best first."""
        if named := order(dc, self._address.dc_addresses):
            return named
        known = order(dc, self._known(), obfuscated=self._address.proxy is None)
        if self._address.is_mtproxy:
            return known[:1] or [DcAddress(dc, _NOWHERE, 443)]  # an MTProxy only needs the number
        return known

    def is_in_settings(self, dc: int) -> bool:
        """Whether the settings give its address, or a proxy finds it."""
        return bool(order(dc, self._address.dc_addresses)) or self._address.is_mtproxy

    def elsewhere(self, dc: int) -> DcAddress | None:
        """Address of another data centre, to ask for one that is not found."""
        others = [one for one in self._known() if one.dc != dc and one.is_open and not (one.ipv6 or one.tcpo_only)]
        return next(iter(others), None)

    def _known(self) -> list[DcAddress]:
        stored = read_session(self._path)
        learned: list[DcAddress] = []
        if stored is not None and stored.via in (None, self.via):
            last = (stored.dc, stored.host, stored.port)
            known = [one for one in stored.dc_addresses if (one.dc, one.host, one.port) == last]
            if stored.host and stored.host != _NOWHERE and stored.port:
                learned += known or [DcAddress(stored.dc, stored.host, stored.port)]
            learned += stored.dc_addresses
        return [*self._address.dc_addresses, *learned, *(() if self._address.dc_addresses else BUILT_IN)]

    def learn(self, dc_addresses: Iterable[DcAddress]) -> None:
        """Store the addresses that a server listed, unless the list is empty."""
        if learned := tuple(dc_addresses):
            stored = self._stored()
            if stored.via not in (None, self.via):
                stored = replace(stored, host=None, port=None)  # of another network
            write_session(self._path, replace(stored, dc_addresses=learned, via=self.via))

    def move_home(self, dc: int, *, with_key: bool) -> None:
        """Record the account's new home. `with_key`: if no key is known for it, try the old one."""
        stored = self._stored()
        if dc == stored.dc:
            return
        guests = dict(stored.guests)
        there = guests.pop(dc, None)
        if stored.auth_key:
            guests[stored.dc] = GuestKey(stored.auth_key)
        key = there.key if there else stored.auth_key if with_key else None
        best = next(iter(self.addresses(dc)), None)
        host, port = (best.host, best.port) if best else (None, None)
        moved = replace(stored, dc=dc, host=host, port=port, auth_key=key, guests=guests, via=self.via)
        write_session(self._path, moved)

    def drop_key(self, dc: int | None) -> None:
        """Forget the key of the home, or of another data centre."""
        stored = self._stored()
        if dc is None:
            write_session(self._path, replace(stored, auth_key=None))
        else:
            write_session(self._path, replace(stored, guests={n: g for n, g in stored.guests.items() if n != dc}))

    def is_admitted(self, dc: int) -> bool:
        """Whether the account's authorization was imported there."""
        guest = self._stored().guests.get(dc)
        return guest is not None and guest.admitted

    def note_admitted(self, dc: int, admitted: bool) -> None:
        """Record whether it was."""
        stored = self._stored()
        if guest := stored.guests.get(dc):
            guests = {**stored.guests, dc: replace(guest, admitted=admitted)}
            write_session(self._path, replace(stored, guests=guests))

    def forget_keys(self) -> None:
        """Start over with new keys. The home stays known, unless it was in another network."""
        stored = self._stored()
        if stored.via not in (None, self.via):
            self._path.unlink(missing_ok=True)
        else:
            write_session(self._path, replace(stored, auth_key=None, guests={}))

    def _stored(self) -> SessionData:
        return read_session(self._path) or SessionData(dc=self.home, via=self.via)
