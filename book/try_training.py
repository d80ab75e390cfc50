"""Train in Chromium what the page on LeNet-5 and its exercises ask readers to try, and keep what came out.

    python book/try_training.py

Writes cnnbook/widgets/training_tried.json, with the page's own script, from the digits of the package.
"""

import json
import subprocess
from pathlib import Path

from on_demand import read_digits
from pdf import launch
from playwright.sync_api import Page, sync_playwright

from cnnbook.widgets.training import TRIALS, TRIED, USUAL, train_lenet5
from cnncourse.check.lenet5 import IN_THE_PAGE, PAGE_SEEDS

ROOT = Path(__file__).resolve().parents[1]
TRAINER = ROOT / "book" / "_static" / "widgets" / "trainer.js"
NUMBERS = ("rate", "batch", "epochs", "seed")
# Each training in a worker of its own, all at once.
TRAIN = """([trials, given]) => {
  const train = ({ data: [settings, { train, pixels, labels }] }) => {
    const digits = { train, pixels: Uint8Array.from(pixels), labels: Uint8Array.from(labels) };
    const net = trainer().create(settings, digits);
    let loss = 0; // of the last epoch
    while (net.done() < net.updates && Number.isFinite(loss)) {
      if (net.done() % net.perEpoch === 0) loss = 0;
      loss += net.train() / net.perEpoch;
    }
    const { wrong, tested } = net.test();
    postMessage({ updates: net.done(), loss, error: wrong.length / tested });
  };
  const program = new Blob([`const trainer = ${window.cnnTrainer}; onmessage = ${train};`]);
  return Promise.all(trials.map((settings) => new Promise((done) => {
    const worker = new Worker(URL.createObjectURL(program));
    worker.onmessage = ({ data }) => done(data);
    worker.postMessage([settings, given]);
  })));
}"""


def settings_of(changed: dict[str, str]) -> dict:
    """The settings that the page hands to its worker, where these were chosen."""
    chosen = USUAL | changed
    numbers = {name: float(chosen[name]) for name in NUMBERS}
    return chosen | numbers | {"schedule": train_lenet5().data["schedules"][chosen["schedule"]]}


def exercises() -> list[tuple[dict[str, str], int]]:
    """The trials that the exercises ask for, each once."""
    asked = {
        tuple(sorted(settings.items())) for trials in IN_THE_PAGE.values() for settings in trials.values()
    }
    return [(dict(settings), seed) for settings in sorted(asked) for seed in PAGE_SEEDS]


def tried(page: Page, trials: list[tuple[dict[str, str], int]]) -> list[dict]:
    """Train trials in a page with the trainer's script."""
    settings = [settings_of(changed | {"seed": str(seed)}) for changed, seed in trials]
    train, pixels, labels = read_digits()
    digits = {"train": train, "pixels": pixels.ravel().tolist(), "labels": labels.tolist()}
    results = page.evaluate(TRAIN, [settings, digits])
    return [
        {"changed": changed, "seed": seed, **result}
        for (changed, seed), result in zip(trials, results, strict=True)
    ]


def main() -> None:
    """Train, and write what came out with the browser and the commit it was made by."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        page.set_default_timeout(0)
        page.add_script_tag(path=TRAINER)
        made: dict = {"browser": f"Chromium {browser.version}", "commit": commit.stdout.strip()}
        made["trials"] = tried(page, [(changed, seed) for changed, seeds in TRIALS for seed in seeds])
        made["exercises"] = tried(page, exercises())
        TRIED.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
        browser.close()


if __name__ == "__main__":
    main()
