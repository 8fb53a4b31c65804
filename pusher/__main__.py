"""`python -m pusher`."""

from __future__ import annotations

from pusher.cli import main

main()
