"""The tree is the diagram: budgets and shapes that a stranger may rely on."""

import ast
import statistics
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
NAMES = {
    "__init__",
    "__main__",
    "app",
    "settings",
    "handlers",
    "ports",
    "domain",
    "adapters",
    "api",
}
FILE_LINES_MAX = 400
# Wiring and declarations: integration and contract tests run them.
WIRING = ("__main__", "app", "ports")
FUNCTION_LINES_MEDIAN_MAX = 8
RUNTIME_STATEMENTS_MAX = 620
# Commands that read a topic; services that keep state; the command that makes topics; who may use
# an API, and who listens to it.
LOADED_BY_FEW = (
    "access", "audience", "commands", "door", "extract", "guard", "limits", "openapi", "pages",
    "store", "tokens", "topics",
)  # fmt: skip
# Modules whose every line needs a real part.
TESTED_ELSEWHERE = {
    "runtime/publish.py": "integration/test_outage.py",
    "runtime/store.py": "integration/test_store.py",
    "runtime/extract.py": "integration/test_touches.py",
    "runtime/door/answers.py": "contract/test_store_access.py",
    "runtime/door/audit.py": "contract/test_store_access.py",
    "runtime/door/keys.py": "contract/test_store_access.py",
    "runtime/door/opening.py": "contract/test_store_access.py",
    "runtime/door/tenants.py": "contract/test_store_access.py",
    "demo/stack.py": "e2e/test_demo.py",
    "demo/store.py": "unit/demo/test_kafka.py",
    "inventory/adapters/books.py": "contract/test_store_books.py",
    "inventory/adapters/feed/causes.py": "contract/test_store_feed.py",
    "inventory/adapters/feed/rolls.py": "contract/test_store_feed.py",
    "inventory/adapters/feed/trail.py": "integration/test_feed.py",
    "inventory/adapters/finding/exporter.py": "unit/inventory/api/finding/test_exporter.py",
    "inventory/adapters/tables/imports.py": "contract/test_store_imports.py",
    "inventory/adapters/assets/store.py": "contract/test_store_inventory.py",
    "inventory/adapters/assets/conflicts.py": "contract/test_store_inventory.py",
    "inventory/adapters/assets/history.py": "contract/test_store_inventory.py",
    "inventory/adapters/assets/journal.py": "contract/test_store_inventory.py",
    "inventory/adapters/assets/policy.py": "contract/test_store_inventory.py",
    "inventory/adapters/assets/seen.py": "contract/test_store_directory.py",
    "inventory/adapters/custom_fields.py": "contract/test_store_custom_fields.py",
    "inventory/adapters/software.py": "contract/test_store_software.py",
    "inventory/api/money/answers.py": "unit/inventory/api/money/test_books.py",
    "inventory/handlers/custom_fields.py": "contract/test_store_custom_fields.py",
    "inventory/handlers/money/due.py": "contract/test_store_plans.py",
    "inventory/handlers/software.py": "contract/test_store_software.py",
    "inventory/handlers/tables/withdrawals.py": "contract/test_store_withdrawals.py",
    "inventory/adapters/relations.py": "contract/test_store_relations.py",
    "inventory/adapters/past_relations.py": "contract/test_store_past_relations.py",
    "inventory/adapters/sightings.py": "contract/test_store_relations.py",
    "inventory/adapters/finding/past.py": "contract/test_store_past.py",
    "inventory/adapters/finding/compiling.py": "contract/test_store_directory.py",
    "inventory/adapters/finding/facets.py": "contract/test_store_directory.py",
    "inventory/adapters/finding/saved.py": "contract/test_store_directory.py",
    "alerting/adapters/rules/store.py": "contract/test_store_rules.py",
    "alerting/adapters/notices/deliveries.py": "contract/test_store_notices.py",
    "alerting/adapters/alarms/mongo.py": "contract/test_store_alerting.py",
    "alerting/adapters/alarms/documents.py": "contract/test_store_alerting.py",
    "alerting/adapters/alarms/tail.py": "integration/test_alerting.py",
    "alerting/adapters/rules/sources.py": "contract/test_store_alerting.py",
    "alerting/adapters/quiet/reports.py": "contract/test_store_quiet.py",
    "alerting/adapters/quiet/slots.py": "contract/test_store_quiet.py",
    "alerting/adapters/quiet/windows.py": "contract/test_store_quiet.py",
}


def modules(package: str) -> list[Path]:
    return sorted(PACKAGES[package].rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def statements(path: Path) -> int:
    """Statements, without imports and docstrings."""
    return sum(
        isinstance(node, ast.stmt)
        and not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in ast.walk(ast.parse(path.read_text()))
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_longer_than_a_reader_holds_in_mind(package: str) -> None:
    """400 lines; a folder is made when a file passes that, not before."""
    long = {
        p.name: n
        for p in modules(package)
        if (n := len(p.read_text().splitlines())) > FILE_LINES_MAX
    }

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
        if path.stem == "__init__" or (path.stem in WIRING and package != "runtime"):
            continue
        if path.parent.name in WIRING:
            continue
        if not any(functions(path)):
            continue  # it declares and does nothing
        inner = f"{package}/{path.relative_to(PACKAGES[package])}"
        folder, _, name = f"unit/{inner}".rpartition("/")
        if not (ROOT / "tests" / TESTED_ELSEWHERE.get(inner, f"{folder}/test_{name}")).exists():
            missing.append(inner)

    assert missing == []


def test_the_runtime_stays_small() -> None:
    """What every service stands on: statements, because the formatter decides lines."""
    counted = {
        str(path): statements(path)
        for path in modules("runtime")
        if path.relative_to(PACKAGES["runtime"]).parts[0].removesuffix(".py") not in LOADED_BY_FEW
    }

    assert sum(counted.values()) <= RUNTIME_STATEMENTS_MAX, counted
