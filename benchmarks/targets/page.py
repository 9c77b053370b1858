"""The dashboard in a browser that has never seen it: what comes over the network, and when something is to be seen."""

import asyncio
from contextlib import ExitStack
from typing import Final

from playwright.async_api import Browser, async_playwright

from benchmarks.figures import OURS, REFERENCE, Figure, at_most, ratio, sample
from benchmarks.plan import Plan
from benchmarks.servers import Server, ours, theirs
from tests.support.browser import CHROMIUM, PHONE

TARGET: Final = 10
HEAVIEST_KB: Final = 26

LOADED: Final = """async () => {
  const paint = await new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
      const found = list.getEntriesByName("first-contentful-paint")[0];
      if (found) resolve(found.startTime);
    });
    observer.observe({ type: "paint", buffered: true });
  });
  const files = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return { paint, bytes: files.reduce((sum, file) => sum + file.encodedBodySize, 0) };
}"""


async def measure(plan: Plan) -> list[Figure]:
    if CHROMIUM is None:
        print("without Chromium: the page is not measured")
        return []
    weights: dict[str, list[float]] = {}
    paints: dict[str, list[float]] = {}
    with ExitStack() as stack:
        servers = {OURS: stack.enter_context(ours())}
        if plan.reference:
            servers[REFERENCE] = stack.enter_context(theirs(plan.reference))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for count in range(plan.rounds + 1):  # the first one only warms the browser
                for who, server in servers.items():
                    weight, paint = await _opened(browser, server)
                    if count:
                        weights.setdefault(who, []).append(weight / 1000)
                        paints.setdefault(who, []).append(paint)
            await browser.close()
    weighed, painted = ({who: sample(some) for who, some in each.items()} for each in (weights, paints))
    return [
        Figure(
            TARGET, "the page over the network", "kB", weighed, (at_most("of ours", weighed[OURS].median, HEAVIEST_KB),)
        ),
        Figure(
            TARGET,
            "first contentful paint",
            "ms",
            painted,
            (at_most("of the reference", ratio(painted, OURS, REFERENCE), 1),),
        ),
    ]


async def _opened(browser: Browser, server: Server) -> tuple[float, float]:
    """Open the page in a new profile: bytes of its files, packed, and milliseconds to the first paint."""
    context = await browser.new_context(viewport={"width": PHONE["width"], "height": PHONE["height"]})
    try:
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{server.port}/", wait_until="networkidle")
        async with asyncio.timeout(60):
            found = await page.evaluate(LOADED)
        return float(found["bytes"]), float(found["paint"])
    finally:
        await context.close()
