"""The heading of a list of channels, in the languages of the people who keep lists. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_ADDRESS = """
    address handle handles href link links nick nickname t.me telegram tg url urls uri user username usernames
    adresse adresses canal canaux chaîne chaînes identifiant lien liens nom pseudo utilisateur
    benutzername kanal kanäle kanaladresse verweis dirección enlace enlaces usuario canales endereço ligação utilizador
    collegamento indirizzo canale canali utente bağlantı adres kullanıcı kanallar nazwa użytkownik odnośnik kanały
    gebruikersnaam koppeling kanalen
    адрес адреса канал каналы канала каналов ник никнейм ссылка ссылки юзернейм имя логин
    канали каналу посилання нікнейм логін
    القناة قناة القنوات قنوات الرابط رابط روابط المعرف معرف معرّف المعرّف العنوان اسم يوزر
    کانال کانالها لینک لینکها آدرس نشانی شناسه آیدی پیوند نام
    频道 頻道 链接 鏈接 連結 網址 网址 用户名 用戶名 地址 名称 名稱 チャンネル リンク ユーザー名 채널 링크
    κανάλι κανάλια σύνδεσμος διεύθυνση όνομα ערוץ ערוצים קישור כתובת שם odkaz kanál csatorna hivatkozás legătură
    channel channels name names id ids channel_id channelid
"""
_OTHER = """
    title titles note notes comment comments description number no nr no. # language country region topic category
    subscribers members date added contact email phone owner
    titre note remarque remarques commentaire langue pays région sujet numéro abonnés contact catégorie date
    titel bemerkung bemerkungen anmerkung notiz notizen sprache land thema nummer kontakt
    título nota notas comentario idioma país tema número contacto
    название заголовок примечание примечания заметка заметки комментарий язык страна тема номер № контакт описание
    назва примітка примітки мова країна тема номер коментар опис
    العنوان ملاحظة ملاحظات اللغة البلد الموضوع الرقم رقم تعليق الوصف
    عنوان یادداشت توضیح توضیحات زبان کشور موضوع شماره ردیف
    标题 標題 备注 備註 说明 說明 语言 語言 国家 國家 编号 編號 序号 序號
"""
_NOT_HEADING = re.compile(r"://|@|\.me/|[0-9]{3}")
_ADDRESS_WORDS = frozenset(_ADDRESS.casefold().split())
_WORDS = _ADDRESS_WORDS | frozenset(_OTHER.casefold().split())
_FIRST = ("username", "usernames", "handle", "link", "links", "url", "urls", "t.me", "address")
"""Headings that are preferred to others for the column of addresses: a `name` may be a title."""


def is_heading(cells: Sequence[str]) -> bool:
    """Whether these cells are headings of columns: all with a known word, or at least two of them."""
    filled = [_split(cell) for cell in cells if cell.strip()]
    known = [words for words in filled if not _WORDS.isdisjoint(words)]
    return bool(known) and (len(known) == len(filled) or len(known) >= 2)


def find_address_columns(cells: Sequence[str]) -> list[int]:
    """The columns that may have the addresses by their headings, the likeliest first."""
    found = [at for at, cell in enumerate(cells) if not _ADDRESS_WORDS.isdisjoint(_split(cell))]
    return sorted(found, key=lambda at: (_FIRST_WORDS.isdisjoint(_split(cells[at])), at))


def _split(cell: str) -> list[str]:
    """The words of a cell, and all of it; none if it cannot be a heading."""
    if _NOT_HEADING.search(cell):
        return []
    text = unicodedata.normalize("NFKC", cell).casefold()
    text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return [word for word in (part.strip(".:*\"'()[]") for part in re.split(r"[\s/_-]+", text)) if word] + (
        [text.strip()] if text.strip() else []
    )


_FIRST_WORDS = frozenset(_FIRST)
