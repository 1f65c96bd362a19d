"""Every link inside the documentation leads somewhere, and every page can be reached."""

from collections import deque


def target_of(page, link, pages):
    """The page or file that *link* leads to, None where there is neither, and the anchor on it."""
    path, _, anchor = link.partition("#")
    if not path:
        return page, anchor
    there = (page.path.parent / path).resolve()
    known = {known.path: known for known in pages.values()}
    return known.get(there) or (there if there.exists() else None), anchor


def is_outside(link):
    return link.startswith(("https://", "http://", "mailto:"))


def broken_links(page, pages):
    for link in page.links:
        if is_outside(link):
            continue
        there, anchor = target_of(page, link, pages)
        if there is None:
            yield f"  {page.name}: {link} leads nowhere"
        elif anchor and anchor not in getattr(there, "anchors", ()):
            yield f"  {page.name}: {link} names no heading"


def reached_from(start, pages):
    seen, waiting = {start}, deque([start])
    while waiting:
        page = pages[waiting.popleft()]
        for link in page.links:
            there = None if is_outside(link) else target_of(page, link, pages)[0]
            name = getattr(there, "name", None)
            if name in pages and name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def test_every_link_leads_somewhere(pages):
    broken = [fault for page in pages.values() for fault in broken_links(page, pages)]
    assert not broken, "Mend these links, or write the page:\n" + "\n".join(broken)


def test_every_page_can_be_reached_from_the_readme(pages):
    lost = sorted(pages.keys() - reached_from("README.md", pages))
    assert not lost, "Link these pages from docs/index.md:\n" + "\n".join(f"  {name}" for name in lost)


def test_a_broken_link_is_caught(page, pages):
    made = page("[a](nowhere.md) [b](glossary.md#no-such-word) [c](#here)\n\n# There\n")
    assert len(list(broken_links(made, pages))) == 3


def test_a_good_link_is_left_alone(page, pages):
    made = page(
        "[a](glossary.md) [b](glossary.md#glossary) [c](#here-it-is) [d](../LICENSE)\n\n# Here, it *is*\n"
    )
    assert not list(broken_links(made, pages))
