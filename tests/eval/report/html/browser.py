#!/usr/bin/env python3
"""A report's page in headless Chromium, in a frame of any width, light and dark.

    browser.py check PAGE                        fails where the page does not look right (see WRAPPER)
    browser.py screenshot PAGE OUT WIDTH HEIGHT [dark]

Leaves with status 77 and a reason where there is no Chromium.
"""
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# The narrowest window of Chromium is wider than a telephone, so the page stands in a frame; the script
# looks into the frame, for the page itself allows none.
WRAPPER = """<!DOCTYPE html><meta charset="utf-8">
<style>body {{ margin: 0 }} iframe {{ border: 0; width: {width}px; height: {height}px }}</style>
<iframe src="{page}"></iframe><pre id="found"></pre>
<script>
function luminance(rgb) {{
  const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}}
function numbers(colour) {{ return colour.match(/[0-9.]+/g).map(Number); }}
function background(view, node) {{
  for (; node; node = node.parentElement) {{
    const rgba = numbers(view.getComputedStyle(node).backgroundColor);
    if (rgba.length == 3 || rgba[3] == 1) return rgba.slice(0, 3);
  }}
  return [255, 255, 255];
}}
window.onload = () => {{
  const view = document.querySelector("iframe").contentWindow, page = view.document, found = [];
  const say = text => found.push(text);
  const root = page.documentElement;
  if (root.scrollWidth > {width}) {{
    say(`the page is ${{root.scrollWidth}} wide`);
    for (const node of page.querySelectorAll("main *, header *")) {{
      const right = node.getBoundingClientRect().right;
      if (right > {width} && !node.closest(".scroll"))
        say(`  ${{node.tagName}}.${{node.className}} ends at ${{right}}`);
    }}
  }}
  for (const image of page.images) {{
    if (image.naturalWidth != 32 || image.naturalHeight != 32) say("an image is not decoded");
    const box = image.getBoundingClientRect();
    if (Math.abs(box.width - box.height) > 0.5 || box.width < 32)
      say(`an image is shown ${{box.width}} x ${{box.height}}`);
  }}
  for (const svg of page.querySelectorAll("svg[role=img]")) {{
    const box = svg.getBoundingClientRect();
    if (!svg.getClientRects().length) continue;  // not chosen
    if (box.width < 250 || box.height < 150) say(`a chart is ${{box.width}} x ${{box.height}}`);
    const texts = [...svg.querySelectorAll("text")].map(text => text.getBoundingClientRect());
    texts.forEach((a, i) => {{
      if (a.left < box.left || a.right > box.right || a.top < box.top || a.bottom > box.bottom) {{
        say(`${{svg.querySelector("title").textContent}}: text ${{i}} is cut off`);
      }}
      if (a.height < 9) say(`text of a chart is ${{a.height}} high`);
      texts.slice(0, i).forEach((b, k) => {{
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (x > 0 && y > 3) say(`${{svg.querySelector("title").textContent}}: texts ${{k}} and ${{i}} overlap`);
      }});
    }});
  }}
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {{
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || parent.closest("title, desc")) continue;
    if (!parent.getClientRects().length) continue;
    const style = view.getComputedStyle(parent);
    const [a, b] = [parent.namespaceURI.endsWith("svg") ? style.fill : style.color, null].map(
        c => c && luminance(numbers(c)));
    const c = luminance(background(view, parent));
    const contrast = (Math.max(a, c) + 0.05) / (Math.min(a, c) + 0.05);
    if (contrast < 4.5) say(`"${{walker.currentNode.data}}" has a contrast of ${{contrast.toFixed(2)}}`);
    ++texts;
  }}
  page.querySelectorAll("input.show").forEach((box, i) => {{
    const label = page.querySelector(`label[for=${{box.id}}]`);
    for (const checked of [!box.checked, box.checked]) {{
      label.click();
      const parts = [...page.querySelectorAll(`.choice-${{i + 1}}`)];
      if (!parts.length || box.checked != checked) say(`${{box.id}} does nothing`);
      if (parts.some(part => (view.getComputedStyle(part).display != "none") != checked))
        say(`what ${{box.id}} chooses is not shown or hidden`);
    }}
  }});
  const dark = luminance(background(view, page.body)) < 0.2;
  document.getElementById("found").textContent = JSON.stringify(
      {{found, dark, texts, images: page.images.length, charts: page.querySelectorAll("svg[role=img]").length}});
}};
</script>
"""


def chromium():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        print("Chromium is not installed", file=sys.stderr)
        sys.exit(77)
    return found


def run(page, width, height, dark, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        wrapper = pathlib.Path(folder) / "wrapper.html"
        url = html.escape(page.resolve().as_uri())
        wrapper.write_text(WRAPPER.format(width=width, height=height, page=url), encoding="utf-8")
        command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--allow-file-access-from-files", f"--user-data-dir={folder}/profile",
                   f"--window-size={max(width, 500)},{height}",
                   f"--blink-settings=preferredColorScheme={0 if dark else 1}", *arguments, wrapper.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"Chromium failed:\n{done.stderr}")
        return done.stdout


def check(page):
    failed = False
    for width in (400, 1280):
        for dark in (False, True):
            dom = run(page, width, 900, dark, "--dump-dom")
            match = re.search(r'<pre id="found">(.*?)</pre>', dom, re.S)
            if not match or not match[1]:
                sys.exit("the page was not measured")
            result = json.loads(html.unescape(match[1]))
            scheme = "dark" if dark else "light"
            print(f"{width} {scheme}: {result['texts']} texts, {result['images']} images, {result['charts']} charts")
            if result["dark"] != dark:
                result["found"].append("the scheme is not followed")
            for line in result["found"]:
                print(f"{width} {scheme}: {line}")
                failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    command, page = sys.argv[1], pathlib.Path(sys.argv[2])
    if command == "check":
        check(page)
    elif command == "screenshot":
        out, width, height = sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
        run(page, width, height, "dark" in sys.argv[6:], f"--screenshot={out}")
    else:
        sys.exit(__doc__)
