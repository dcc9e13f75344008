"""Meilisearch: the same engine protocol as the embedded engine, and the client that fills the index.

- `folding`: texts that its tokenizer would not read as telekeep does
- `document`: a message as a JSON line; `settings`: the settings of the index
- `node`: client of one server: index, tasks, documents; `http`, `task`: its responses
- `filters`, `compile`: a question as Meilisearch requests; which questions it can answer
- `admin`: calls that need the master key; `remotes`: querying several nodes through one
- `engine`: answers questions from one node or several; `routing`: which node holds a channel
"""

from __future__ import annotations
