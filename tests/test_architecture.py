"""The direction of imports, read from the source: arrows point at the core and never back."""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "component" / "vestibule"

STORAGE = ("sqlite3", "aiosqlite", "yoyo", "vestibule.store")
SHOWCASE = ("vestibule.sandbox", "vestibule.demo", "vestibule.bench")


def imports_of(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield line and full name of all that *module* imports; of ``from a import b``, ``a.b``."""
    home = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = ".".join(home.split(".")[: len(home.split(".")) - node.level + 1])
                base = f"{parent}.{base}".rstrip(".")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def tree_of(path: Path) -> ast.Module:
    """Parse the source at *path*; a syntax error then names it."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    """Say whether *name* is one of *packages* or stands inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def is_stdlib(name: str) -> bool:
    """Say whether *name* comes with Python."""
    return name.partition(".")[0] in sys.stdlib_module_names


def modules(package: str = "vestibule") -> Iterator[tuple[str, Path]]:
    """Yield name and file of each module inside *package*, or of the module so named."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        name = name.removesuffix(".__init__")
        if is_within(name, (package,)):
            yield name, path


def offences(package: str, may_import: Callable[[str], bool]) -> list[str]:
    """Return each import inside *package* that is not allowed, with its place."""
    return [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in modules(package)
        for line, imported in imports_of(tree_of(path), name, is_package=path.name == "__init__.py")
        if not may_import(imported)
    ]


def _core(name: str) -> bool:
    return (is_stdlib(name) and name != "sqlite3") or is_within(name, ("vestibule.core",))


def _store(name: str) -> bool:
    own = ("vestibule.core", "vestibule.store", "vestibule.errors")
    return is_stdlib(name) or is_within(name, (*own, "aiosqlite", "cachetools", "yoyo"))


@pytest.mark.parametrize(
    ("package", "may_import"),
    [
        pytest.param("vestibule.core", _core, id="core knows the standard library only"),
        pytest.param("vestibule.store", _store, id="store knows the core and its database"),
        pytest.param(
            "vestibule.desk",
            lambda name: not is_within(name, ("slixmpp", *STORAGE[:3])),
            id="desk knows neither XMPP nor SQL",
        ),
        pytest.param(
            "vestibule.xmpp",
            lambda name: not is_within(name, STORAGE),
            id="xmpp knows no storage",
        ),
    ],
)
def test_imports_point_inwards(package: str, may_import: Callable[[str], bool]) -> None:
    assert offences(package, may_import) == []


def test_only_the_command_line_shows_the_showcase() -> None:
    """``vestibule.cli`` may import it, but only inside a function: a server never loads it."""
    found = [
        f"{name}:{line} imports {imported}"
        for name, path in modules()
        if not is_within(name, SHOWCASE)
        for line, imported in _showcase_imports(name, path)
    ]

    assert found == []


def _showcase_imports(name: str, path: Path) -> Iterator[tuple[int, str]]:
    """Yield the imports of the showcase that *name* must not have."""
    tree = tree_of(path)
    if is_within(name, ("vestibule.cli",)):
        tree = without_functions(tree)
    for line, imported in imports_of(tree, name, is_package=path.name == "__init__.py"):
        if is_within(imported, SHOWCASE):
            yield line, imported


def without_functions(tree: ast.Module) -> ast.Module:
    """Strip *tree*, and return it, of what only runs when a function is called."""

    class _Emptied(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            """Take the function out."""

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
            """Take the function out."""

    _Emptied().visit(tree)
    return tree


def test_nobody_imports_the_checkout_as_a_package() -> None:
    """``import component.vestibule`` works in a checkout and doubles every class."""
    sources = [
        path
        for top in sorted(ROOT.iterdir())
        if top.is_dir() and not top.name.startswith(".")
        for path in sorted(top.rglob("*.py"))
    ]
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources
        for line, imported in imports_of(tree_of(path), "outside.module", is_package=False)
        if is_within(imported, ("component",))
    ]

    assert Path(__file__) in sources
    assert found == []
    assert not (PACKAGE.parent / "__init__.py").exists()


# -- a check that checks nothing is a defect ---------------------------------------------


def test_the_core_is_found() -> None:
    assert {"vestibule.core", "vestibule.core.decide", "vestibule.core.model"} <= {
        name for name, _ in modules("vestibule.core")
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import slixmpp", ["slixmpp"], id="a plain import"),
        pytest.param("import a.b as c, d", ["a.b", "d"], id="several at once"),
        pytest.param("from vestibule import store", ["vestibule.store"], id="a package by name"),
        pytest.param("from . import rules", ["vestibule.core.rules"], id="a sibling"),
        pytest.param("from ..store import x", ["vestibule.store.x"], id="a cousin"),
        pytest.param("def f():\n    import slixmpp", ["slixmpp"], id="a hidden import"),
        pytest.param("if TYPE_CHECKING:\n    import yoyo", ["yoyo"], id="an import for types"),
    ],
)
def test_imports_are_seen_however_they_are_written(source: str, expected: list[str]) -> None:
    found = imports_of(ast.parse(source), "vestibule.core.decide", is_package=False)

    assert expected == [name for _, name in found]


def test_a_relative_import_of_a_package_starts_at_itself() -> None:
    found = imports_of(ast.parse("from .model import Rule"), "vestibule.core", is_package=True)

    assert list(found) == [(1, "vestibule.core.model.Rule")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("datetime.datetime", True),
        ("vestibule.core.model", True),
        ("vestibule.core_of_evil", False),
        ("vestibule.store.ledger", False),
        ("sqlite3", False),
        ("slixmpp.JID", False),
    ],
)
def test_what_the_core_may_import(name: str, expected: bool) -> None:
    assert expected is _core(name)


def test_an_offence_is_named_with_its_place() -> None:
    found = offences("vestibule.core", lambda name: name != "enum.StrEnum")

    assert any(line.startswith("component/vestibule/core/model.py:") for line in found)


def test_imports_inside_functions_are_lazy() -> None:
    source = "import a\ndef f():\n    import b\nasync def g():\n    import c\n"
    remaining = imports_of(without_functions(ast.parse(source)), "m", is_package=False)

    assert [name for _, name in remaining] == ["a"]
