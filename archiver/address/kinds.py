"""Links and words that are not channels: what each one is, for the error message.

https://core.telegram.org/api/links lists them all.
"""

from __future__ import annotations

from archiver.errors import UsageError

HINT = "A channel's link is https://t.me/name."

KINDS = {
    # The first part of a link's path, or the word after tg:// -> what it is.
    "addemoji": "a set of custom emoji",
    "addlist": "a folder of chats",
    "addstickers": "a sticker set",
    "addtheme": "a colour theme",
    "auction": "a gift auction",
    "bg": "a chat background",
    "bot_paysuccess": "a payment",
    "call": "a group call",
    "confirmphone": "the confirmation of a phone number",
    "contact": "a person's contact link",
    "contacts": "a list of contacts",
    "dl": "a download page",
    "emoji": "a custom emoji",
    "giftcode": "a gift code",
    "invoice": "an invoice",
    "iv": "the instant view of a web page",
    "login": "a login code",
    "m": "a business account's chat link",
    "message": "a business account's chat link",
    "msg": "a link for sharing",
    "msg_url": "a link for sharing",
    "new": "a page of the app",
    "nft": "a collectible gift",
    "oauth": "a login",
    "passport": "a request for identity papers",
    "premium_multigift": "a gift",
    "premium_offer": "an offer of Premium",
    "proxy": "a proxy",
    "restore_purchases": "a page of the app",
    "setlanguage": "a language pack",
    "settings": "a page of the app",
    "share": "a link for sharing",
    "socks": "a proxy",
    "stargift_auction": "a gift auction",
    "stars": "a page of the app",
    "stars_topup": "a payment",
    "stickers": "a sticker set",
    "ton": "a page of the app",
    "user": "a person",
}

INVITE = (
    "an invite link leads to a private channel; telekeep mirrors public ones and never joins.",
    "Use the channel's public name, @name.",
)


def not_channel(what: str, hint: str | None = HINT) -> UsageError:
    """Error for something that is not a channel."""
    return UsageError(f"this is {what}, not a channel.", hint=hint)


def invite() -> UsageError:
    """Error for an invite link: it leads to a channel that only members can read."""
    return UsageError(INVITE[0], hint=INVITE[1])


def phone() -> UsageError:
    """Error for a phone number: people have one, channels do not."""
    return not_channel("a phone number", "Write the channel's @name or its t.me link.")


def boost(channel: str | None) -> UsageError:
    """Error for a boost link, which usually names the channel."""
    return not_channel("a link for boosting a channel", f"Use the channel itself: {channel}." if channel else HINT)
