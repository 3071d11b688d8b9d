"""The order of versions: a text for each version, whose order as text is that of the versions.

A version is its runs of digits and of letters. Runs of digits compare as numbers, others as text in
lower case, and every other character separates one part from the next:

* `2.9` < `2.10`, and what goes on is more: `2.8` < `2.8.3` < `2.8.3b`, `15.2(7)E3` < `15.2(7a)E3`.
* A number is less than a word in its place: `12.1` < `12.1R1` < `12.1X46-D40`.
* What a word such as `rc` or `beta` announces comes before its release, and there identifiers
  compare as SemVer 2.0.0 has them, rule 11.4, but digits always as numbers, and `rc1` as `rc.1`:
  `1.0.0-alpha` < `1.0.0-alpha.1` < `1.0.0-beta.2` < `1.0.0-beta.11` < `1.0.0-rc.1` < `1.0.0`. A
  hyphen alone announces nothing: so makers also write what comes after a release (PAN-OS
  `10.2.3-h4`).
* `v`, `version` and the like before a number, leading zeros, and what follows a `+` (SemVer rule
  10) say nothing: `V2.8.3` and `2.08.3+build.5` are both 2.8.3. `1.2` and `1.2.0` are two.
"""

import re
from collections.abc import Iterator

CHARACTERS_MAX = 300
DIGITS_MAX = 99
PREFIX = re.compile(r"^(?:v|ver|version|rel|release|rev|revision|fw|firmware)[\s.:_-]*(?=\d)")
BUILD = re.compile(r"(?<=[0-9a-z])\+.*", re.DOTALL)
RUN = re.compile(r"(?P<number>[0-9]+)|(?P<word>[^\W\d_]+)|(?P<apart>(?:[\W_]|[^\W0-9_])+?)")
BEFORE_RELEASE = frozenset(
    {"alpha", "beta", "canary", "dev", "milestone", "nightly", "pre", "preview", "prerelease", "rc",
     "snapshot"}
)  # fmt: skip
# In the order of what may follow a run; all come before every letter of a word.
PRE, END, APART, NUMBER, WORD = "12345"


def order_key(version: str) -> str:
    """What `version` is ordered by, as text; equal for texts that mean the same version."""
    text = version[:CHARACTERS_MAX].strip().lower()
    return "".join(_marked(BUILD.sub("", PREFIX.sub("", text, count=1)))) + END


def _marked(text: str) -> Iterator[str]:
    begun = apart = pre = False
    for run in RUN.finditer(text):
        if run["apart"]:
            apart = begun
            continue
        announces = begun and not pre and run["word"] in BEFORE_RELEASE
        pre = pre or announces
        if announces:
            yield PRE
        elif apart or (pre and run["number"]):  # rc1 is rc.1
            yield APART
        yield _run(run["number"], run["word"])
        begun, apart = True, False


def _run(number: str | None, word: str | None) -> str:
    if number is None:
        return f"{WORD}{word}"
    digits = number.lstrip("0")[:DIGITS_MAX]
    return f"{NUMBER}{len(digits):02}{digits}"
