"""What a message is found by is what its row shows."""

from __future__ import annotations

from archiver.model.document import to_document
from tests.sample import entities, make_message, photo


def test_links_of_text_media_and_buttons_are_found_by_their_domains() -> None:
    markup = '[[{"text":"go","type":"url","url":"https://www.Example.org/go"},{"text":"like","type":"callback"}]]'
    document = to_document(
        make_message(
            1,
            "see t.me/a",
            entities=entities(("url", 4, 6)),
            media=(photo(), photo(1, kind="webpage", url="https://a.example.com/x")),
            markup=markup,
        )
    )
    assert document.domains == ("t.me", "a.example.com", "example.org")
    assert document.has_link
    assert to_document(make_message(2, markup=markup)).domains == ("example.org",)
    assert not to_document(make_message(3, "plain", media=(photo(),))).has_link
