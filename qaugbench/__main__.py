"""``python -m qaugbench`` is ``qaugbench``."""

from qaugbench.cli import main

main()
