"""`python -m archiver` is `telekeep`."""

from __future__ import annotations

from archiver.cli.__main__ import main

if __name__ == "__main__":
    main()
