"""Write the raw tables of the made-up shop that the models in this repository read.

    python examples/retail/generate.py data/retail

The shop is part of the package, so that `pusher init` can write it too.
"""

from __future__ import annotations

from pusher.sample_data.__main__ import main

if __name__ == "__main__":
    main()
