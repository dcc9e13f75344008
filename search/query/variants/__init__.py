"""Other ways to write a word of a question that its keys do not lead to, one module a writing. Pure.

`search/query/widen.py` puts them together. They are found when a question is asked and cost the messages nothing.
"""

from __future__ import annotations
