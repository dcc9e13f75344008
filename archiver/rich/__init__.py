"""Rich messages that the server shows in part: what their whole is, and the worker that asks for it.

A *part* is a message of which the server says that it shows only the beginning of its rich message; the *whole* is what
`messages.getRichMessage` answers. Both are contents of the same edit, and one revision.
"""
