"""Chromium without a window, by Selenium: what the looks share."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"  # Debian's, which fit each other


class Browser:
    """A page as somebody sees it, and what the browser says of it."""

    def __init__(self, chrome: Chrome) -> None:
        self.chrome = chrome

    def look_as(self, width: int, height: int, scheme: str = "light", media: str = "", phone: bool = False) -> None:
        """`scheme`: light or dark, as the system prefers; `media`: "" for the screen, or print."""
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone})
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, address: str) -> None:
        self.complaints(), self.requests()  # of the page before
        self.chrome.get(address)

    def complaints(self) -> list[str]:
        """What the console got since the last call: errors and warnings."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.chrome.get_log("browser")
                if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """Addresses that were asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.chrome.get_log("performance")]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]

    def ask(self, script: str) -> object:
        return self.chrome.execute_script(f"return {script}")

    def picture(self, path: Path, whole: bool = True) -> None:
        """Of the whole page, or of what fits into the window."""
        shot = self.chrome.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path: Path) -> None:
        """As it is printed on paper of A4."""
        sheet = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False}
        path.write_bytes(base64.b64decode(self.chrome.execute_cdp_cmd("Page.printToPDF", sheet)["data"]))


@contextmanager
def open_browser() -> Iterator[Browser]:
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)  # no sandbox: for root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=Service(DRIVER))
    chrome.set_script_timeout(300)
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()
