"""`python -m isthmus.collector` runs the collector; its commands help to prepare a plant."""

import argparse
import sys

from isthmus.runtime.commands import dispatch

PROG = "python -m isthmus.collector"
SERVE = "isthmus.collector.app:serve"
EPILOG = "Without a command it reads the devices of one site, as the environment says."
CHECK = "say what is wrong with profiles (exit 1), or what one read by them sends"
PROBE = "read one target once, gently, and print what it said; writes nothing anywhere"
PROBE_MORE = """
Needs no Kafka. Credentials come from where the service has them: the file that
ISTHMUS_CREDENTIALS__FILE names, or ISTHMUS_CREDENTIAL_<NAME>. Every request goes through the same
line as those of the service, with the envelopes of profile and target, and never faster than two in
a second. What a zone says (pauses, windows, do-not-poll) stands on a topic and is not known here:
ask the plant first."""
TOUCHES = "write the touch ledger of a site as CSV: everything that was sent to each device"
TOUCHES_MORE = """
One line for each device, collector, interval and kind of request; an interval without a request is
one line, with the state that explains it. Times are ISO 8601; a time without an offset is UTC. The
broker is ISTHMUS_KAFKA__BOOTSTRAP_SERVERS."""


def parser() -> argparse.ArgumentParser:
    """Every command, with the function that runs it."""
    top = argparse.ArgumentParser(prog=PROG, description=__doc__, epilog=EPILOG)
    top.set_defaults(run=SERVE)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")

    profile = commands.add_parser("profile", help="check profiles, or print their schema")
    of_profile = profile.add_subparsers(required=True, title="commands", metavar="COMMAND")
    check = of_profile.add_parser("check", help=CHECK, description=CHECK)
    check.add_argument("files", nargs="+", metavar="FILE", help="profile, a YAML file")
    check.set_defaults(run="isthmus.collector.api.profiles:check")
    schema = of_profile.add_parser("schema", help="print the JSON Schema of profiles, for editors")
    schema.set_defaults(run="isthmus.collector.api.profiles:schema")

    probe = commands.add_parser("probe", help=PROBE, description=PROBE, epilog=PROBE_MORE)
    probe.add_argument("file", metavar="FILE", help="a target, or a list `targets:`, as seed files")
    probe.add_argument("targets", nargs="*", metavar="TARGET", help="which of them, by name")
    probe.add_argument("--profiles", metavar="FOLDER", help="look for profiles here first")
    probe.add_argument("--json", dest="as_json", action="store_true", help="print JSON")
    probe.add_argument(
        "--safety-controller", action="store_true", help="read it although it is one (IEC 61511)"
    )
    probe.set_defaults(run="isthmus.collector.api.probe:probe")

    touches = commands.add_parser("touches", help=TOUCHES, description=TOUCHES, epilog=TOUCHES_MORE)
    touches.add_argument("--site", required=True, help="site, as targets name it")
    touches.add_argument("--target", help="one target of the site; default all")
    touches.add_argument("--from", dest="since", metavar="TIME", help="first moment; default all")
    touches.add_argument("--to", dest="until", metavar="TIME", help="moment after the last")
    touches.set_defaults(run="isthmus.collector.api.touches:touches")
    return top


if __name__ == "__main__":
    dispatch(parser(), sys.argv[1:])
