"""The demo world's oddities: every kind of message that a careless mirror, export or terminal stumbles on.

The hostile samples are harmless: an escape sequence that colours text, a direction override, a formula, a tag.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import types as tl

from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.rich import rich
from tests.doubles.telegram.world import World

Moment = tuple[int, Callable[[int], object]]
Clock = Callable[[int, int, int, int], int]


def moments(world: World, arabic: Channel, russian: Channel, mixed: Channel, at: Clock) -> list[Moment]:
    return [
        *_albums(world, arabic, russian, mixed, at),
        *_media(world, arabic, russian, mixed, at),
        *_service(world, arabic, russian, mixed, at),
        *_texts(mixed, at),
        *_threads(arabic, russian, mixed, at),
    ]


def _albums(world: World, arabic: Channel, russian: Channel, mixed: Channel, at: Clock) -> list[Moment]:
    make = world.media

    def photos(count: int) -> list[Any]:
        return [make.photo(size=30_000) for _ in range(count)]

    captions = (
        (arabic, "صور من سوق الكتب بالديوانية", 4, at(11, 12, 18, 0)),
        (arabic, "الرتل عند مدخل المدينة، ثلاث زوايا", 3, at(12, 16, 10, 15)),
        (russian, "Ярмарка мёда: десять снимков", 10, at(11, 20, 14, 0)),
        (russian, "Колонна у моста, 16 декабря", 3, at(12, 16, 16, 0)),
        (mixed, "The depot, four angles / Le dépôt, quatre angles", 4, at(12, 18, 9, 0)),
    )
    found: list[Moment] = [
        (date, lambda d, c=channel, t=text, n=count: c.album(photos(n), t, date=d, views=5_100, forwards=80))
        for channel, text, count, date in captions
    ]
    mix = [make.photo(size=30_000), make.video(20, size=90_000), make.photo(size=25_000)]
    found.append((at(1, 8, 20, 0), lambda d: russian.album(mix, "Фото и видео вместе", date=d, views=900)))
    return found


def _media(world: World, arabic: Channel, russian: Channel, mixed: Channel, at: Clock) -> list[Moment]:
    make = world.media
    poll = make.poll("Which picture is the depot?", {"the first": 212, "the second": 1_043, "neither": 57})
    quiz = make.poll("Сколько берёз посадили?", {"двести": 310, "сто": 44}, quiz=True, closed=True)
    page = make.webpage(
        "https://example.org/diwaniyah/convoy", "The convoy of 16 December", "What three desks could confirm."
    )
    annex = make.document("فاتورة الشحن.pdf", size=66_000)
    table = make.document("накладные.csv", "text/csv", size=12_000, dc=4)  # in another data center
    return [
        (at(12, 19, 9, 0), lambda d: mixed.post(media=poll, date=d, views=4_000)),
        (at(11, 25, 9, 0), lambda d: russian.post(media=quiz, date=d, views=2_000)),
        (at(12, 16, 9, 41), lambda d: arabic.post("الموقع بالديوانية", media=make.geo(), date=d, views=6_000)),
        (at(11, 28, 9, 0), lambda d: arabic.post(media=make.venue("مكتبة الرصيف", "الديوانية"), date=d)),
        (
            at(12, 17, 15, 0),
            lambda d: mixed.post(
                **rich("Our summary: ", ("url", "https://example.org/diwaniyah/convoy")), media=page, date=d
            ),
        ),
        (at(12, 17, 12, 0), lambda d: arabic.post("نسخة من الفاتورة", media=annex, date=d)),
        (at(12, 17, 13, 0), lambda d: russian.post("Таблица накладных", media=table, date=d)),
        (at(12, 2, 7, 0), lambda d: russian.post(media=make.round(size=50_000), date=d)),
        (at(12, 3, 7, 0), lambda d: mixed.post(media=make.audio(), date=d)),
        (at(12, 4, 7, 0), lambda d: mixed.post(media=make.gif(), date=d)),
        (at(12, 5, 7, 0), lambda d: russian.post(media=make.sticker(), date=d)),
        (at(12, 6, 7, 0), lambda d: mixed.post("Scan", media=make.image_file("page-01.png"), date=d)),
        (at(12, 7, 7, 0), lambda d: mixed.post("Desk number", media=make.contact(), date=d)),
        (at(12, 8, 7, 0), lambda d: russian.post(media=make.dice(), date=d)),
        (at(12, 9, 7, 0), lambda d: arabic.post("صورة مخفية", media=make.photo(spoiler=True, size=30_000), date=d)),
    ]


def _service(world: World, arabic: Channel, russian: Channel, mixed: Channel, at: Clock) -> list[Moment]:
    def pin(channel: Channel) -> Callable[[int], object]:
        return lambda date: channel.pin(channel.ids[-1], date=date)

    def picture(date: int) -> object:
        action = tl.MessageActionChatEditPhoto(world.media.photo_object(640, 640, size=20_000))
        return mixed.service(action, date=date)

    return [
        (at(11, 3, 12, 0), lambda d: mixed.post("Read this first: how we verify. / Notre méthode.", date=d)),
        (at(11, 3, 12, 1), pin(mixed)),
        (at(12, 16, 23, 58), lambda d: arabic.post("خلاصة اليوم: كل ما نعرفه عن الرتل.", date=d, views=12_000)),
        (at(12, 17, 0, 30), pin(arabic)),
        (at(12, 1, 10, 0), lambda d: russian.set_title("Новости Заречья и Ольховки", date=d)),
        (at(1, 15, 10, 0), lambda d: russian.set_title("Новости Заречья", date=d)),
        (at(12, 24, 10, 0), picture),
    ]


def _texts(mixed: Channel, at: Clock) -> list[Moment]:
    """Texts at the limits of what may stand in a message, and beyond what a terminal or a table should trust."""
    line = "Line {:03d} of the statement, kept in full. "
    long = "".join(line.format(n) for n in range(120))[:4096]
    quote = "».« ".join(f"« Paragraphe {n} de la déposition" for n in range(80))[:3000]
    samples = (
        rich("Terminal sample: \x1b[31mnot red\x1b[0m \x1b]0;title\x07 end"),
        rich("Direction sample: invoice\u202efdp.exe\u202c and \u2066isolated\u2069 text"),
        rich("=cmd|' /C calc'!A0"),
        rich('=HYPERLINK("https://example.org/x","open")'),
        rich("-1+1 is a sum, +1 a vote, @nobody_here no channel"),
        rich('Tag sample: <script>alert(1)</script> & "quotes" `ticks` | pipe\n# no heading\n* no list'),
        rich(("link", "a link that is no page", "javascript:alert(1)"), " and ", ("pre", "x = 1\n", '"><b>')),
        rich(
            "Family 👨‍👩‍👧‍👦, crew 👩🏽‍🚒, flag 🏳️‍🌈, ", ("bold", "bold after 👨‍👩‍👧‍👦"),
            " é (e + ́), ﷽ ",
            ("italic", "𝕬𝖗"),
        ),
        rich(long),
        rich(("quote", quote, True), "\nFin de citation."),
        rich(
            "Write to ", ("email", "desk@example.org"), " or call ", ("phone", "+9996610000"), ", see ",
            ("mention", "@nahrain_desk"), " and ", ("link", "the page", "https://example.org/a?b=1&c=<2>"), ". ",
            ("spoiler", "hidden"), " ", ("strike", "wrong"), " ", ("underline", "right"), " ", ("code", "a|b"), " ",
            ("cashtag", "$EUR"), " ", ("hashtag", "#convoi"), " ", ("hashtag", "#رتل"),
        ),
        rich("\u200bzero\u200cwidth\u200djoiners\ufeff and a soft\u00adhyphen; tabs\tand\r\nlines"),
        rich("Digits: ١٢٣ ۱۲۳ 123 Ⅻ ½ — и ёжик, Ёлка, елка; cœur, CŒUR, Straße"),
        rich("北京时间晚上，车队离开港口。 コンボイは橋の近くで停止した。 ขบวนรถหยุดที่สะพาน"),
    )  # fmt: skip
    return [
        (at(1, 3 + n, 11, 7), lambda d, s=sample: mixed.post(**s, date=d, views=700 + d % 97))
        for n, sample in enumerate(samples)
    ]


def _threads(arabic: Channel, russian: Channel, mixed: Channel, at: Clock) -> list[Moment]:
    """Forwards across the desks, a quoting reply, a hidden sender, buttons, a restricted and a protected message."""

    def convoy(channel: Channel) -> int:
        words = ("رتل", "олонна", "onvoy")
        return next(
            i for i in reversed(channel.ids) if _alone(channel, i) and any(w in _said(channel, i) for w in words)
        )

    def quoting(date: int) -> object:
        target = convoy(mixed)
        text = _said(mixed, target)[:40]
        header = tl.MessageReplyHeader(reply_to_msg_id=target, quote=True, quote_text=text, quote_offset=0)
        return mixed.post("This sentence was corrected later.", reply_to=header, date=date)

    def abroad(date: int) -> object:
        header = tl.MessageReplyHeader(reply_to_msg_id=convoy(arabic), reply_to_peer_id=arabic.peer)
        return mixed.post("Answer to the Baghdad desk.", date=date, reply_to=header)

    hidden = tl.MessageFwdHeader(date=arabic.posts[1].message.date, from_name="A reader from Basra")
    button = tl.KeyboardInlineButton("Open", tl.InlineButtonTypeUrl("https://example.org/open"))
    markup = tl.ReplyInlineMarkup([tl.KeyboardInlineButtonRow([button])])
    reason = [tl.RestrictionReason("ios", "copyright", "Not available on this device.")]
    return [
        (at(12, 16, 10, 30), lambda d: mixed.forward(arabic, convoy(arabic), date=d, views=3_000)),
        (at(12, 16, 11, 0), lambda d: russian.forward(mixed, convoy(mixed), date=d, views=2_100)),
        (at(12, 16, 11, 30), lambda d: arabic.forward(russian, convoy(russian), date=d, views=8_000)),
        (at(12, 17, 9, 0), quoting),
        (at(12, 17, 9, 5), abroad),
        (at(12, 17, 9, 10), lambda d: mixed.post("Sent to us in confidence.", fwd_from=hidden, date=d)),
        (at(12, 17, 9, 15), lambda d: mixed.post("With a button.", reply_markup=markup, date=d)),
        (at(12, 17, 9, 20), lambda d: mixed.post("Restricted somewhere.", restriction_reason=reason, date=d)),
        (at(12, 17, 9, 25), lambda d: russian.post("Не для пересылки.", noforwards=True, date=d)),
    ]


def _alone(channel: Channel, message_id: int) -> bool:
    return channel.posts[message_id].message.grouped_id is None


def _said(channel: Channel, message_id: int) -> str:
    return channel.posts[message_id].message.message or ""
