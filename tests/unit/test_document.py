"""What a message is found by is what its row shows."""

from __future__ import annotations

from archiver.model.document import to_document
from search.exact.terms import entry
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
    assert list(document.hosts_of(document.all_links())) == ["t.me", "a.example.com", "example.org"]
    assert document.has_link
    assert to_document(make_message(2, markup=markup)).links == ("https://www.Example.org/go",)
    assert not to_document(make_message(3, "plain", media=(photo(),))).has_link


def test_every_word_that_people_read_around_a_message_is_a_text_of_its_own() -> None:
    message = make_message(
        1,
        "body",
        media=(
            photo(kind="poll", title="Which?", extra='{"answers":[],"quiz":true,"solution":"because of the stamp"}'),
        ),
        markup='[[{"text":"Read on","type":"url","url":"https://example.org"},{"text":"Vote","type":"callback"}],[]]',
        reply_to='{"reply_to_msg_id":7,"quote":true,"quote_text":"the quoted part"}',
        extra='{"factcheck":{"_":"FactCheck","country":"DE","text":{"text":"The picture is from 2014"},"hash":"1"}}',
        restriction='[{"platform":"ios","reason":"terms","text":"Blocked"},{"platform":"all","reason":"x","text":"Blocked"}]',
    )
    assert to_document(message).extra == (
        "Which?", "because of the stamp", "The picture is from 2014", "Read on", "Vote", "the quoted part", "Blocked",
    )  # fmt: skip
    assert "because of the stamp :: the picture is from 2014 :: read on :: vote" in entry(to_document(message)).line


def test_what_service_messages_say_is_found_and_their_names_and_codes_are_not() -> None:
    def said(action: str) -> tuple[str, ...]:
        return to_document(make_message(1, kind="service", action=action)).extra

    assert said('{"type":"custom_action","message":"You allowed this bot"}') == ("You allowed this bot",)
    assert said('{"type":"gift_code","slug":"x1","message":{"text":"For you","entities":[]}}') == ("For you",)
    assert said('{"type":"topic_edit","title":"News","closed":false}') == ("News",)
    assert said(
        '{"type":"poll_append_answer","answer":{"_":"PollAnswer","text":{"text":"Perhaps"},"option":"MA=="}}'
    ) == ("Perhaps",)
    assert said('{"type":"pin_message"}') == ()
