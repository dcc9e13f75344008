"""An account is found in whichever data centre it is, through all that may happen on the way."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import functions as fn
from telethon.tl import types

from archiver.errors import Error, LoginNeeded, ServerFault, Unreachable
from archiver.pacing.scheduler import FloodMemory, Scheduler
from archiver.telegram import Connection, DcAddress, ServerAddress, Timeouts, has_session, log_in
from archiver.telegram.answers import read_object
from archiver.telegram.session import read_session
from tests.doubles.telegram import faults
from tests.doubles.telegram.files import reference
from tests.doubles.telegram.proxies import MTProxy, Socks5
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import SHORT, LeapingClock, ServerClock

PATIENT = replace(SHORT, connect=15.0, call=10.0, call_max=10.0)
"""For all that is answered, so that a busy machine is no failure."""
HURRIED = replace(PATIENT, call=0.5, call_max=0.5, delays=(0.0, 0.0))
"""For what is never answered."""
STATE = fn.updates.GetStateRequest()


class Person:
    """Types what the account's owner types."""

    def __init__(self, account: Account, password: str = "") -> None:
        self._account = account
        self._password = password

    def phone(self) -> str:
        return f"+{self._account.phone}"

    def code(self, *_: Any) -> str:
        return self._account.code

    def password(self, hint: str | None) -> str:
        return self._password

    def wrong(self, what: str) -> None:
        raise AssertionError(what)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Desk:
    """One session file, and connections over it, one after the other."""

    def __init__(self, server: Server, path: Path) -> None:
        self.server = server
        self.path = path
        self.address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=server.port)
        self.complaints: list[dict[str, Any]] = []

    @asynccontextmanager
    async def connection(self, *, timeouts: Timeouts = PATIENT, **changes: Any) -> AsyncIterator[Connection]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, about: self.complaints.append(about))
        address = changes.pop("address", self.address)
        scheduler = Scheduler(0, clock=ServerClock(self.server))
        opened = Connection(address, self.path, scheduler, timeouts=timeouts, **changes)
        try:
            yield opened
        finally:
            await opened.close()

    async def log_in(self, account: Account, password: str = "", *, timeouts: Timeouts = PATIENT) -> None:
        async with self.connection(timeouts=timeouts) as connection:
            await log_in(connection, Person(account, password))

    @property
    def home(self) -> int:
        stored = read_session(self.path)
        assert stored is not None
        return stored.dc

    def keys_of(self, account: Account) -> set[int]:
        """The data centres in which the account has a key that is logged in."""
        return {auth.dc for auth in self.server.keys.values() if auth.account_id == account.id}


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(server, tmp_path / "session")
    yield made
    gc.collect()  # a task that nobody asked how it ended complains when it is collected
    assert made.complaints == []


def calls(server: Server, method: str) -> int:
    return server.calls.count(method)


@pytest.mark.parametrize("home", range(1, 6))
async def test_a_login_ends_at_the_accounts_home_and_is_found_there_again(
    desk: Desk, account: Account, home: int
) -> None:
    account.home_dc = home
    await desk.log_in(account)
    assert (desk.home, desk.keys_of(account)) == (home, {home})
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
    assert desk.server.accepted_at[home] >= 2
    assert desk.server.accepted_at[2] == (2 if home == 2 else 1)
    assert calls(desk.server, "auth.sendCode") == (1 if home == 2 else 2)


async def test_the_second_password_is_given_at_home(desk: Desk, world: World) -> None:
    account = world.add_account("+9996612222", "33333", "word")
    account.home_dc = 5
    await desk.log_in(account, "word")
    assert desk.keys_of(account) == {5}


async def test_an_account_that_moves_between_code_and_sign_in_is_followed(desk: Desk, account: Account) -> None:
    account.home_dc, account.moves_at_sign_in = 4, 1
    await desk.log_in(account)
    assert (desk.home, desk.keys_of(account)) == (1, {1})


async def test_a_number_sent_round_in_circles_ends_with_a_clear_error(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.faults.add("auth.sendCode", faults.rpc(303, "PHONE_MIGRATE_2"), skip=1, times=1)  # at its home
    with pytest.raises(ServerFault, match="redirecting this request between data centres"):
        await desk.log_in(account)
    await desk.log_in(account)


async def test_a_network_is_sent_to_its_own(desk: Desk, world: World) -> None:
    world.network_dc = 3
    with pytest.raises(LoginNeeded, match="no account has that phone number"):
        await desk.log_in(Account(1, "9996600000"))
    assert desk.home == 3


async def test_what_is_killed_after_the_move_goes_on_there(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.faults.add("auth.sendCode", faults.hang(), skip=1)  # at the new home
    with pytest.raises(Error):
        await desk.log_in(account, timeouts=HURRIED)
    assert desk.home == 4
    before = desk.server.accepted_at[2]
    desk.server.faults.clear()
    await desk.log_in(account)
    assert desk.server.accepted_at[2] == before


async def test_a_move_that_is_saved_without_a_key_is_no_session_and_no_way_back(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    async with desk.connection() as connection:
        await connection.forget_session()
    assert not has_session(desk.path)
    assert desk.home == 4
    before = desk.server.accepted_at[2]
    await desk.log_in(account)
    assert desk.server.accepted_at[2] == before


async def test_an_account_that_is_moved_later_takes_its_login_along(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        account.move(3)
        answers = await asyncio.gather(*(connection.invoke(STATE, method=f"state {n}") for n in range(5)))
        assert all(isinstance(answer, types.updates.State) for answer in answers)
    assert (desk.home, desk.keys_of(account)) == (3, {2, 3})
    assert calls(desk.server, "auth.sendCode") == 1
    assert calls(desk.server, "auth.exportAuthorization") == 1
    async with desk.connection() as connection:
        assert await connection.is_logged_in()


async def test_one_that_its_old_home_does_not_let_go_says_that_a_login_is_needed(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(3, exports=False)
    async with desk.connection() as connection:
        with pytest.raises(LoginNeeded):
            await connection.invoke(STATE, method="getState")
    assert desk.home == 3
    await desk.log_in(account)
    assert 3 in desk.keys_of(account)


async def test_a_move_killed_before_it_is_done_is_done_again(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(5)
    desk.server.faults.add("auth.importAuthorization", faults.hang())
    async with desk.connection(timeouts=HURRIED) as connection:
        with pytest.raises(Error):
            await connection.invoke(STATE, method="getState")
    assert desk.home == 2  # where it can be asked again
    desk.server.faults.clear()
    async with desk.connection() as connection:
        await connection.invoke(STATE, method="getState")
    assert desk.home == 5


def download(world: World, account: Account, dc: int) -> tuple[fn.upload.GetFileRequest, bytes]:
    """A request for all of a file there, and its true bytes."""
    document = world.media.document(size=40_000, dc=dc).document
    file = world.files.find(document.id)
    assert file is not None
    location = types.InputDocumentFileLocation(
        document.id, document.access_hash, reference(world.files.epoch, account.id), ""
    )
    return fn.upload.GetFileRequest(location, 0, 1 << 16), file.read("", 0, 40_000)


async def test_a_file_elsewhere_is_read_there_after_one_export_for_many_and_for_later(
    desk: Desk, world: World, account: Account
) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    wanted = [download(world, account, 4) for _ in range(4)]

    async def read_all() -> None:
        async with desk.connection() as connection:
            got = await asyncio.gather(
                *(connection.call(request, method=f"getFile {n}", dc=4) for n, (request, _) in enumerate(wanted))
            )
            assert [read_object(body).bytes for body in got] == [content for _, content in wanted]

    await read_all()
    await read_all()  # another process
    assert calls(desk.server, "auth.exportAuthorization") == 1
    assert calls(desk.server, "auth.importAuthorization") == 1
    assert desk.home == 2


async def test_the_server_says_where_a_file_is(desk: Desk, world: World, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    request, content = download(world, account, 5)
    async with desk.connection() as connection:
        body = await connection.call(request, method="getFile", dc=2)
        assert read_object(body).bytes == content
        request, content = download(world, account, 2)
        body = await connection.call(request, method="getFile", dc=5)
        assert read_object(body).bytes == content
    assert calls(desk.server, "auth.exportAuthorization") == 1


@pytest.mark.parametrize("loss", ["authorization", "key"])
async def test_a_guest_that_is_forgotten_is_let_in_again(desk: Desk, world: World, account: Account, loss: str) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    request, content = download(world, account, 4)
    async with desk.connection() as connection:
        await connection.call(request, method="getFile", dc=4)
    for auth in [auth for auth in desk.server.keys.values() if auth.dc == 4]:
        if loss == "key":
            del desk.server.keys[auth.id]
        else:
            auth.account_id = None
    async with desk.connection() as connection:
        assert read_object(await connection.call(request, method="getFile", dc=4)).bytes == content
    assert calls(desk.server, "auth.exportAuthorization") == 2


async def test_a_guest_of_a_logged_out_account_says_so(desk: Desk, world: World, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    request, _ = download(world, account, 4)
    desk.server.log_out_everywhere(account)
    async with desk.connection() as connection:
        with pytest.raises(LoginNeeded):
            await connection.call(request, method="getFile", dc=4)


@asynccontextmanager
async def silence(host: str = "127.0.0.1") -> AsyncIterator[tuple[int, list[asyncio.StreamWriter]]]:
    """A port that accepts and says nothing, and the connections it had."""
    met: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(lambda _, writer: met.append(writer), host, 0) as listener:
        try:
            yield listener.sockets[0].getsockname()[1], met
        finally:
            for writer in met:
                writer.close()


TRAPS = [{"cdn": True}, {"media_only": True}, {"tcpo_only": True}, {"secret": b"x" * 16}, {"ipv6": True, "ip": "::1"}]


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_only_addresses_that_fit_are_used(desk: Desk, account: Account, trap: dict[str, Any]) -> None:
    async with silence(trap.get("ip", "127.0.0.1")) as (port, met):
        kind = {key: value for key, value in trap.items() if key != "ip"}
        desk.server.centres.more = [types.DcOption(4, trap.get("ip", "127.0.0.1"), port, **kind)]
        account.home_dc = 4
        await desk.log_in(account)
    assert (desk.home, met) == (4, [])


@pytest.mark.parametrize("first", ["dead", "silent"])
async def test_the_next_address_of_the_same_data_centre_is_tried(desk: Desk, account: Account, first: str) -> None:
    account.home_dc = 4
    async with silence() as (port, met):
        desk.server.centres.more = [types.DcOption(4, "127.0.0.1", port if first == "silent" else 1)]
        await desk.log_in(account, timeouts=replace(PATIENT, connect=1.5))
        assert bool(met) == (first == "silent")
    assert desk.keys_of(account) == {4}


async def test_ipv6_is_tried_when_nothing_else_answers(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    server = desk.server
    async with await asyncio.start_server(server._accept(4), "::1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        server.centres.unlisted = {4}
        server.centres.more = [types.DcOption(4, "::1", port, ipv6=True), types.DcOption(4, "127.0.0.1", 1)]
        await desk.log_in(account)
    assert desk.keys_of(account) == {4}


async def test_a_data_centre_that_moved_is_found_again_by_asking_another(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    await desk.server.centres.move(4)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
    before = desk.server.accepted_at[2]
    async with desk.connection() as connection:
        assert await connection.is_logged_in()  # which is remembered
    assert desk.server.accepted_at[2] == before


async def test_a_data_centre_that_nobody_lists_is_named_and_the_settings_can_name_it(
    desk: Desk, account: Account
) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    with pytest.raises(Unreachable, match=r"data centre 4.*\[\[telegram.server.dcs\]\]"):
        await desk.log_in(account)
    more = (DcAddress(4, "127.0.0.1", desk.server.centres.ports[4]),)
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=desk.server.port, more=more)
    async with desk.connection(address=address) as connection:
        await log_in(connection, Person(account))
    assert desk.keys_of(account) == {4}


async def test_what_one_network_said_is_not_used_in_another(desk: Desk, account: Account, tmp_path: Path) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    before = desk.server.accepted_at[4]
    async with Server(World()) as other:
        elsewhere = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=other.port)
        async with desk.connection(address=elsewhere) as connection:
            with pytest.raises(LoginNeeded):
                await connection.is_logged_in()
        assert other.accepted_at[4] == 2  # asked twice for a key that it does not know
    assert desk.server.accepted_at[4] == before


async def test_a_key_is_given_up_only_when_a_second_connection_says_so(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    server = desk.server
    server.faults.add("updates.getState", faults.transport(-404), times=1)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        server.faults.add("updates.getState", faults.transport(-404), times=2)
        with pytest.raises(LoginNeeded, match="does not know this session"):
            await connection.is_logged_in()


async def test_a_key_that_is_lost_at_login_is_made_again(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    desk.server.keys.clear()
    await desk.log_in(account)
    assert desk.keys_of(account) == {2}


async def test_too_many_connections_are_waited_for_longer_each_time(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    waited: list[tuple[str, float]] = []

    async def remember(method: str, until: float) -> None:
        waited.append((method, round(until - desk.server.world.clock.now(), -1)))

    scheduler = Scheduler(0, clock=LeapingClock(desk.server), memory=FloodMemory(remember=remember), max_wait=1000)
    connection = Connection(desk.address, desk.path, scheduler, timeouts=SHORT)
    desk.server.faults.add("updates.getState", faults.transport(-429), times=4)
    try:
        assert await connection.is_logged_in()
    finally:
        await connection.close()
    assert waited == [("connect", 60), ("connect", 120), ("connect", 240), ("connect", 480)]


async def test_guests_hang_up_where_there_are_too_many_connections(desk: Desk, world: World, account: Account) -> None:
    await desk.log_in(account)
    request, _ = download(world, account, 4)
    scheduler = Scheduler(0, clock=LeapingClock(desk.server))
    connection = Connection(desk.address, desk.path, scheduler, timeouts=PATIENT)
    try:
        await connection.call(request, method="getFile", dc=4)
        desk.server.faults.add("updates.getState", faults.transport(-429), times=1)
        assert await connection.is_logged_in()
        await until_alone(desk.server)
        await connection.call(request, method="getFile", dc=4)
    finally:
        await connection.close()


async def until_alone(server: Server) -> None:
    async with asyncio.timeout(60):
        while len(server.connections) > 1:  # noqa: ASYNC110  # what is waited for is the server's
            await asyncio.sleep(0.01)


async def test_a_data_centre_that_says_it_is_another_one_is_named(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    desk.server.faults.add("*", faults.transport(-444))
    async with desk.connection() as connection:
        with pytest.raises(Unreachable, match="another data centre"):
            await connection.is_logged_in()


async def test_a_wrong_address_of_a_data_centre_is_passed_over(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.rsa_schemes = ("pad",)  # by which it is said which one is meant
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[5])]
    await desk.log_in(account)
    assert desk.keys_of(account) == {4}


async def test_a_network_that_leads_nowhere_is_said_to_block_perhaps(tmp_path: Path) -> None:
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=1)
    connection = Connection(address, tmp_path / "session", Scheduler(0), timeouts=SHORT)
    try:
        with pytest.raises(Unreachable, match="a proxy may help"):
            await connection.is_logged_in()
    finally:
        await connection.close()


async def test_nothing_of_telegrams_own_is_tried_where_the_settings_name_a_server(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    async with desk.connection() as connection:
        for dc in range(1, 6):
            ways = connection._reconnecting.route.addresses(dc)
            assert {(way.host, way.port) for way in ways} == {("127.0.0.1", desk.server.centres.ports[dc])}


async def test_an_address_where_another_data_centre_is_by_now_is_no_lost_session(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    centres = desk.server.centres
    old = centres.ports[4]
    await centres.move(4)
    async with await asyncio.start_server(desk.server._accept(5), "127.0.0.1", old), desk.connection() as connection:
        assert await connection.is_logged_in()
    assert desk.home == 4


@pytest.mark.parametrize("schemes", [("pad",), ("old",), ("old", "pad")])
async def test_a_list_that_mistakes_one_data_centre_for_another_is_not_believed(
    desk: Desk, account: Account, schemes: tuple[str, ...]
) -> None:
    account.home_dc = 4
    desk.server.rsa_schemes = schemes
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[5])]
    await desk.log_in(account)
    assert desk.keys_of(account) == {4}


async def test_a_ticket_that_may_be_spent_is_not_shown_again(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(5)
    desk.server.faults.add("auth.importAuthorization", faults.drop(), times=1)
    async with desk.connection() as connection:
        with pytest.raises(ServerFault):
            await connection.invoke(STATE, method="getState")
        await connection.invoke(STATE, method="getState")
    assert desk.home == 5
    assert calls(desk.server, "auth.sendCode") == 1


async def test_servers_that_do_not_know_their_number_are_used_all_the_same(
    desk: Desk, world: World, account: Account
) -> None:
    world.calls_itself = 2
    account.home_dc = 4
    await desk.log_in(account)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        account.move(5)
        await connection.invoke(STATE, method="getState")
    assert (desk.home, desk.keys_of(account)) == (5, {4, 5})


async def test_a_host_name_will_do_for_an_address(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    desk.server.centres.more = [types.DcOption(4, "localhost", desk.server.centres.ports[4])]
    await desk.log_in(account)
    assert desk.home == 4


@pytest.mark.parametrize("exports", [True, False])
async def test_an_old_home_that_does_not_even_greet_is_left(desk: Desk, account: Account, exports: bool) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(3, exports=exports)
    desk.server.faults.add("help.getConfig", faults.rpc(303, "USER_MIGRATE_3"), times=1)
    async with desk.connection() as connection:
        assert await connection.is_logged_in() == exports
    assert desk.home == 3
    await desk.log_in(account)
    assert 3 in desk.keys_of(account)
    assert calls(desk.server, "auth.sendCode") == (1 if exports else 2)


async def test_a_greeting_sent_round_in_circles_ends(desk: Desk, account: Account) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    desk.server.faults.add("help.getConfig", faults.rpc(303, "USER_MIGRATE_3"))
    async with desk.connection() as connection:
        with pytest.raises(Unreachable, match="redirecting this request between data centres"):
            await connection.is_logged_in()


async def test_a_new_home_that_wants_a_code_of_its_own_gets_it(desk: Desk, account: Account) -> None:
    account.home_dc, account.moves_at_sign_in, account.code_travels = 4, 1, False
    await desk.log_in(account)
    assert (desk.home, desk.keys_of(account)) == (1, {1})
    assert calls(desk.server, "auth.sendCode") == 3


async def test_a_code_that_the_new_home_does_not_take_is_asked_for_again(desk: Desk, account: Account) -> None:
    account.home_dc, account.moves_at_sign_in, account.code_travels = 4, 1, False
    person, typed = Person(account), iter(["55555", account.code])
    person.code = lambda: next(typed)  # type: ignore[method-assign]
    wrong: list[str] = []
    person.wrong = wrong.append  # type: ignore[method-assign]
    async with desk.connection() as connection:
        await log_in(connection, person)
    assert (wrong, desk.keys_of(account)) == (["code"], {1})


async def test_an_address_for_obfuscated_lines_gets_one(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[4], tcpo_only=True)]
    await desk.log_in(account)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        [line] = desk.server.connections
        assert (line.dc, line.transport and line.transport.name) == (4, "obfuscated abridged")
        desk.server.faults.add("updates.getState", faults.transport(-404), times=1)
        assert await connection.is_logged_in()


async def test_no_obfuscated_line_goes_around_a_proxy(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[4], tcpo_only=True)]
    async with Socks5() as proxy:
        async with desk.connection(address=replace(desk.address, proxy=proxy.url)) as connection:
            with pytest.raises(Unreachable, match="data centre 4"):
                await log_in(connection, Person(account))
        assert proxy.carried == desk.server.accepted
    assert desk.server.accepted_at[4] == 0


async def test_an_account_is_followed_through_a_proxy_that_knows_the_numbers_only(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    async with MTProxy(desk.server) as proxy:
        async with desk.connection(address=replace(desk.address, proxy=proxy.url)) as connection:
            await log_in(connection, Person(account))
        assert proxy.carried == desk.server.accepted == 2
    async with desk.connection() as connection:
        assert await connection.is_logged_in()  # without the proxy, at an address that was learned
    assert desk.keys_of(account) == {4}


@pytest.mark.parametrize("said", [(400, "METHOD_INVALID"), (501, "NOT_IMPLEMENTED")])
async def test_a_move_without_an_authorization_ends_in_a_login(
    desk: Desk, account: Account, said: tuple[int, str]
) -> None:
    account.home_dc = 2
    await desk.log_in(account)
    account.move(3)
    desk.server.faults.add("auth.exportAuthorization", faults.rpc(*said))
    async with desk.connection(timeouts=replace(PATIENT, delays=(0.0, 0.01))) as connection:
        with pytest.raises(LoginNeeded):
            await connection.invoke(STATE, method="getState")
    await desk.log_in(account)
    assert desk.home == 3
