"""What every service stands on: application, settings, topics, codec, consumer, telemetry."""

from importlib.metadata import version

VERSION = version("isthmus-runtime")
