"""A plan cadastral: the lot among its neighbours, measured, with north arrow, scale and title block."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registre.sandbox.documents.sheet import Sheet, Stroke, text_width
from registre.sandbox.foncier.holdings import names
from registre.sandbox.foncier.holdings.lot_history import grouped
from registre.sandbox.foncier.model import Plan, PlanVersion

_WIDTH: Final = 1224.0
_HEIGHT: Final = 792.0
_FONT: Final = "Helvetica"
_BOLD: Final = "Helvetica-Bold"
#: The drawing's frame; the title block is to the right of it.
_FRAME: Final = (36.0, 36.0, 880.0, 720.0)
_BLOCK_X: Final = 930.0

_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Corners of two rows of lots between two streets, in points."""

    corners: tuple[tuple[_Point, ...], ...]
    #: metres a point
    scale: float


def sheets(plan: Plan, version: PlanVersion, demande: str | None) -> list[Sheet]:
    """The plan's single page."""
    sheet = Sheet(_WIDTH, _HEIGHT)
    sheet.header = {"circonscription": plan.circonscription, "cadastre": plan.cadastre, "lot": plan.lot}
    sheet.header |= {"titre": version.titre, "date": version.date, "page": "1", "pages": "1"}
    if plan.designation_secondaire:
        sheet.header["designation_secondaire"] = plan.designation_secondaire
    pick = random.Random(f"plan {plan.circonscription}/{plan.cadastre}/{plan.lot}/{version.date}")
    scale = pick.choice((500, 750, 1000))
    sheet.box(24, 24, _WIDTH - 48, _HEIGHT - 48, line=1.6)
    sheet.box(*_FRAME, line=0.8)
    _title_block(sheet, plan, version, demande, scale, pick)
    _lots(sheet, plan, _grid(pick, scale), pick)
    _north(sheet, pick)
    _scale_bar(sheet, scale)
    return [sheet]


def shown_lot(lot: str) -> str:
    """Seven-digit lots print in groups."""
    return grouped(lot) if len(lot) >= 7 else lot


def _title_block(
    sheet: Sheet, plan: Plan, version: PlanVersion, demande: str | None, scale: int, pick: random.Random
) -> None:
    surname, first = names.person(pick).split(", ")
    surveyor = f"{names.titled(first)} {names.titled(surname)}"
    entries = [
        ("", "Registre foncier du Québec", 11),
        ("", "PLAN CADASTRAL", 17),
        ("", version.titre, 12),
        ("Lot :", shown_lot(plan.lot) + ("" if plan.actif else " (inactif)"), 14),
        ("Cadastre :", plan.cadastre, 10.5),
        ("Désignation secondaire :", plan.designation_secondaire or "", 10.5),
        ("Circonscription foncière :", plan.circonscription, 10.5),
        ("Date du plan :", version.date, 10.5),
        ("Échelle :", f"1 : {scale}", 10.5),
        ("Arpenteur-géomètre :", surveyor, 10.5),
        ("Minute :", grouped(str(pick.randint(300, 9800))), 10.5),
    ]
    if demande:
        entries.append(("Demande :", demande, 10.5))
    y = 48.0
    for label, value, size in entries:
        if not value:
            continue
        if label:
            y += 12
            sheet.text(_BLOCK_X, y, label, _FONT, 8, after=" ")
        y += size + 5
        sheet.text(_BLOCK_X, y, value, _BOLD, size)
        y += 9
        sheet.rule(_BLOCK_X - 6, y, _WIDTH - 32, y, 0.3)
    notes = (
        "Les mesures sont en mètres (SI).",
        "Les limites de l'immeuble sont en trait gras.",
        "Plan dressé d'après les titres et le bornage.",
    )
    sheet.text(_BLOCK_X, 640, "NOTES", _BOLD, 9)
    for rank, note in enumerate(notes):
        sheet.text(_BLOCK_X, 656 + rank * 14, note, _FONT, 8.5)


def _grid(pick: random.Random, scale: int) -> _Grid:
    columns, left, right = 5, 90.0, 860.0
    inner = [left + (right - left) * number / columns + pick.uniform(-26, 26) for number in range(1, columns)]
    cuts = (left, *inner, right)
    lean = pick.uniform(-34, 34)
    rows: list[tuple[_Point, ...]] = []
    for rank, y in enumerate((170.0, 390.0 + pick.uniform(-16, 16), 620.0)):
        tilt = pick.uniform(-12, 12)
        rows.append(tuple((x + lean * (1 - rank), y + tilt * number / columns) for number, x in enumerate(cuts)))
    return _Grid(tuple(rows), scale * 0.0254 / 72)


def _lots(sheet: Sheet, plan: Plan, grid: _Grid, pick: random.Random) -> None:
    columns = len(grid.corners[0]) - 1
    mine = (pick.randint(0, 1), pick.randint(1, columns - 2))
    around = _neighbours(plan.lot, 2 * columns, pick)
    _streets(sheet, grid, pick)
    for row in range(2):
        for column in range(columns):
            top, low = grid.corners[row], grid.corners[row + 1]
            shape = (top[column], top[column + 1], low[column + 1], low[column])
            ours = (row, column) == mine
            sheet.strokes.append(Stroke(shape, 2.4 if ours else 0.7, closed=True, fill=0.93 if ours else None))
            number = shown_lot(plan.lot) if ours else around[row * columns + column]
            x, y = sum(p[0] for p in shape) / 4, sum(p[1] for p in shape) / 4
            sheet.text(x, y, number, _BOLD if ours else _FONT, 15 if ours else 10.5, anchor="centre")
            area = f"{_area(shape) * grid.scale**2:.1f}".replace(".", ",")
            sheet.text(x, y + 18, f"S. {area} m²", _FONT, 8.5, anchor="centre")
            if ours:
                for start, end in zip(shape, (*shape[1:], shape[0]), strict=True):
                    _measure(sheet, start, end, (x, y), grid.scale)


def _neighbours(lot: str, count: int, pick: random.Random) -> list[str]:
    if lot.isdigit() and len(lot) >= 7:
        return [grouped(str(int(lot) + step)) for step in range(1, count + 1)]
    stem = int("".join(c for c in lot.partition("-")[0] if c.isdigit()) or "1")
    return [f"{stem + pick.randint(0, 2)}-{step + pick.randint(0, 3)}" for step in range(1, 4 * count, 4)]


def _streets(sheet: Sheet, grid: _Grid, pick: random.Random) -> None:
    for edge, offset in ((grid.corners[0], -52.0), (grid.corners[2], 52.0)):
        points = ((44.0, edge[0][1] + offset), (908.0, edge[-1][1] + offset))
        sheet.strokes.append(Stroke(points, 0.7, dash=(14, 4)))
        name = names.address(pick).split(", ")[1].upper()
        sheet.text(470, (points[0][1] + points[1][1]) / 2 - offset / 2 + 4, name, _FONT, 12, anchor="centre")


def _measure(sheet: Sheet, start: _Point, end: _Point, centre: _Point, scale: float) -> None:
    """Length and bearing of a side, written along it, inside the lot."""
    run, drop = end[0] - start[0], end[1] - start[1]
    length = f"{math.hypot(run, drop) * scale:.2f}".replace(".", ",")
    azimuth = math.degrees(math.atan2(run, -drop)) % 360
    label = f"{length} m  {int(azimuth)}°{int(azimuth % 1 * 60):02d}'"
    angle = math.degrees(math.atan2(-drop, run))
    if not -90 < angle <= 90:
        angle += 180
    turn = math.radians(angle)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    pull = 13 / math.hypot(centre[0] - middle[0], centre[1] - middle[1])
    x = middle[0] + (centre[0] - middle[0]) * pull
    y = middle[1] + (centre[1] - middle[1]) * pull
    half = text_width(label, _FONT, 8.5) / 2
    x += 3 * math.sin(turn) - half * math.cos(turn)
    y += 3 * math.cos(turn) + half * math.sin(turn)
    sheet.text(x, y, label, _FONT, 8.5, angle=angle)


def _area(shape: Sequence[_Point]) -> float:
    pairs = zip(shape, (*shape[1:], shape[0]), strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def _north(sheet: Sheet, pick: random.Random) -> None:
    x, y, turn = 78.0, 92.0, math.radians(pick.uniform(-40, 40))
    tip = (x + 30 * math.sin(turn), y - 30 * math.cos(turn))
    tail = (x - 30 * math.sin(turn), y + 30 * math.cos(turn))
    wing = (x + 9 * math.cos(turn), y + 9 * math.sin(turn))
    sheet.strokes.append(Stroke((tail, tip), 1.0))
    sheet.strokes.append(Stroke((tip, wing, (x, y)), 0.8, closed=True, fill=0.0))
    sheet.text(tip[0] + 6, tip[1] + 4, "N", _BOLD, 12)


def _scale_bar(sheet: Sheet, scale: int) -> None:
    ten = 10 * 72 / (scale * 0.0254)
    x, y = 90.0, 722.0
    for step in range(4):
        sheet.box(x + step * ten / 2, y, ten / 2, 5, fill=0.0 if step % 2 == 0 else 1.0)
    for step in range(3):
        sheet.text(x + step * ten, y + 18, str(step * 10), _FONT, 8.5, after=" ", anchor="centre")
    sheet.text(x + 2 * ten + 14, y + 18, "mètres", _FONT, 8.5)
