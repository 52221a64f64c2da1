"""The Gemini reader as the settings have it: opened at start, so that a bad model stops the process and not a page."""

from __future__ import annotations

from datetime import date

from registre.ocr.gemini import models
from registre.ocr.gemini.client import Client
from registre.ocr.gemini.reader import Calls, GeminiReader
from registre.settings import Settings


def open_reader(settings: Settings, calls: Calls, today: date) -> GeminiReader | None:
    """The reader, to be closed by its owner; None without GEMINI_API_KEY.

    Raises:
        ConfigurationError: GEMINI_MODEL is unknown or retired, or GEMINI_MODELS is no table; says what to set.
    """
    if settings.gemini_api_key is None:
        return None
    model = models.load(settings.gemini_models).usable(settings.gemini_model, today)
    return GeminiReader(Client(settings.gemini_api_key, model, base_url=settings.gemini_base_url), calls)
