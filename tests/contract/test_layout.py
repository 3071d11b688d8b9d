"""The tree is the diagram: budgets and shapes that a stranger may rely on."""

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("collector", "normalizer", "inventory", "alerting")
PACKAGES = {
    "runtime": ROOT / "services/runtime/isthmus/runtime",
    "simulators": ROOT / "simulators/isthmus/simulators",
    "demo": ROOT / "demo/isthmus/demo",
    **{name: ROOT / f"services/{name}/isthmus/{name}" for name in SERVICES},
}
NAMES = {"__init__", "__main__", "app", "settings", "handlers", "ports", "domain", "adapters", "api"}
FILE_LINES_MAX = 400
FUNCTION_LINES_MEDIAN_MAX = 8
RUNTIME_STATEMENTS_MAX = 600


def modules(package: str) -> list[Path]:
    return sorted(PACKAGES[package].rglob("*.py"))


def code_lines(path: Path) -> int:
    """Lines that hold code: no blank ones, no comments, no docstrings."""
    text = path.read_text()
    held: set[int] = set()
    ignored = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (*ignored, tokenize.ENDMARKER):
            held |= set(range(token.start[0], token.end[0] + 1))
    docs = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return len(held - docs)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_longer_than_a_reader_holds_in_mind(package: str) -> None:
    """400 lines; a folder is made when a file passes that, not before."""
    long = {p.name: n for p in modules(package) if (n := len(p.read_text().splitlines())) > 400}

    assert long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_half_of_the_functions_fit_in_eight_lines(package: str) -> None:
    """The median length of a function's body, docstring not counted."""
    lengths = [
        (node.end_lineno or 0) - body[0].lineno + 1
        for path in modules(package)
        for node in functions(path)
        if (body := node.body[1:] if ast.get_docstring(node) else node.body)
    ]

    assert statistics.median(lengths) <= FUNCTION_LINES_MEDIAN_MAX


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_names(service: str) -> None:
    """A file is absent or it is where you expect it; data folders hold no code."""
    folder = PACKAGES[service]
    code = {p.stem for p in folder.iterdir() if p.suffix == ".py" or any(p.glob("*.py"))}

    assert code <= NAMES
    assert {"__main__", "app", "settings", "handlers", "domain", "adapters"} <= code


@pytest.mark.parametrize("package", PACKAGES)
def test_each_module_says_its_purpose(package: str) -> None:
    """In the first sentence of its docstring; public classes too."""
    for path in modules(package):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_each_module_has_its_tests_at_the_mirrored_path(package: str) -> None:
    """`services/x/isthmus/x/domain/y.py` is tested by `tests/unit/x/domain/test_y.py`."""
    missing = []
    for path in modules(package):
        if path.stem in ("__init__", "__main__", "app", "ports") and package != "runtime":
            continue  # wiring and declarations: integration and contract tests run them
        if path.stem == "__init__":
            continue
        inner = path.relative_to(PACKAGES[package])
        mirrored = ROOT / "tests/unit" / package / inner.with_name(f"test_{inner.name}")
        elsewhere = ROOT / "tests/contract" / f"test_store_{package}.py"
        if not mirrored.exists() and not (path.stem in ("mongo", "client") and elsewhere.exists()):
            missing.append(str(inner))

    assert missing == []
