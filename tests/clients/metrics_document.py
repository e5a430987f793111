"""The tables of docs/metrics.md, and the same of a scrape, to be compared."""

import re

from conftest import REPOSITORY

SERVED_MODELS = "Served models"
PROCESS = "Process"


def sections():
    """The document's text by the title of its sections."""
    text = (REPOSITORY / "docs" / "metrics.md").read_text()
    _, *rest = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2]))


def documented(titles):
    """Type and labels of each metric in the tables of these sections: name, type, labels, meaning."""
    told = sections()
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \|([^|]*)\|", "".join(told[title] for title in titles), re.MULTILINE)
    return {name: (kind.split()[0], set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def told(families):
    """The same of the families that the parser found. It takes `_total` from the names of counters."""
    names = {family.name + ("_total" if family.type == "counter" else ""): family for family in families}
    return {
        name: (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
        for name, family in names.items()
    }
