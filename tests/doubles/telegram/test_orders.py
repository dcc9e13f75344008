"""The control lines, each with what a client sees afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.telegram import __main__ as program
from tests.doubles.telegram import faults
from tests.doubles.telegram.conftest import Order
from tests.doubles.telegram.control import Control
from tests.doubles.telegram.fate import Fate
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import World


def test_switches_are_set_for_one_channel_or_for_all(order: Order, world: World) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    assert order("set", channel="alpha", tells_every_edit=True, slice_size=3) == {"ok": True, "channels": 1}
    assert (alpha.tells_every_edit, alpha.slice_size) == (True, 3)
    assert (beta.tells_every_edit, beta.slice_size) == (False, None)
    assert order("set", new_as_posted=True)["channels"] == 2
    assert alpha.new_as_posted
    assert beta.new_as_posted
    assert order("set", channel="alpha", slice_size=None)["ok"]
    assert alpha.slice_size is None


@pytest.mark.parametrize("switch", [{"posts": {}}, {"tells_every_edit": "yes"}, {"pts": 1}])
def test_a_switch_that_is_none_is_refused(switch: dict[str, Any], order: Order, world: World) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    pts, posts = alpha.pts, dict(alpha.posts)
    assert not order("set", channel="alpha", **switch)["ok"]
    assert (alpha.pts, alpha.posts, alpha.tells_every_edit) == (pts, posts, False)


def test_a_rule_without_a_number_of_times_holds_until_its_method_is_cleared(order: Order, server: Server) -> None:
    assert order("fault", spec="messages.getPeerDialogs:rpc(400,METHOD_INVALID);*:delay(0.1)x1")["rules"] == 2
    assert server.faults.rules[0].times is None
    assert order("fault", clear="messages.getPeerDialogs")["rules"] == 1
    assert order("fault", clear=True)["rules"] == 0


def test_the_readme_names_every_order_switch_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    readme = Path(__file__).with_name("README.md").read_text("utf-8")
    orders = {name.removeprefix("do_") for name in dir(Control) if name.startswith("do_")}
    switches = {name for name in vars(Fate()) if name != "members"}
    with pytest.raises(SystemExit):
        program.options(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert len(orders) > 25
    for name in orders | {"members"}:
        assert f"`{name}`" in readme, name
    for name in switches | options | set(faults.ACTIONS):
        assert name in readme, name
