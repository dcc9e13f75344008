"""An invented archive in six languages, with what is hard to set: mixed directions, lists, code, albums, edits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from archiver.model.record import Media
from tests.integration.page_world import revision
from tests.sample import NOW, build, connect, index, make_channel, make_message, photo

ARABIC = (
    "عاجل: قال مصدر أمني إن رتلاً لوجستياً من 12 شاحنة عبر الجسر الحديدي في الساعة 16:30، باتجاه الديوانية.",
    "BREAKING انفجار قرب مطار بغداد الدولي (BIAP)، ولا إصابات حتى الآن — التفاصيل لاحقاً.",
    (
        "🔴 متابعة #بغداد #كربلاء\n• الطريق الدولي مغلق\n• الجسر رقم 3 مفتوح\n• سرعة الرياح 45 كم/س\n"
        "المصدر: https://example.org/news/2021/12"
    ),
    "«لن نقبل بذلك»، قال المتحدث باسم Atlas Desk لوكالة (AP)؛ وأضاف: «سنرد في غضون 24-48 ساعة».",
    "16:30 وصول الوفد إلى مطار النجف، ثم التوجه إلى فندق Coral بسيارات GMC (عددها 7).",
    "أسعار الصرف:\nالدولار = 1,475 ديناراً (+0.5%)\nاليورو = 1,662 ديناراً (-1.2%)\n$1 = 1.475",
    "إِنَّ الحَمْدَ لِلَّهِ نَحْمَدُهُ وَنَسْتَعِينُهُ وَنَسْتَغْفِرُهُ؛ نص مشكول بالكامل لاختبار ارتفاع السطر وتداخل الحركات.",
)
PERSIAN = (
    "فوری: به گزارش خبرنگار ما، می‌گویند ۱۲ کامیون از پل آهنی گذشته‌اند؛ ساعت ۱۶:۳۰ به وقت تهران.",
    "Telegram فیلتر شد؟ کاربران از شهرهای مختلف گزارش می‌دهند که دسترسی به @atlas_desk ممکن نیست.",
    "📌 فهرست شهرها:\n۱. تهران\n۲. مشهد\n۳. اصفهان\n۴. تبریز\nجمع کل: ۴ شهر (۱۰۰٪)",
)
RUSSIAN = (
    "⚡️ Колонна техники (12 машин) прошла по мосту в 16:30 в сторону Заречья, сообщает «Заречье.News».",
    "Цитата: «Мы не получали никаких предупреждений», — заявил глава района.\nПодробнее: t.me/atlas_desk/2",
    "Превысокомногорассмотрительствующий человеконенавистничество электрофотополупроводниковый частный",
)
UKRAINIAN = (
    "🇺🇦 Ґрунтова дорога до с. Під’яблунівка перекрита; об’їзд через м. Їжаків. Деталі — згодом.",
    "Увага! Повітряна тривога: 03:15–04:40. Тримайтеся в укритті. #тривога #Київ",
)
CHINESE = (
    "【快讯】据本台记者报道,16日下午4时30分,一支由12辆卡车组成的车队通过铁桥向北行驶。目前没有人员伤亡的消息,详情稍后公布。",
    (
        "“我们没有收到任何警告。”发言人表示。更多内容请见："
        "https://example.org/zh/2021/12/16/very-long-path-without-any-break-at-all-index.html #新闻"
    ),
    "GDP增长5.2%，CPI上涨0.3%；人民币汇率1美元＝6.37元。ＡＢＣ全角，「引号」与《书名号》——破折号……",
)
ENGLISH = (
    "Convoy of 12 trucks crossed the iron bridge at 16:30 local time, heading north. No casualties reported so far.",
    "Quoting the Arabic channel: «عبر الرتل الجسر» — our translation: “the convoy crossed”. See @nahrain_desk.",
    ("def verify(path):\n    return sha256(path.read_bytes()).hexdigest()"
    "  # a long comment that goes on and on and on past 360 pixels"),
)  # fmt: skip
CHANNELS = (
    (2001, "nahrain_desk", "مكتب أخبار النهرين", ARABIC, "ar"),
    (2002, "zagros_desk", "میز خبر زاگرس", PERSIAN, "fa"),
    (2003, "zarechye_news", "Заречье.News", RUSSIAN, "ru"),
    (2004, "yizhakiv", "Їжаків • Новини", UKRAINIAN, "uk"),
    (2005, "changhe_news", "长河新闻（官方频道）", CHINESE, "zh"),
    (2006, "atlas_desk", "Atlas Desk", ENGLISH, "en"),
)


def make_tongues(directory: Path) -> Path:
    """Put it there."""
    everything = []
    for channel_id, name, title, texts, _ in CHANNELS:
        messages = [make_message(at, text, channel_id=channel_id) for at, text in enumerate(texts, 1)]
        messages = [replace(one, views=1234 * one.message_id, forwards=7) for one in messages]
        messages += _further(channel_id, len(texts), texts)
        build(
            directory,
            messages,
            channel=make_channel(channel_id, username=name, title=title),
            top_id=60,
            covered=[(1, 40)],
        )
        everything += messages
    index(directory, everything)
    _change(directory)
    return directory


def _further(channel_id: int, count: int, texts: tuple[str, ...]) -> list[Any]:
    """A reply, an album, a forward, code, a poll, buttons, reactions, a service message, a file, in this order."""
    poll = orjson.dumps(
        {"answers": [{"text": texts[0][:30], "voters": 1312}, {"text": "No / لا", "voters": 7}]}
    ).decode()
    code = [{"type": "pre", "offset": 0, "length": len(ENGLISH[2]), "language": "python"}]
    quote = [
        {"type": "blockquote", "offset": 0, "length": min(40, len(texts[0]))},
        {"type": "bold", "offset": 0, "length": 5},
    ]
    reply = {"reply_to_msg_id": 1, "quote_text": texts[0][:60]}
    origin = {"from_id": {"type": "channel", "id": 2001 if channel_id != 2001 else 2006}, "channel_post": 2}
    reactions = [{"reaction": "👍", "count": 1200}, {"reaction": "😢", "count": 17}, {"reaction": None, "count": 3}]
    more: list[dict[str, Any]] = [
        {"text": texts[-1], "reply_to": orjson.dumps(reply).decode(), "reply_to_msg_id": 1},
        {"text": texts[0], "media": [photo()], "grouped_id": "77"},
        {"media": [photo(id="99")], "grouped_id": "77"},
        {"text": texts[1], "fwd_from": orjson.dumps(origin).decode()},
        {"text": ENGLISH[2], "entities": orjson.dumps(code).decode()},
        {"text": texts[0], "entities": orjson.dumps(quote).decode(), "reactions": orjson.dumps(reactions).decode()},
        {"media": [Media(slot=0, kind="poll", title=texts[1][:60], extra=poll)]},
        {"text": texts[1], "markup": '[[{"text": "اقرأ / Open", "url": "https://x.test"}], [{"text": "Подробнее"}]]'},
        {"kind": "service", "action": orjson.dumps({"type": "chat_edit_title", "title": texts[0][:20]}).decode()},
        {"media": [Media(slot=0, kind="document", id="5", file_name="تقرير-final (1).pdf", size=92817)]},
    ]  # fmt: skip
    return [make_message(count + at, channel_id=channel_id, **fields) for at, fields in enumerate(more, 1)]


def _change(directory: Path) -> None:
    """An edit and a deletion in each channel, gaps, counters, and a saved query."""
    conn = connect(directory)
    for channel_id, _, _, texts, language in CHANNELS:
        conn.execute("UPDATE message SET lang = ? WHERE channel_id = ?", (language, channel_id))
        conn.execute(
            revision(1, NOW, texts[0].replace("12", "21").replace("'", "’") + " …").replace("1001", str(channel_id))
        )
        conn.execute(
            "UPDATE message SET revisions = 1, edit_date = ? WHERE channel_id = ? AND message_id = 1", (NOW, channel_id)
        )
        conn.execute(
            "UPDATE message SET missing_since = ?, missing_how = 'audit' WHERE channel_id = ? AND message_id = 2",
            (NOW + 5, channel_id),
        )
        conn.execute("INSERT INTO absence VALUES (?, 2, ?, 'audit', ?, NULL)", (channel_id, NOW + 5, NOW - 60))
        conn.executemany(
            "INSERT INTO counter VALUES (?, 1, ?, ?, ?, NULL, NULL)",
            [(channel_id, NOW + 3600 * at, 100 + at * at * 37, at) for at in range(30)],
        )
    conn.execute("INSERT INTO saved_query VALUES ('convoy', 'convoy · رتل', 'رتل OR колонна OR convoy', ?)", (NOW,))
    conn.close()
