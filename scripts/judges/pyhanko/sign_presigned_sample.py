"""Signs a PDF the way another hospital's system would have: PAdES B-LT under a throw-away authority whose keys die with this process.

usage: sign_presigned_sample.py UNSIGNED.pdf SIGNED.pdf ROOT.pem
"""
import datetime as dt
import io
import sys
import time
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation.dss import DocumentSecurityStore
from throwaway_pki import ThrowawayPki


def main():
    unsigned, signed, root = map(Path, sys.argv[1:4])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    end = dt.datetime(2040, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc)
    pki = ThrowawayPki("Phòng khám Minh Hoạ Hai", "BS. Lê Thị Thí Dụ", begin, end)
    output = io.BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(unsigned.read_bytes())),
        signers.PdfSignatureMetadata(
            field_name="BacSi", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, reason="Giới thiệu khám chuyên khoa"
        ),
        signer=pki.pyhanko_signer(),
        timestamper=pki.pyhanko_timestamper(),
        output=output,
    )
    time.sleep(2)  # revocation lists prove something about a signature only when they are younger than it
    signature = PdfFileReader(output).embedded_regular_signatures[0]
    DocumentSecurityStore.add_dss(
        output,
        signature.pkcs7_content,
        certs=[holder.asn1_certificate() for holder in (pki.signer, pki.tsa, pki.issuing, pki.root)],
        crls=pki.crls(),
    )
    signed.write_bytes(output.getvalue())
    root.write_bytes(pki.root.pem())


if __name__ == "__main__":
    main()
