"""A bar chart of ratios as SVG: one bar for each case and peer, on a logarithmic scale, with a line at 1."""
import itertools
import math
from xml.sax.saxutils import escape

BAR, GAP, GROUP_GAP, TOP = 11, 3, 9, 64
LABELS, PLOT, RIGHT = 250, 460, 70
COLOURS = {"raw-aead": "#8c8c8c", "libssl": "#2f6db3", "gnutls": "#c7742b", "mbedtls": "#5a9a57",
           "haproxy": "#b0484f", "nginx": "#3f8f8f", "late": "#b59a2c", "signing": "#274f73",
           "nginx-signing": "#7d5ba6"}
OTHER = "#7d5fa5"


class Scale:
    def __init__(self, ratios):
        self.low = max(0.25, math.floor(min([0.5, *ratios]) * 2) / 2)  # what is below ends there
        self.high = max([2, *ratios]) * 1.05

    def x(self, ratio):
        return LABELS + PLOT * math.log(max(ratio, self.low) / self.low) / math.log(self.high / self.low)

    def ticks(self):
        return [tick for tick in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64) if self.low <= tick <= self.high]


def text(x, y, content, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(content)}</text>'


def bar(scale, y, row):
    zero, end = scale.x(1), scale.x(row["ratio"])
    colour = COLOURS.get(row["peer"], OTHER)
    yield (f'<rect x="{min(zero, end):.1f}" y="{y}" width="{max(abs(end - zero), 1):.1f}" height="{BAR}" '
           f'fill="{colour}"/>')
    yield text(max(zero, end) + 4, y + BAR - 2, f"{row['ratio']:.2f}")


def legend(peers):
    x = LABELS
    for peer in peers:
        yield f'<rect x="{x}" y="30" width="{BAR}" height="{BAR}" fill="{COLOURS.get(peer, OTHER)}"/>'
        yield text(x + BAR + 4, 39, peer)
        x += 90


def draw(rows):
    scale = Scale([row["ratio"] for row in rows])
    bars, y = [], TOP
    for (suite, case), group in itertools.groupby(rows, lambda row: (row["suite"], row["case"])):
        group = list(group)
        middle = y + (len(group) * (BAR + GAP) - GAP) / 2
        bars.append(text(LABELS - 10, middle + 4, f"{suite}/{case}", "end"))
        for row in group:
            bars.extend(bar(scale, y, row))
            y += BAR + GAP
        y += GROUP_GAP
    lines = []
    for tick in scale.ticks():
        x = scale.x(tick)
        lines.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{y}" '
                     f'stroke="{"#000" if tick == 1 else "#ddd"}"/>')
        lines.append(text(x, TOP - 12, f"{tick:g}", "middle"))
    width = LABELS + PLOT + RIGHT
    title = text(LABELS, 18, "What each peer needs, as a multiple of what Baton needs", extra='font-weight="bold"')
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 8}" viewBox="0 0 {width} {y + 8}" '
        'font-family="sans-serif" font-size="11">', '<rect width="100%" height="100%" fill="#fff"/>', title,
        *legend(dict.fromkeys(row["peer"] for row in rows)), *lines, *bars, "</svg>", ""])
