#!/usr/bin/env python3
"""Checks a report's page without a browser, and prints its text, a line for each piece of it.

    html_check.py PAGE

The page must be well-formed as XML and as HTML, ask nothing of the network, run nothing, and be accessible.
"""
import html.parser
import pathlib
import re
import sys
import xml.etree.ElementTree

# What may be closed at once, as HTML reads it: elements that are void, and those of SVG.
CLOSED = {"meta", "img", "input", "line", "polyline", "polygon", "circle", "rect", "path"}


class Parser(html.parser.HTMLParser):
    """That every element is closed where it should be, as a browser reads it."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in CLOSED, tag

    def handle_endtag(self, tag):
        expected = self.open.pop()
        assert expected == tag, f"<{expected}> is closed by </{tag}>"


def main():
    source = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    parser = Parser()
    parser.feed(source)
    parser.close()
    assert parser.open == [], parser.open

    root = xml.etree.ElementTree.fromstring(source)
    elements = list(root.iter())
    ids = [e.get("id") for e in elements if e.get("id")]
    assert len(ids) == len(set(ids)), "an id stands twice"
    for e in elements:
        assert e.tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}, e.tag
        for name, value in e.attrib.items():
            assert not name.startswith("on"), name
            if name == "src":
                assert value.startswith("data:image/png;base64,"), value
            if name == "href":
                assert value.startswith("#") and value[1:] in ids, value
            if name in {"aria-labelledby", "aria-describedby"}:
                assert set(value.split()) <= set(ids), value
        style = e.text if e.tag == "style" else e.get("style", "")
        for url in re.findall(r"url\((.*?)\)", style or ""):
            assert url.startswith("#") and url[1:] in ids, url
        assert "@import" not in (style or "")
        if e.tag == "img":
            assert e.get("alt") is not None and e.get("width") and e.get("height")
        if e.tag == "th":
            assert e.get("scope") in {"col", "colgroup", "row", "rowgroup"}, e.get("scope")
        if e.tag == "table":
            assert e.find("caption") is not None and e.find("thead") is not None
        if e.tag == "svg":
            assert e.get("aria-hidden") == "true" or (e.get("role") == "img" and e.find("title") is not None)
        if e.tag == "input":
            assert e.get("type") == "checkbox" and [x for x in elements if x.get("for") == e.get("id")]
        if e.tag == "figure":
            assert e.find("figcaption") is not None
    levels = [int(e.tag[1]) for e in elements if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1, levels
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels
    assert root.get("lang") and root.find("head/title").text

    print(f"charts {sum(e.tag == 'svg' and e.get('role') == 'img' for e in elements)}")
    print(f"images {sum(e.tag == 'img' for e in elements)}")
    for e in elements:
        if e.tag in {"title", "desc", "dd", "h1", "h2", "h3", "figcaption", "tr", "li", "code"}:
            print(e.tag + ": " + " ".join("|".join(e.itertext()).split()))


if __name__ == "__main__":
    main()
