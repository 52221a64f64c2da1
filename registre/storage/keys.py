"""Keys of objects: ASCII only, because some S3 back ends refuse accents."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit
from uuid import UUID

from registre.domain.request import DocumentKind, Target
from registre.domain.text import slug

#: Buckets of the existing contract.
BUCKETS = {
    DocumentKind.INDEX: "index",
    DocumentKind.ACTE: "actes",
    DocumentKind.PLAN: "plans-cadastraux",
}


def staging_key(charge_id: UUID) -> str:
    """Where a purchase's bytes land first. Fixed by the charge, so that a crash can look there."""
    return f"staging/{charge_id}.pdf"


def object_key(sha256: str) -> str:
    """The one place of these bytes; the same bytes twice are one object."""
    return f"objects/{sha256[:2]}/{sha256}.pdf"


def readable_key(target: Target, sha256: str) -> tuple[str, str]:
    """Bucket and key that a person can read; the hash keeps two versions of one index apart."""
    parts = [slug(target.number), slug(target.circonscription)]
    if target.cadastre:
        parts.append(slug(target.cadastre))
    if target.designation_secondaire:
        parts.append(slug(target.designation_secondaire))
    return BUCKETS[target.kind], f"{'_'.join(parts)}_{sha256[:12]}.pdf"


def stored_key(path: str, kind: DocumentKind) -> str:
    """bucket/key of a `supabase_path`, in any of the forms the old system wrote: bucket/key, key alone, full address.

    An address is read from after `/object/` (`public` and `sign` dropped), without its query.
    """
    if "://" in path:
        path = urlsplit(path).path.partition("/object/")[2]
        for mode in ("public/", "sign/", "authenticated/"):
            path = path.removeprefix(mode)
        return unquote(path)
    return path if "/" in path else f"{BUCKETS[kind]}/{path}"


def snapshot_key(job_id: UUID, fence: int, suffix: str) -> str:
    """What the screen looked like when a try failed."""
    return f"snapshots/{job_id}/{fence:04d}.{suffix}"
