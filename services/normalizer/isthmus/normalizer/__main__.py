"""`python -m isthmus.normalizer`: run the service."""

import sys

from isthmus.normalizer.app import build
from isthmus.normalizer.settings import Settings
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import load

try:
    build(load(Settings)).run()
except IsthmusError as error:
    sys.exit(str(error))
