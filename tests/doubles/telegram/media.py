"""Every kind of media that a channel's message can carry, with fitting files. All contents are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telethon.tl import types as tl

from tests.doubles.telegram.files import REFERENCE, File, Files
from tests.doubles.telegram.pictures import OUTLINE, Scene, stripped

_PHOTO_SIZES = {"m": 320, "x": 800, "y": 1280, "w": 2560}
_FILE_DATE = datetime(2021, 11, 1, tzinfo=UTC)
_MIB = 1 << 20


def plain(text: str) -> tl.TextWithEntities:
    return tl.TextWithEntities(text, [])


class Media:
    """Builders of MessageMedia. Give `file_id` where the same message must be built twice alike."""

    def __init__(self, files: Files) -> None:
        self._files = files

    # photos and documents

    def photo_object(
        self,
        width: int = 1280,
        height: int = 853,
        *,
        file_id: int = 0,
        dc: int = 2,
        size: int = 48_000,
        scene: Scene | None = None,
        content: str = "",
    ) -> tl.Photo:
        letters = [x for x, box in _PHOTO_SIZES.items() if box <= max(width, height)] or ["m"]
        sizes = {}
        for letter in letters:
            ratio = _PHOTO_SIZES[letter] / max(width, height)
            w, h = max(1, round(width * ratio)), max(1, round(height * ratio))
            sizes[letter] = (w, h, max(size * w * h // (width * height), 1200 + w * h // 200))
        file_id = file_id or self._files.new_id()
        file = self._files.add(File(file_id, "image/jpeg", sizes, dc, "photo", scene, content))
        shown: list[Any] = [tl.PhotoStrippedSize("i", stripped(scene or Scene(file.name), width, height))]
        shown += [tl.PhotoSize(letter, *sizes[letter]) for letter in letters[:-1]]
        w, h, largest = sizes[letters[-1]]
        shown.append(tl.PhotoSizeProgressive(letters[-1], w, h, [largest // 4, largest // 2, largest]))
        return tl.Photo(file.id, file.access_hash, REFERENCE, _FILE_DATE, shown, dc)

    def photo(
        self, width: int = 1280, height: int = 853, *, spoiler: bool = False, ttl: int | None = None, **kw: Any
    ) -> tl.MessageMediaPhoto:
        """`scene`, `size`, `dc`, `content`; `ttl`: it destroys itself."""
        photo = self.photo_object(width, height, **kw)
        return tl.MessageMediaPhoto(photo=photo, spoiler=spoiler or None, ttl_seconds=ttl)

    def document_object(
        self,
        name: str | None,
        mime: str,
        size: int,
        attributes: tuple[Any, ...] = (),
        *,
        file_id: int = 0,
        dc: int = 2,
        thumb: bool = False,
        outline: bool = False,
        scene: Scene | None = None,
        content: str = "",
    ) -> tl.Document:
        sizes = {"": (0, 0, size)} | ({"m": (320, 180, 6_000)} if thumb else {})
        file_id = file_id or self._files.new_id()
        file = self._files.add(File(file_id, mime, sizes, dc, "document", scene, content))
        named = [tl.DocumentAttributeFilename(name)] if name else []
        thumbs: list[Any] = [tl.PhotoPathSize("j", OUTLINE)] if outline else []
        if thumb:
            thumbs.append(tl.PhotoStrippedSize("i", stripped(scene or Scene(file.name), 320, 180)))
            thumbs.append(tl.PhotoSize("m", 320, 180, 6_000))
        return tl.Document(
            file.id,
            file.access_hash,
            REFERENCE,
            _FILE_DATE,
            mime,
            size,
            dc,
            [*attributes, *named],
            thumbs=thumbs or None,
        )

    def document(self, name: str = "report.pdf", mime: str = "application/pdf", size: int = 90_000, **kw: Any) -> Any:
        ttl = kw.pop("ttl", None)
        return tl.MessageMediaDocument(document=self.document_object(name, mime, size, **kw), ttl_seconds=ttl)

    def image_file(self, name: str = "scan.png", size: int = 70_000, **kw: Any) -> Any:
        sides = (tl.DocumentAttributeImageSize(1600, 1200),)
        return tl.MessageMediaDocument(document=self.document_object(name, "image/png", size, sides, **kw))

    def video(self, seconds: float = 42.0, name: str | None = "video.mp4", size: int = 260_000, **kw: Any) -> Any:
        attributes = (tl.DocumentAttributeVideo(seconds, 1280, 720, supports_streaming=True),)
        ttl = kw.pop("ttl", None)
        document = self.document_object(name, "video/mp4", size, attributes, thumb=True, **kw)
        return tl.MessageMediaDocument(document=document, video=True, ttl_seconds=ttl)

    def round(self, seconds: float = 12.0, size: int = 120_000, **kw: Any) -> Any:
        attributes = (tl.DocumentAttributeVideo(seconds, 384, 384, round_message=True),)
        document = self.document_object(None, "video/mp4", size, attributes, thumb=True, **kw)
        return tl.MessageMediaDocument(document=document, video=True, round=True)

    def voice(self, seconds: int = 17, size: int = 40_000, **kw: Any) -> Any:
        attributes = (tl.DocumentAttributeAudio(seconds, voice=True, waveform=bytes(range(63))),)
        document = self.document_object(None, "audio/ogg", size, attributes, **kw)
        return tl.MessageMediaDocument(document=document, voice=True)

    def audio(self, title: str = "Evening", performer: str = "The Quay", seconds: int = 201, **kw: Any) -> Any:
        attributes = (tl.DocumentAttributeAudio(seconds, title=title, performer=performer),)
        document = self.document_object("evening.mp3", "audio/mpeg", 150_000, attributes, **kw)
        return tl.MessageMediaDocument(document=document)

    def gif(self, **kw: Any) -> Any:
        attributes = (tl.DocumentAttributeVideo(3.0, 480, 270, nosound=True), tl.DocumentAttributeAnimated())
        document = self.document_object("loop.mp4", "video/mp4", 80_000, attributes, thumb=True, **kw)
        return tl.MessageMediaDocument(document=document)

    def sticker(self, alt: str = "🕊", **kw: Any) -> Any:
        attributes = (
            tl.DocumentAttributeImageSize(512, 512),
            tl.DocumentAttributeSticker(alt, tl.InputStickerSetEmpty()),
        )
        document = self.document_object("sticker.webp", "image/webp", 22_000, attributes, outline=True, **kw)
        return tl.MessageMediaDocument(document=document)

    # previews, polls, places, people

    def webpage(self, url: str, title: str, description: str, *, site: str = "Example", **kw: Any) -> Any:
        page = tl.WebPage(
            id=kw.pop("page_id", 0) or self._files.new_id(),
            url=url,
            display_url=url.split("://", 1)[-1],
            hash=0,
            type="article",
            site_name=site,
            title=title,
            description=description,
            photo=self.photo_object(800, 418, **kw),
        )
        return tl.MessageMediaWebPage(page)

    def webpage_pending(self, url: str) -> Any:
        return tl.MessageMediaWebPage(tl.WebPagePending(self._files.new_id(), _FILE_DATE, url))

    def poll(
        self, question: str, answers: dict[str, int], *, quiz: bool = False, closed: bool = False, poll_id: int = 0
    ) -> Any:
        options = [tl.PollAnswer(plain(text), bytes([48 + i])) for i, text in enumerate(answers)]
        votes = [
            tl.PollAnswerVoters(bytes([48 + i]), voters=n, recent_voters=[], correct=(quiz and i == 0) or None)
            for i, n in enumerate(answers.values())
        ]
        poll = tl.Poll(self._files.new_id(), plain(question), options, hash=0, quiz=quiz or None, closed=closed or None)
        return tl.MessageMediaPoll(poll, tl.PollResults(results=votes, total_voters=sum(answers.values())))

    def geo(self, lat: float = 31.99, long: float = 44.93) -> Any:
        return tl.MessageMediaGeo(tl.GeoPoint(long, lat, 0))

    def geo_live(self, lat: float = 31.99, long: float = 44.93) -> Any:
        return tl.MessageMediaGeoLive(tl.GeoPoint(long, lat, 0, accuracy_radius=20), 900, heading=90)

    def venue(self, title: str = "Old Quay Library", address: str = "1 Quay Street") -> Any:
        return tl.MessageMediaVenue(tl.GeoPoint(44.93, 31.99, 0), title, address, "foursquare", "v1", "library")

    def contact(self, first: str = "Sami", last: str = "Desk", phone: str = "9996610000") -> Any:
        return tl.MessageMediaContact(phone, first, last, "", 0)

    def dice(self, value: int = 4) -> Any:
        return tl.MessageMediaDice(value, "🎲")

    # the rare ones

    def game(self) -> Any:
        game = tl.Game(77, 78, "quay_run", "Quay Run", "Run along the quay", self.photo_object(640, 360))
        return tl.MessageMediaGame(game)

    def invoice(self) -> Any:
        return tl.MessageMediaInvoice("Print edition", "One year by post", "EUR", 4900, "start")

    def story(self, channel_id: int, story_id: int = 3) -> Any:
        return tl.MessageMediaStory(tl.PeerChannel(channel_id), story_id)

    def giveaway(self, channel_id: int) -> Any:
        return tl.MessageMediaGiveaway([channel_id], 5, datetime(2022, 1, 31, tzinfo=UTC), months=3)

    def giveaway_results(self, channel_id: int, launch_id: int) -> Any:
        until = datetime(2022, 1, 31, tzinfo=UTC)
        return tl.MessageMediaGiveawayResults(channel_id, launch_id, 2, 0, [9001, 9002], until, months=3)

    def paid(self, stars: int = 50) -> Any:
        preview = tl.MessageExtendedMediaPreview(w=1280, h=720)
        bought = tl.MessageExtendedMedia(self.photo(640, 480))
        return tl.MessageMediaPaidMedia(stars, [preview, bought])

    def todo(self) -> Any:
        items = [tl.TodoItem(1, plain("check the plate")), tl.TodoItem(2, plain("call the depot"))]
        return tl.MessageMediaToDo(tl.TodoList(plain("Desk, Thursday"), items))

    def unsupported(self) -> Any:
        return tl.MessageMediaUnsupported()

    def big_video(self, **kw: Any) -> Any:
        """Three parts of a megabyte and a little more: for readers that ask for parts."""
        return self.video(300.0, "long.mp4", 3 * _MIB + 12_345, **kw)
