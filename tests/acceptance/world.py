"""The loopback server with a world for these tests: `python -m tests.acceptance.world`; options of the double.

`mixed` has every kind of message in one channel, a person, a second account with a password, a channel that tells what
happened three events at a time, and ten quiet channels; tests may change these, and no other.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from telethon.tl import types as tl

from tests.doubles.telegram import worlds
from tests.doubles.telegram.__main__ import main
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.rich import rich, units
from tests.doubles.telegram.world import World

START = 1_639_600_000  # 2021-12-15T20:26:40Z
QUIET = tuple(f"quiet_{letter}" for letter in "abcdefghij")
STEADY = ("everything", "others_desk", "talking_desk", "midnight_desk", "nahrain_desk", "zarechye_news", "atlas_desk")
FILLED = (*STEADY, "newer_desk", "slow_desk", *QUIET)
SECOND_PHONE, SECOND_CODE, PASSWORD = "+9996612346", "61734", "horse battery"
# Midnight in Baghdad between the 15th and the 16th, and between the 16th and the 17th.
DAY_BEGINS, DAY_ENDS = 1_639_602_000, 1_639_688_400


def mixed(world: World, _: int) -> None:
    world.add_account(SECOND_PHONE, SECOND_CODE, PASSWORD)
    person = world.add_user("Nadia")
    person.username = "nadia_reads"
    world.add_user("Herald", bot=True, username="herald_bot")
    others = world.add_channel("Others", "others_desk", date=START)
    for number in range(3):
        others.post(f"from elsewhere {number}", date=START + number)
    everything = world.add_channel("Everything", "everything", date=START)
    _media(world, everything, others)
    _texts(everything, person.id)
    _service(world, everything, person.id)
    _threads(everything, others)
    talk = world.add_channel("Talk", "talking_desk", megagroup=True, date=START)
    for number in range(20):
        sender = tl.PeerUser(person.id) if number % 3 else others.peer
        talk.post(f"talk {number}", from_id=sender, date=START + number, reply_to=number if number > 4 else None)
    newer = world.add_channel("Newer", "newer_desk", date=START)
    for number in range(1, 8):
        newer.post(f"newer {number}", date=START + number)
    for number in (3, 4, 8):
        newer.posts[number].make_unknown()
    slow = world.add_channel("Slow", "slow_desk", date=START)
    slow.slice_size = 3
    for number in range(260):
        slow.post(f"slow {number}", date=START + number)
    for name in QUIET:
        channel = world.add_channel(f"The {name.replace('_', ' ')} desk", name, date=START)
        for number in range(1, 40):
            channel.post(f"report {number} of the harbour", date=START + number * 60, views=number)
        channel.delete(5, 6, 17)
    _midnight(world)


def _media(world: World, channel: Channel, others: Channel) -> None:
    make = world.media
    items = [
        make.photo(),
        make.photo(600, 900, spoiler=True),
        make.document("план.pdf"),
        make.image_file("scan.png"),
        make.video(),
        make.video(8.5, None, 30_000),
        make.round(),
        make.voice(),
        make.audio(),
        make.gif(),
        make.sticker(),
        make.webpage("https://example.org/a?b=1", "A page", "What it says"),
        make.webpage_pending("https://example.org/soon"),
        make.poll("Which?", {"one": 3, "two": 0}),
        make.poll("Quiz?", {"right": 9, "wrong": 1}, quiz=True, closed=True),
        make.geo(),
        make.geo_live(),
        make.venue(),
        make.contact(),
        make.dice(),
        make.game(),
        make.invoice(),
        make.story(others.id),
        make.giveaway(others.id),
        make.giveaway_results(others.id, 2),
        make.paid(),
        make.todo(),
        make.unsupported(),
        make.big_video(),
    ]
    for number, item in enumerate(items):
        channel.post(f"caption {number}" if number % 2 else "", media=item, date=START + 100 + number, views=number)
    channel.album([make.photo(), make.video(), make.photo()], "an album", date=START + 200)
    channel.album([make.document("a.csv", "text/csv"), make.document("b.csv", "text/csv")], date=START + 201)


def _texts(channel: Channel, user_id: int) -> None:
    flags = "👩🏽‍🚒 🏳️‍🌈 "
    plain = "one two three four five six seven eight nine ten eleven twelve"
    kinds = (tl.MessageEntityBankCard, tl.MessageEntityBotCommand, tl.MessageEntityUnknown, tl.MessageEntityItalic)
    samples = (
        rich(flags, ("bold", "bold"), " ", ("italic", "𝕬𝖗"), " ", ("strike", "no"), " ", ("underline", "yes")),
        rich(("spoiler", "hidden"), " ", ("code", "x"), " ", ("pre", "y = 1\n", "python"), ("quote", "said", True)),
        rich(("link", "the page", "https://example.org/?a=1&b=<2>"), " ", ("url", "https://example.org/x")),
        rich(("email", "desk@example.org"), " ", ("phone", "+9996610000"), " ", ("cashtag", "$EUR")),
        rich(("hashtag", "#رتل"), " ", ("mention", "@others_desk"), " ", ("emoji", "🕊", 5_368_324_170_671_202_286)),
        rich(("person", "Nadia", user_id), " was here"),
        {"text": plain, "entities": [kind(5 * n, 3) for n, kind in enumerate(kinds)]},
        {"text": "over each other", "entities": [tl.MessageEntityBold(0, 9), tl.MessageEntityItalic(5, 4)]},
        rich("\x1b[31mred\x1b[0m \x07 bell, \u202eright to left\u202c, \u2066isolated\u2069, tab\tand\r\nlines"),
        rich("=1+1"),
        rich('-2, "quotes", commas; and\nnewlines'),
        rich("  spaces at both ends  "),
        rich("é as one, e\u0301 as two; \u200bzero\u200cwidth\u200d\ufeff; \u2028line and \u2029paragraph; \x85 next"),
        rich("ж" * 4096),
        rich("𝒳" * 2048),
    )
    for number, sample in enumerate(samples):
        channel.post(**sample, date=START + 300 + number, views=1_000 + number, forwards=number)
    assert units("𝒳") == 2


def _service(world: World, channel: Channel, user_id: int) -> None:
    call = tl.InputGroupCall(77, 78)
    actions = (
        tl.MessageActionChatEditPhoto(world.media.photo_object(640, 640)),
        tl.MessageActionChatDeletePhoto(),
        tl.MessageActionChatEditTitle("Everything, again"),
        tl.MessageActionSetMessagesTTL(86_400),
        tl.MessageActionGroupCall(call, duration=61),
        tl.MessageActionGroupCallScheduled(call, datetime(2022, 1, 1, tzinfo=UTC)),
        tl.MessageActionChatAddUser([user_id]),
        tl.MessageActionBoostApply(3),
        tl.MessageActionCustomAction("Something new happened"),
        tl.MessageActionTopicCreate("Harbour", 0x6FB9F0),
    )
    for number, action in enumerate(actions):
        channel.service(action, date=START + 400 + number)
    channel.pin(2, date=START + 420)


def _threads(channel: Channel, others: Channel) -> None:
    at = START + 500
    channel.forward(others, 2, date=at)
    channel.post(
        "hidden sender", fwd_from=tl.MessageFwdHeader(date=channel.posts[2].message.date, from_name="A"), date=at + 1
    )
    first = channel.post("a question", date=at + 2)
    channel.post("an answer", reply_to=first.id, date=at + 3)
    quote = tl.MessageReplyHeader(reply_to_msg_id=first.id, quote=True, quote_text="question", quote_offset=2)
    channel.post("a quote", reply_to=quote, date=at + 4)
    channel.post("signed", post_author="N. Demo", date=at + 5)
    channel.post("discussed", replies=tl.MessageReplies(12, 3, comments=True, channel_id=others.id), date=at + 6)
    row = tl.KeyboardInlineButtonRow(
        [tl.KeyboardInlineButton("Open", tl.InlineButtonTypeUrl("https://example.org/open"))]
    )
    channel.post("with a button", reply_markup=tl.ReplyInlineMarkup([row]), date=at + 7)
    channel.react(first.id, {"👍": 12, "🕊": 3})
    channel.edit(channel.post("first wording", date=at + 8).id, text="second wording", date=at + 60)
    doomed = [channel.post(f"doomed {number}", date=at + 9) for number in range(4)]
    channel.post("the end", date=at + 10)
    channel.delete(*(post.id for post in doomed), 4)


def _midnight(world: World) -> None:
    channel = world.add_channel("Midnight", "midnight_desk", date=START)
    for moment in (DAY_BEGINS - 1, DAY_BEGINS, DAY_BEGINS + 1, DAY_BEGINS + 40_000, DAY_ENDS - 1, DAY_ENDS):
        channel.post(f"=SUM({moment}), جسر «{moment}»\nsecond line", date=moment, media=world.media.photo())
    channel.delete(5)


if __name__ == "__main__":
    worlds.WORLDS["mixed"] = mixed
    Channel.warm = lambda *_: None  # nobody measures here: a post is made when it is asked for
    sys.exit(main())
