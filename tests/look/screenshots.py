"""Opens pages in a browser as readers do, keeps pictures of them, and says what is wrong with them.

    .venv-look/bin/python tests/look/screenshots.py --out FOLDER PAGE.html...

Each page is seen light, dark, on a phone, and printed. It asks for nothing but itself, has the console say nothing, fits
into the width, changes with the reader's scheme, and axe-core finds no fault in it: neither in contrast nor in what a
screen reader needs. Exit code 1 if one of these is otherwise.
"""

import argparse
import sys
from pathlib import Path

from axe_core_python.selenium import Axe
from browser import Browser, open_browser

VIEWS = {
    "light": {"width": 1280, "height": 900},
    "dark": {"width": 1280, "height": 900, "scheme": "dark"},
    "phone": {"width": 390, "height": 844, "phone": True},
    "print": {"width": 794, "height": 1123, "media": "print"},  # A4 at 96 pixels an inch
}
PICTURE_WITHOUT_WORDS = "document.body.appendChild(document.createElement('img')).src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='"


def name_of(page: Path) -> str:
    """Two runs may both have a report."""
    return f"{page.parent.name}-{page.stem}"


def faults_by_axe(browser: Browser) -> list[str]:
    """A line for each place at which a rule of axe-core is broken."""
    violations = Axe().run(browser.chrome)["violations"]
    return [f"{rule['id']}: {rule['help']}: {node['html'][:200]}" for rule in violations for node in rule["nodes"]]


def faults_of_view(browser: Browser, page: Path, view: str) -> list[str]:
    browser.look_as(**VIEWS[view])
    browser.open(page.as_uri())
    faults = [f"asks for {address[:100]}" for address in browser.requests()
              if address != page.as_uri() and not address.startswith("data:")]
    faults += browser.complaints()
    overhang = browser.ask("document.documentElement.scrollWidth") - VIEWS[view]["width"]
    if overhang > 0:
        faults.append(f"is {overhang} pixels too wide")
    faults += faults_by_axe(browser)
    return [f"{page}, {view}: {fault}" for fault in faults]


def faults_of_page(browser: Browser, page: Path, out: Path) -> list[str]:
    faults, backgrounds = [], {}
    for view in VIEWS:
        faults += faults_of_view(browser, page, view)
        backgrounds[view] = browser.ask("getComputedStyle(document.body).backgroundColor + "
                                        "getComputedStyle(document.documentElement).backgroundColor")
        browser.picture(out / f"{name_of(page)}-{view}.png")
    browser.pdf(out / f"{name_of(page)}.pdf")
    if backgrounds["light"] == backgrounds["dark"]:
        faults.append(f"{page}: looks the same in light and dark")
    return faults


def require_that_axe_sees(browser: Browser, page: Path) -> None:
    """No fault found may also mean that nothing was looked at: a picture without words for it has to be found."""
    browser.look_as(**VIEWS["light"])
    browser.open(page.as_uri())
    browser.ask(PICTURE_WITHOUT_WORDS)
    if not any(fault.startswith("image-alt:") for fault in faults_by_axe(browser)):
        sys.exit("screenshots.py: axe-core does not find a picture without alt; its silence says nothing.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE.html")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pages = [page.resolve() for page in options.pages]
    with open_browser() as browser:
        require_that_axe_sees(browser, pages[0])
        faults = [fault for page in pages for fault in faults_of_page(browser, page, options.out)]
    print("\n".join(faults) or f"{len(pages)} pages in {len(VIEWS)} views each: no faults. Pictures are in {options.out}.")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
