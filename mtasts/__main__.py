"""``python -m mtasts``."""

import sys

from mtasts.cli.main import main

sys.exit(main())
