"""A poll's questions and results.

A partial result (`min`) says less than an earlier full one: it is marked, so that the archive can keep the fuller one.
See https://core.telegram.org/api/poll.
"""

from __future__ import annotations

from typing import Any

from archiver.convert.canonical import base64_text, present
from archiver.convert.peers import known_peer
from archiver.convert.text import entity_list


def poll_identity(poll: Any) -> list[object]:
    """Question and answers; votes and closing do not change the content."""
    return [
        str(poll.id),
        poll.question.text,
        [[answer.text.text, base64_text(answer.option)] for answer in poll.answers],
    ]


def poll_extra(poll: Any, results: Any) -> dict[str, Any]:
    """All fields specific to a poll; `answers` in the poll's own order."""
    voters = {answer.option: answer for answer in getattr(results, "results", None) or ()}
    return {
        "answers": [_answer(answer, voters.get(answer.option)) for answer in poll.answers],
        **present(
            total_voters=getattr(results, "total_voters", None),
            min=getattr(results, "min", None),
            closed=poll.closed,
            quiz=poll.quiz,
            multiple_choice=poll.multiple_choice,
            public_voters=poll.public_voters,
            open_answers=poll.open_answers,
            revoting_disabled=poll.revoting_disabled,
            shuffle_answers=poll.shuffle_answers,
            hide_results_until_close=poll.hide_results_until_close,
            subscribers_only=poll.subscribers_only,
            close_period=poll.close_period,
            close_date=poll.close_date,
            countries_iso2=poll.countries_iso2,
            question_entities=_entities(poll.question.entities),
            solution=getattr(results, "solution", None),
            solution_entities=_entities(getattr(results, "solution_entities", None)),
        ),
    }


def _answer(answer: Any, result: Any) -> dict[str, object]:
    return present(
        option=base64_text(answer.option),
        text=answer.text.text,
        entities=_entities(answer.text.entities),
        voters=getattr(result, "voters", None),
        correct=getattr(result, "correct", None),
        added_by=known_peer(answer.added_by),
        date=answer.date,
    )


def _entities(entities: Any) -> list[dict[str, object]] | None:
    return entity_list(entities) if entities else None
