from __future__ import annotations

import pytest

from archiver.cli.view.status_problems import Problem


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem(what="it is slow"), "it is slow"),
        (Problem(what="it is slow", advice="wait"), "it is slow; wait"),
        (Problem(what="It failed.", advice="nothing is lost"), "It failed. Nothing is lost"),
        (Problem(what="it stopped", advice="start it", command="telekeep run"), "it stopped; start it: telekeep run"),
        (Problem(what="it stopped", command="telekeep run"), "it stopped: telekeep run"),
    ],
)
def test_a_problem_is_one_sentence_with_the_command_at_its_end(problem: Problem, line: str) -> None:
    assert str(problem) == line
    *text, last = problem.draw()
    assert (last == f"    {problem.command}") == bool(problem.command)
    assert text or last.startswith("! ")
