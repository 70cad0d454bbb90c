"""Draws the ratios of a benchmark run as an SVG of bars, each with its goal as a line."""
import re

BAR, GAP, LEFT, WIDTH = 22, 14, 330, 420


def draw_ratios(rows):
    """`rows` as bench/run.py makes them; those without a ratio or with a goal in units are left
    out."""
    shown = [(name, against, ratio, goal) for name, _, _, against, _, ratio, goal in rows
             if ratio is not None and goal.endswith("x")]
    height = len(shown) * (BAR + GAP) + 60
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 120}" '
             f'height="{height}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>',
             '<text x="10" y="22" font-size="15">Holdfast against its goals (bar: measured, '
             'line: goal)</text>']
    for at, (name, against, ratio, goal) in enumerate(shown):
        target = float(re.search(r"[\d.]+", goal).group())
        at_least = goal.startswith(">=")
        reached = ratio >= target if at_least else ratio <= target
        top = 42 + at * (BAR + GAP)
        scale = WIDTH / (1.15 * max(ratio, target))
        colour = "#2e7d32" if reached else "#c62828"
        parts += [
            f'<text x="{LEFT - 8}" y="{top + 10}" text-anchor="end">{name}</text>',
            f'<text x="{LEFT - 8}" y="{top + 22}" text-anchor="end" fill="#777" '
            f'font-size="10">against {against}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{ratio * scale:.1f}" height="{BAR}" '
            f'fill="{colour}"/>',
            f'<line x1="{LEFT + target * scale:.1f}" x2="{LEFT + target * scale:.1f}" '
            f'y1="{top - 4}" y2="{top + BAR + 4}" stroke="black" stroke-width="2"/>',
            f'<text x="{LEFT + WIDTH + 8}" y="{top + 15}">{ratio:.2f}x ({goal})</text>',
        ]
    parts.append("</svg>\n")
    return "\n".join(parts)
