"""Good and bad signed files to prove the judges with.   usage: make_judge_samples.py UNSIGNED.pdf OUTDIR

Writes trust/root.pem, and: bb.pdf, bt.pdf, lta.pdf (good, by their PAdES level), flipped.pdf (a signed byte changed), broken-cms.pdf (the
signature container damaged), new-content.pdf (page content replaced after signing), new-annotation.pdf, cut.pdf (end missing), stranger.pdf
(good, but under another authority), wrong-timestamp.pdf (an archive time-stamp over other bytes).
"""
import datetime as dt
import io
import re
import sys
from pathlib import Path

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from throwaway_pki import ThrowawayPki

NAME = generic.NameObject


def sign(pdf, pki, level):
    meta = {"field_name": "Signature1", "md_algorithm": "sha256", "subfilter": fields.SigSeedSubFilter.PADES, "reason": "Examined"}
    if level in ("LT", "LTA"):
        meta.update(validation_context=pki.validation_context(), embed_validation_info=True, use_pades_lta=level == "LTA")
    out = io.BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)),
        signers.PdfSignatureMetadata(**meta),
        signer=pki.pyhanko_signer(),
        timestamper=None if level == "B" else pki.pyhanko_timestamper(),
        output=out,
    )
    return out.getvalue()


def update(pdf, change):
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def first_page(writer):
    """The first page's own dictionary and reference, however deep the page tree is."""
    return writer.find_page_for_modification(0)[0]


def replace_content(writer):
    stream = generic.StreamObject(stream_data=b"q 1 0 0 rg 100 100 200 200 re f Q")
    reference = first_page(writer)
    page = reference.get_object()
    page[NAME("/Contents")] = writer.add_object(stream)
    writer.mark_update(reference)


def add_annotation(writer):
    rectangle = generic.ArrayObject(map(generic.FloatObject, (100, 500, 400, 560)))
    note = generic.DictionaryObject(
        {
            NAME("/Type"): NAME("/Annot"),
            NAME("/Subtype"): NAME("/Square"),
            NAME("/Rect"): rectangle,
            NAME("/F"): generic.NumberObject(4),
            NAME("/Contents"): generic.pdf_string("Ten times the dose"),
        }
    )
    writer.register_annotation(first_page(writer), writer.add_object(note))


def first_byte_range(pdf):
    return tuple(map(int, re.search(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", pdf).groups()))


def flip_hex(pdf, at):
    changed = bytearray(pdf)
    changed[at] = ord("1") if changed[at] != ord("1") else ord("2")
    return bytes(changed)


def main():
    unsigned, out = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
    now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    begin, end = now - dt.timedelta(days=1), now + dt.timedelta(days=3650)
    pki = ThrowawayPki("Judges", "Dr. Example Signer", begin, end)
    stranger = ThrowawayPki("Strangers", "Dr. Unknown Signer", begin, end)
    (out / "trust").mkdir(parents=True, exist_ok=True)
    (out / "trust" / "root.pem").write_bytes(pki.root.pem())

    lta = sign(unsigned, pki, "LTA")
    gap = first_byte_range(lta)
    contents, signed_end = gap[0] + gap[1] + 1, gap[2] + gap[3]
    reason = lta.index(b"(Examined)")
    files = {
        "bb": sign(unsigned, pki, "B"),
        "bt": sign(unsigned, pki, "T"),
        "lta": lta,
        "flipped": lta[: reason + 1] + b"Exempted" + lta[reason + 9 :],
        "broken-cms": flip_hex(lta, contents + 7),
        "new-content": update(lta, replace_content),
        "new-annotation": update(lta, add_annotation),
        "cut": lta[:-2000],
        "stranger": sign(unsigned, stranger, "LTA"),
        # The end mark of the revision that only the archive time-stamp covers.
        "wrong-timestamp": flip_hex(lta, lta.index(b"%%EOF", signed_end) + 2),
    }
    for name, content in files.items():
        (out / f"{name}.pdf").write_bytes(content)


if __name__ == "__main__":
    main()
