"""The guess of a text's language: a label, never wrong about what letters say, silent when unsure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import language
from archiver.model.language import guess

TEXTS = [
    ("ar", "أعلنت وزارة الداخلية عن فتح الطريق الساحلي بعد إصلاح الجسر"),
    ("fa", "وزارت کشور از بازگشایی جاده ساحلی پس از تعمیر پل خبر داد"),
    ("ru", "Министерство сообщило об открытии прибрежной дороги после ремонта, объезды сняты"),
    ("uk", "Міністерство повідомило про відкриття прибережної дороги після ремонту мосту"),
    ("en", "The ministry announced that the coastal road was reopened after the bridge had been repaired"),
    ("fr", "Le ministère a annoncé la réouverture de la route côtière après la réparation du pont"),
    ("de", "Das Ministerium gab bekannt, dass die Küstenstraße nach der Reparatur der Brücke wieder offen ist"),
    ("es", "El ministerio anunció la reapertura de la carretera costera tras la reparación del puente"),
    ("it", "Il ministero ha annunciato la riapertura della strada costiera dopo la riparazione del ponte"),
    ("tr", "Bakanlık, köprünün onarılmasının ardından sahil yolunun yeniden açıldığını duyurdu"),
    ("he", "המשרד הודיע על פתיחת הכביש לאורך החוף לאחר תיקון הגשר"),
    ("zh", "交通部宣布大桥修复后沿海公路重新开放"),
    ("zh", "關於沿海公路重新開放公告交通部門宣布大橋修復工程全部完成車輛行人均可正常通行特此公告"),
    ("ja", "橋の修復後、海岸道路が再開されたと省が発表した"),
    ("ko", "교량 수리 후 해안 도로가 다시 개통되었다고 밝혔다"),
    ("th", "กระทรวงประกาศเปิดถนนเลียบชายฝั่งอีกครั้งหลังซ่อมสะพาน"),
    ("el", "Το υπουργείο ανακοίνωσε το άνοιγμα του παραλιακού δρόμου"),
    ("be", "Міністэрства паведаміла пра адкрыццё дарогі ўздоўж узбярэжжа"),
]


@pytest.mark.parametrize(("code", "text"), TEXTS)
def test_a_sentence_gets_its_language(code: str, text: str) -> None:
    assert guess(text) == code


@pytest.mark.parametrize(("code", "text"), TEXTS)
def test_links_mentions_hashtags_and_symbols_are_ignored(code: str, text: str) -> None:
    assert (
        guess(f"🔴🔴 @english_channel #breaking_news https://example.org/some/english/words {text} — 16:30 👍") == code
    )


@pytest.mark.parametrize(
    "text", ["", "ok", "👍👍🔴", "12.05.2021 16:30", "https://t.me/atlas_desk/1", "@atlas", "xkq zv"]
)
def test_a_text_that_is_too_short_or_no_language_has_none(text: str) -> None:
    assert guess(text) is None


@given(st.text())
def test_any_text_gives_two_letters_or_none(text: str) -> None:
    found = guess(text)
    assert found is None or (len(found) == 2 and found.islower() and found.isascii())
    assert guess(text) == found


@given(st.text(st.sampled_from("aBéжق国あ한 \n\u064b'’ʼ.,:-،_12²١/@#wWt.me?😀")))
def test_the_quick_way_to_the_words_finds_the_same_words(text: str) -> None:
    assert language._words(text) == language._NOISE.sub(" ", text).split()
