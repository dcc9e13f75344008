"""Meilisearch: the same protocol as the embedded engine, and the way to fill its index.

- `words`: how a term travels, so that Meilisearch cuts and folds nothing any more
- `document`: a message as a line of JSON; `settings`: of the index
- `node`: one server, its index, tasks and documents; `http`, `task`: what it says
- `filters`, `compile`: a question in Meilisearch's language, and which questions it can answer
- `admin`: what needs the master key; `remotes`: several nodes asked through one of them
- `engine`: answers questions, of one node or several; `routing`: which of several has a channel
"""

from __future__ import annotations
