"""Verification of the archive: every payload is parsed again and compared with everything derived from it.

`message` compares the rows of one message with its payload (`contents`, `names`) and with the log (`times`). `overview`
checks channels, log and coverage (`custody`); `findable`, `placed_terms` and `search_lines` check the search tables.
`work` is what one process does (`serving`), `run` distributes it over several (`processes`).
"""
