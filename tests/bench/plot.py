#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Pare developers
# SPDX-License-Identifier: MIT
"""Usage: plot.py RESULTS.json [--doc FILE] [--svg FILE]

Writes what bench.py measured into docs/benchmarks.md, between the markers `<!-- bench:NAME -->` and
`<!-- /bench:NAME -->`, and draws docs/benchmarks.svg: seconds of each conversion beside
llama-quantize and cp. Parts that the results lack stay as they are.
"""
import argparse
import html
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DOCS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs")

# The least that is wanted: llama-quantize's seconds / ours; and the most, ours / cp's.
WANTED = {"q4_k_m": (8, None), "q5_k_m": (5, None), "q6_k": (5, None), "iq4_xs": (15, None),
          "q8_0": (1.5, 1.3), "q4_0": (1.5, 1.3), "bf16": (1.5, 1.3), "q8_0 q4_k_m q6_k": (8, None)}
WANTED_KERNELS = {"q4_k": 12, "q6_k": 8, "iq4_xs": 20}
WANTED_TINY = 2
WANTED_MIB = 256
ACTS = {"encode": "encode", "encode_importance": "with importance", "decode": "decode"}
STAGES = ("hash", "read", "decode", "encode", "measure", "write", "sync", "verify", "total")


# ---- Markdown ------------------------------------------------------------------------------------

def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|---|" + "--:|" * (len(headings) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(value, digits=2):
    return "–" if value is None else "%.*f" % (digits, value)


def figure(value):
    """Three digits that count."""
    if value is None:
        return "–"
    return "%.*f" % (0 if value >= 99.95 else 1 if value >= 9.995 else 2 if value >= 0.9995 else 3,
                     value)


def where(part):
    m = part["machine"]
    return ("Measured on %s: %d cores of %s, %d GiB of memory, Linux %s, %s; %s; Pare %s."
            % (m["date"], m["cores"], m["cpu"], m["memory_gib"], m["kernel"], m["system"],
               m["build"], m["pare"]))


def wrap(text, width=100):
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)


def is_pare(command):
    return command["command"].startswith("pare ")


def recipes(command):
    return command["command"].split(" ", 1)[1]


def time_section(part, svg):
    rows = []
    for c in part["commands"]:
        if not is_pare(c):
            continue
        faster, slower = WANTED.get(recipes(c), (None, None))
        rows.append([recipes(c), number(c.get("llama")), "%s (%s to %s)"
                     % (number(c["seconds"]), number(c["least"]), number(c["greatest"])),
                     number(c.get("of_llama"), 1), "≥ %g" % faster if faster else "",
                     number(c["of_cp"]), "≤ %g" % slower if slower else "",
                     number(c["cpu"]), number(c["peak"], 0)])
    plain = ["`%s` %s s" % (c["command"], number(c["seconds"])) for c in part["commands"]
             if c["command"].startswith("cp")]
    return "\n\n".join([
        wrap(where(part)),
        wrap("A synthetic Llama model of {:,} bytes (F16 weights, normally distributed), in the "
             "page cache; {} threads; medians of {} rounds, in each of which all commands run in "
             "turn (least to greatest). {}.".format(part["bytes"], part["threads"], part["runs"],
                                                    ", ".join(plain))),
        "![Seconds of each conversion](%s)" % os.path.basename(svg),
        table(["recipe", "llama-quantize, s", "pare, s", "times as fast", "wanted", "against `cp`",
               "wanted", "CPU, s", "peak, MiB"], rows)])


def stages_section(part, _):
    rows = [[recipes(c)] + [number(c["stages"].get(s)) for s in STAGES]
            for c in part["commands"] if is_pare(c)]
    return table(["recipe"] + list(STAGES[:-1]) + ["total (wall)"], rows)


def costs_section(part, _):
    rows = [["`%s`" % r["options"] if r["options"] else "all of it", number(r["seconds"]),
             number(r["cpu"]), number(r["of_full"])] for r in part["rows"]]
    return "\n\n".join([
        wrap(where(part)), wrap("Q4_K_M with %d threads, medians of %d rounds; wanted: digests and "
                                "figures together at most 10 %% of all."
                                % (part["threads"], part["runs"])),
        table(["", "seconds", "CPU, s", "of the first"], rows)])


def kernels_section(part, _):
    rows = [[k["encoding"], ACTS[k["act"]], k["level"], figure(k["ggml"] / 1e6),
             figure(k["pare"] / 1e6), number(k["ratio"], 1),
             "≥ %g" % WANTED_KERNELS[k["encoding"]]
             if k["encoding"] in WANTED_KERNELS and k["act"] == "encode" else ""]
            for k in part["kernels"]]
    return "\n\n".join([
        wrap(where(part)), "Million weights a second on one thread, medians of %d rounds."
        % part["runs"],
        table(["encoding", "", "kernel", "ggml", "pare", "times as fast", "wanted"], rows)])


def rate(kernel, act, key, scale):
    return figure(kernel[act][key] * scale) if kernel and kernel[act] else "–"


def levels_section(part, _):
    one = [k for k in part["kernels"] if k["threads"] == 1
           and not k["plugin"].startswith("example-")]
    levels = list(dict.fromkeys(k["level"] for k in one))
    rows = []
    for name in dict.fromkeys(k["encoding"] for k in one):
        mine = {k["level"]: k for k in one if k["encoding"] == name}
        best = list(mine.values())[-1]
        rows.append([name] + [rate(mine.get(level), act, "weights_per_second", 1e-6)
                              for act in ACTS for level in levels]
                    + [rate(best, act, "of_copy", 1) for act in ACTS])
    copies = ", ".join("%.1f GB/s with %d thread%s"
                       % (c["bytes_per_second"] / 1e9, c["threads"], "s" * (c["threads"] > 1))
                       for c in part["copies"])
    return "\n\n".join([
        wrap(where(part)),
        wrap("Million weights a second on one thread, by level; and bytes a second of the last "
             "level (floats and codes) against a memory copy (%s, read and written)." % copies),
        table(["encoding"] + ["%s, %s" % (text, level) for text in ACTS.values()
                              for level in levels]
              + ["%s / copy" % text for text in ACTS.values()], rows)])


def tiny_section(part, _):
    return wrap("{:,} bytes to Q4_K_M, {} threads, medians of {} rounds: {:.3f} s as one tensor, "
                "{:.3f} s as {:,} tensors; the latter takes {:.2f} times as long (wanted: ≤ {:g})."
                .format(part["bytes"], part["threads"], part["runs"], part["one"], part["many"],
                        part["tensors"], part["ratio"], WANTED_TINY))


def flood_section(part, _):
    return table(["{:,} models".format(part["models"]), "queued, 1/s", "converted, 1/s"],
                 [[r["what"], number(r["queued"], 0), number(r["converted"], 0)]
                  for r in part["rows"]])


def memory_section(part, _):
    return table(["source", "bytes", "seconds", "peak memory, MiB (wanted: ≤ %d)" % WANTED_MIB],
                 [[r["source"], "{:,}".format(r["bytes"]), number(r["seconds"], 1),
                   number(r["peak"], 0)] for r in part["rows"]])


SECTIONS = (("time", "conversions", time_section), ("stages", "conversions", stages_section),
            ("costs", "costs", costs_section), ("kernels", "kernels", kernels_section),
            ("levels", "levels", levels_section), ("tiny", "tiny", tiny_section),
            ("flood", "flood", flood_section), ("memory", "memory", memory_section))


def update(text, results, svg):
    """The page with the sections of the parts that were measured."""
    for name, part, write in SECTIONS:
        if part not in results:
            continue
        marked = re.compile("(<!-- bench:%s -->\n).*?(<!-- /bench:%s -->)" % (name, name), re.S)
        if len(marked.findall(text)) != 1:
            sys.exit("plot: the page has no place for `%s`, or several" % name)
        said = write(results[part], svg)
        text = marked.sub(lambda m: m[1] + said + "\n" + m[2], text)
    return text


# ---- SVG -----------------------------------------------------------------------------------------

LEFT, WIDTH, RIGHT, BAR, GAP, TOP = 150, 520, 230, 15, 14, 64
COLOURS = {"llama-quantize": "#9aa4b2", "pare": "#2563c9", "cp": "#c2410c"}


def text_at(x, y, words, anchor="start", more=""):
    return ('<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>'
            % (x, y, anchor, more, html.escape(words)))


def bar(y, width, colour):
    return ('<rect x="%d" y="%.1f" width="%.1f" height="%d" rx="2" fill="%s"/>'
            % (LEFT, y, max(width, 1), BAR, colour))


def legend():
    out, x = [], LEFT
    for name, colour in COLOURS.items():
        out.append('<rect x="%d" y="36" width="12" height="12" fill="%s"/>' % (x, colour))
        out.append(text_at(x + 18, 47, name))
        x += 40 + 8 * len(name)
    return out


def group(y, command, scale):
    """The two bars of a conversion, and what they say."""
    label = recipes(command).upper().split(" ")
    out = [text_at(LEFT - 10, y + BAR + 5, label[0] if len(label) == 1 else
                   "%d at once" % len(label), "end", ' font-weight="600"')]
    said = "%.2f s" % command["seconds"]
    if command.get("llama"):
        out += [bar(y, command["llama"] * scale, COLOURS["llama-quantize"]),
                text_at(LEFT + command["llama"] * scale + 6, y + 12, "%.2f s" % command["llama"])]
        said += ", %.1f × as fast" % command["of_llama"]
    said += ", %.2f × cp" % command["of_cp"]
    out += [bar(y + BAR + 2, command["seconds"] * scale, COLOURS["pare"]),
            text_at(LEFT + command["seconds"] * scale + 6, y + BAR + 14, said)]
    return out


def draw(part):
    commands = [c for c in part["commands"] if is_pare(c)]
    copy = next(c["seconds"] for c in part["commands"] if c["command"] == "cp")
    scale = WIDTH / max(max(c["seconds"], c.get("llama") or 0) for c in commands)
    step = 2 * BAR + 2 + GAP
    height, width = TOP + step * len(commands) + 16, LEFT + WIDTH + RIGHT
    title = ("Seconds to convert %.0f MB of F16, %d threads"
             % (part["bytes"] / 1e6, part["threads"]))
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
           'font-family="system-ui, sans-serif" font-size="13" fill="#1f2937">'
           % (width, height, width, height),
           "<title>%s</title>" % html.escape(title),
           '<rect width="%d" height="%d" fill="#ffffff"/>' % (width, height),
           text_at(LEFT, 22, title, more=' font-size="16" font-weight="600"')]
    out += legend()
    for i, command in enumerate(commands):
        out += group(TOP + step * i, command, scale)
    x = LEFT + copy * scale
    out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-width="1.5" '
               'stroke-dasharray="4 3"/>' % (x, TOP - 8, x, height - 12, COLOURS["cp"]))
    return "\n".join(out + ["</svg>", ""])


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("--doc", default=os.path.join(DOCS, "benchmarks.md"))
    parser.add_argument("--svg", default=os.path.join(DOCS, "benchmarks.svg"))
    o = parser.parse_args()
    with open(o.results, encoding="utf-8") as f:
        results = json.load(f)
    with open(o.doc, encoding="utf-8") as f:
        page = update(f.read(), results, o.svg)
    write(o.doc, page)
    if "conversions" in results:
        write(o.svg, draw(results["conversions"]))


if __name__ == "__main__":
    main()
