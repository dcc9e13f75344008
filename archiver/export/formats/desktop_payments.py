"""Payments, gifts, prizes and paid posts, as Telegram Desktop writes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from archiver.export.formats.desktop_action_parts import (
    NANO,
    About,
    Fields,
    as_number,
    copied,
    flags,
    present,
    styled,
    write_peer,
)
from archiver.export.formats.desktop_names import TlObject


def _payment(action: TlObject, about: About) -> dict[str, Any]:
    recurring = "used" if action.get("recurring_used") else "init" if action.get("recurring_init") else None
    paid = {"amount": action.get("total_amount", 0), **copied(currency="currency")(action, about), **about.replied}
    recurring = recurring or action.get("recurring")
    return paid if recurring is None else {**paid, "recurring": recurring}


def _code(action: TlObject, _: About) -> dict[str, Any]:
    boosted = write_peer(action.get("boost_peer")) or action.get("boost_peer_id")
    return {
        **present(gift_code=action.get("slug") or action.get("gift_code"), boost_peer_id=boosted),
        **{name: action[name] for name in ("months", "days") if name in action},
        **{name: bool(action.get(name)) for name in ("unclaimed", "via_giveaway")},
    }


def _results(action: TlObject, _: About) -> dict[str, Any]:
    return {
        "winners": action.get("winners_count", action.get("winners", 0)),
        "unclaimed": action.get("unclaimed_count", action.get("unclaimed", 0)),
        "stars": bool(action.get("stars")),
    }


def _refunded(action: TlObject, _: About) -> dict[str, Any]:
    charge = (action.get("charge") or {}).get("id") or action.get("charge_id")
    peer = write_peer(action.get("peer")) or action.get("peer_id")
    return {
        "amount": action.get("total_amount", 0),
        **present(currency=action.get("currency")),
        "peer_name": action.get("peer_name"),
        **present(peer_id=peer, charge_id=charge),
    }


def _stars(action: TlObject, _: About) -> dict[str, Any]:
    whole = action.get("stars", action.get("amount_whole", 0))
    return {**present(cost=action.get("cost")), "amount_whole": whole, "amount_nano": action.get("amount_nano", 0)}


def _ton(action: TlObject, _: About) -> dict[str, Any]:
    if "crypto_amount" not in action:
        return _stars(action, _)
    whole, nano = divmod(action["crypto_amount"], NANO)
    return {"amount_whole": whole, "amount_nano": nano}


def _prize(action: TlObject, _: About) -> dict[str, Any]:
    return {
        **present(boost_peer_id=write_peer(action.get("boost_peer")) or action.get("boost_peer_id")),
        "boost_peer_name": action.get("boost_peer_name"),
        "stars": action.get("stars", 0),
        "is_unclaimed": bool(action.get("unclaimed", action.get("is_unclaimed"))),
        "giveaway_msg_id": action.get("giveaway_msg_id", 0),
        **present(transaction_id=action.get("transaction_id")),
    }


def _gift(action: TlObject, _: About) -> dict[str, Any]:
    gift, said = action.get("gift") or {}, action.get("message") or {}
    if not gift:  # from an import
        return {key: value for key, value in action.items() if key != "type"}
    return {
        "gift_id": as_number(gift.get("id")),
        "stars": gift.get("stars", 0),
        "is_limited": bool(gift.get("limited")),
        "is_anonymous": bool(action.get("name_hidden")),
        "gift_text": styled(said),
    }


def _approval(action: TlObject, about: About) -> dict[str, Any]:
    if action.get("rejected"):
        return {"rejected": True, **present(comment=action.get("reject_comment") or action.get("comment"))}
    when = action.get("scheduled_date") if about.schedule_date is None else about.schedule_date
    return {**_price(action, about), "scheduled_date": when or 0}


def _price(action: TlObject, _: About) -> dict[str, Any]:
    """Desktop writes these numbers as text, too."""
    price = action.get("price") or {}
    if not price:
        return {
            key: action[key] for key in ("price_amount_whole", "price_amount_nano", "price_currency") if key in action
        }
    amount, is_ton = int(price.get("amount") or 0), price.get("_") == "StarsTonAmount"
    whole, nano = divmod(amount, NANO) if is_ton else (amount, int(price.get("nanos") or 0))
    return {
        "price_amount_whole": str(whole),
        "price_amount_nano": str(nano),
        "price_currency": "TON" if is_ton else "Stars",
    }


PAYMENTS: Final[Mapping[str, Fields]] = {
    **dict.fromkeys(("payment_sent", "payment_sent_me"), _payment),
    "gift_premium": copied(cost="cost", months="months", days="days"),
    "gift_code": _code,
    "giveaway_results": _results,
    "payment_refunded": _refunded,
    "gift_stars": _stars,
    "gift_ton": _ton,
    "prize_stars": _prize,
    "star_gift": _gift,
    "suggested_post_approval": _approval,
    "suggested_post_success": _price,
    "suggested_post_refund": flags(user_initiated="payer_initiated"),
    "paid_messages_refunded": lambda action, _: {
        "messages_count": action.get("count", action.get("messages_count", 0)),
        "stars_count": action.get("stars", action.get("stars_count", 0)),
    },
    "paid_messages_price": lambda action, _: {
        "price_stars": action.get("stars", action.get("price_stars", 0)),
        **flags(is_broadcast_messages_allowed="broadcast_messages_allowed")(action, _),
    },
}
