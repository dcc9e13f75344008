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
    ("uk", "Міністерство охорони здоровʼя повідомило про пʼять нових лікарень"),
    ("ru", "Власти города сказали, что мост после ремонта открыт только пешеходам"),
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


NEIGHBOURS = [
    "Министерството съобщи, че крайбрежният път е отворен отново, след като мостът беше ремонтиран, и може",
    "Министарство је саопштило да је обални пут поново отворен после поправке моста и да се може проћи само колима",
    "Het ministerie meldde dat de kustweg weer open is nadat de brug was hersteld of vervangen door de gemeente",
    "Die ministerie het gesê dat die kuspad weer oop is nadat die brug herstel is en die water gesak het",
    "Ministeriet oplyste at den kystvej der blev lukket efter stormen nu er åben igen og at broen er repareret",
    "Departementet meddelade att den kustväg som stängdes efter stormen nu är öppen igen och att bron är lagad",
    "Departementet opplyste at kystveien som ble stengt etter stormen nå er åpen igjen og at broen er reparert",
    "El ministeri va anunciar la reobertura de la carretera de les platges després de les obres del pont i una via",
    "O ministerio anunciou a reapertura da estrada da costa tras a reparación da ponte e mais unha vía para os veciños",
    "Ministerul a anunțat că drumul de coastă este din nou deschis după ce podul a fost reparat, iar mașinile au voie",
    "Nazirlik bildirdi ki, körpü təmir edildikdən sonra sahil yolu yenidən açılıb və bu yol daha çox olan maşınlar",
    "Ministerstwo poinformowało, że po naprawie mostu droga nadmorska jest znów otwarta, a objazdy ile trzeba",
    "Ministerstvo oznámilo, že pobřežní silnice je po opravě mostu opět otevřena a že ve městě se jezdí",
    "Kementerian mengumumkan bahwa jalan pantai dibuka kembali setelah jembatan diperbaiki dan air surut",
]


@pytest.mark.parametrize("text", NEIGHBOURS)
def test_a_related_language_is_not_taken_for_one_whose_words_are_known(text: str) -> None:
    assert language._by_words(text.lower()) is None


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("pl", "Lot z Los Angeles do Las Vegas został opóźniony"),
        ("id", "Lagu baru Florence and the Machine sudah rilis"),
        ("no", "Nytt album med Bob Marley and the Wailers ute nå"),
        ("ro", "The Beatles are cele mai multe fani din lume"),
        ("vi", "Tôi đọc tin trên The Guardian hôm nay, with the best of that"),
    ],
)
def test_names_in_another_language_do_not_decide(code: str, text: str) -> None:
    assert guess(text) == code


def test_common_words_decide_what_the_model_is_unsure_of() -> None:
    assert guess("a list of files together with their sums, and of the messages that they show") == "en"
    assert guess("und die Liste wird nicht") == "de"
    assert language._by_words("the list und wird nicht") is None


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
