"""Whether the archive is what was stored: each payload is read again, and all that was made of it is compared.

`message` compares the rows of one message with its payload (`contents`, `names`) and with the log (`times`); `overview`
checks channels, the log and the coverage (`custody`); `findable` and `search_lines` the search tables. `work` is what
one process does of it, `run` shares it out.
"""
